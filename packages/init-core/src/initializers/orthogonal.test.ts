import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WarmstartError } from "../errors.js";
import { ksStatistic } from "../random/ks.fixture.js";
import { deltaOrthogonal, orthogonal } from "./orthogonal.js";

const read = async (make: () => tf.Tensor) => {
  const tensor = tf.tidy(make);
  const values = await tensor.data();
  tensor.dispose();
  return values;
};
/** Distance of the smaller Gram matrix from gain² times the identity. */
const defect = async (kernel: tf.Tensor, gain: number) => {
  const [rows, columns] = [kernel.size / kernel.shape.at(-1)!, kernel.shape.at(-1)!];
  const worst = await read(() => {
    const matrix = tf.reshape(kernel, [rows, columns]);
    const gram = rows < columns ? tf.matMul(matrix, tf.transpose(matrix)) : tf.matMul(tf.transpose(matrix), matrix);
    return tf.max(tf.abs(tf.sub(gram, tf.mul(gain ** 2, tf.eye(Math.min(rows, columns))))));
  });
  kernel.dispose();
  return worst[0]!;
};
/** A column is uniform on the sphere of R⁵, so an entry has density ∝ 1 − t², and its square is Beta(1/2, 2). In R³ an entry is uniform. */
const cdf = (t: number) => (2 + 3 * t - t ** 3) / 4;
const block = (kernel: tf.Tensor, gate: number) => tf.slice(kernel as tf.Tensor2D, [0, gate * 16], [16, 16]);
const failure = (f: () => unknown) => {
  try {
    f();
  } catch (error) {
    return WarmstartError.isInstance(error) ? `${error.code} ${error.message}` : String(error);
  }
  return "no error";
};

describe("orthogonal", () => {
  it("has orthonormal columns, or rows where these are fewer, to 1e-5", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.integer(), async (rows, columns, seed) => {
        expect(await defect(orthogonal({ seed }).apply([rows, columns]), 1)).toBeLessThan(1e-5);
      }),
      { seed: 3, numRuns: 20 },
    );
    for (const shape of [[256, 256], [3, 3, 16, 64], [3, 3, 16, 200], [1, 5], [5, 1]]) expect(await defect(orthogonal({ seed: 1 }).apply(shape), 1), String(shape)).toBeLessThan(1e-5);
  });

  it("scales by the gain", async () => {
    expect(await defect(orthogonal({ gain: 3, seed: 1 }).apply([20, 30]), 3)).toBeLessThan(9e-5);
  });

  it("makes each gate orthogonal by itself when told, which one wide matrix is not", async () => {
    const gated = orthogonal({ gates: 4, seed: 2 }).apply([16, 64]);
    const whole = orthogonal({ seed: 2 }).apply([16, 64]);
    for (let gate = 0; gate < 4; gate++) {
      expect(await defect(block(gated, gate), 1)).toBeLessThan(1e-5);
      expect(await defect(block(whole, gate), 1)).toBeGreaterThan(0.1);
    }
    const blocks = [0, 1].map((gate) => read(() => block(gated, gate)));
    expect(await blocks[0]).not.toEqual(await blocks[1]);
    tf.dispose([gated, whole]);
  });

  it("is Haar distributed: an entry of a 5×5 matrix follows its law, and not that of a 3×3 one", async () => {
    const corner = [];
    const last = [];
    for (let seed = 0; seed < 1500; seed++) {
      const values = await read(() => orthogonal({ seed }).apply([5, 5]));
      corner.push(values[0]!);
      last.push(values[24]!);
    }
    for (const entries of [corner, last]) {
      expect(ksStatistic(entries, cdf)).toBeLessThan(1.95);
      expect(ksStatistic(entries, (t) => (t + 1) / 2)).toBeGreaterThan(3);
      expect(ksStatistic(entries.map(Math.abs), cdf)).toBeGreaterThan(3); // what a QR without the sign correction gives: one sign only
    }
  });

  it("refuses vectors, gates that do not divide, and a gain that is no number", () => {
    expect(failure(() => orthogonal().apply([4]))).toContain("SHAPE_MISMATCH orthogonal: a kernel has at least two axes, this shape is [4]");
    expect(failure(() => orthogonal({ gates: 4 }).apply([4, 6]))).toContain("SHAPE_MISMATCH orthogonal: the last axis of [4,6] cannot be divided into 4 gates");
    expect(failure(() => orthogonal({ gain: NaN }))).toContain("INVALID_OPTION orthogonal: gain must be a finite number");
    expect(failure(() => orthogonal({ gates: 1.5 }))).toContain("INVALID_OPTION orthogonal: gates must be a positive integer");
  });
});

describe("deltaOrthogonal", () => {
  it.each([[[3, 3, 6, 8]], [[4, 5, 6, 6]], [[7, 3, 5]], [[3, 3, 3, 2, 4]]])("keeps the norm of what %j convolves", async (shape) => {
    const kernel = deltaOrthogonal({ seed: 1 }).apply(shape);
    const inputs = shape.at(-2)!;
    const ratio = await read(() => {
      const window = shape.length - 2;
      const x = tf.randomNormal([2, ...Array.from({ length: window }, () => 6), inputs], 0, 1, "float32", 4);
      const y =
        window === 1 ? tf.conv1d(x as tf.Tensor3D, kernel as tf.Tensor3D, 1, "same") : window === 2 ? tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, "same") : tf.conv3d(x as tf.Tensor5D, kernel as tf.Tensor5D, 1, "same");
      return tf.div(tf.sum(tf.square(y), -1), tf.sum(tf.square(x), -1)); // at every position
    });
    kernel.dispose();
    expectClose(ratio, Array.from(ratio, () => 1), 1e-5);
  });

  it("is zero but for the middle tap", async () => {
    const values = await read(() => deltaOrthogonal({ gain: 2, seed: 1 }).apply([3, 3, 2, 2]));
    const middle = values.slice(4 * 4, 5 * 4);
    expect(values.filter((value) => value !== 0)).toEqual(middle);
    expectClose([middle[0]! ** 2 + middle[1]! ** 2, middle[2]! ** 2 + middle[3]! ** 2, middle[0]! * middle[2]! + middle[1]! * middle[3]!], [4, 4, 0]);
  });

  it("refuses what cannot keep a norm", () => {
    expect(failure(() => deltaOrthogonal().apply([3, 3, 8, 4]))).toContain("SHAPE_MISMATCH deltaOrthogonal: 8 inputs cannot keep their norm in 4 outputs");
    expect(failure(() => deltaOrthogonal().apply([8, 8]))).toContain("a convolution's kernel has three to five axes");
    expect(failure(() => deltaOrthogonal({ gain: Infinity }))).toContain("INVALID_OPTION deltaOrthogonal: gain");
  });
});
