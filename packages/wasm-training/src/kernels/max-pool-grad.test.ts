import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { original, run, tensorOf, values } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

type Four = [number, number, number, number];
interface Pool {
  shape: Four;
  filter: [number, number];
  strides: [number, number];
  pad: "same" | "valid" | number;
  /** Added to entries in [-1, 1). */
  shift: number;
}

/** The gradient of Σ dy · maxPool(x), by the definition; dy has seed 2. */
function expected({ shape, filter, strides, pad, shift }: Pool): { out: Four; dx: Float64Array } {
  const g = tf.backend_util.computePool2DInfo(shape, filter, strides, 1, pad);
  const [x, dy] = [values(tf.util.sizeFromShape(shape), 1).map((value) => Math.fround(value + shift)), values(tf.util.sizeFromShape(g.outShape), 2)];
  const dx = new Float64Array(x.length);
  const [batch, height, width, channels] = shape;
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < g.outHeight; i++)
      for (let j = 0; j < g.outWidth; j++)
        for (let c = 0; c < channels; c++) {
          let [best, place] = [-Infinity, -1];
          for (let p = 0; p < filter[0]; p++)
            for (let q = 0; q < filter[1]; q++) {
              const [row, column] = [i * strides[0] - g.padInfo.top + p, j * strides[1] - g.padInfo.left + q];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              const at = ((b * height + row) * width + column) * channels + c;
              if (x[at]! > best) [best, place] = [x[at]!, at];
            }
          if (place >= 0) dx[place]! += dy[((b * g.outHeight + i) * g.outWidth + j) * channels + c]!;
        }
  return { out: g.outShape as Four, dx };
}

async function gradient({ shape, filter, strides, pad, shift }: Pool, out: Four): Promise<Float32Array> {
  const x = tf.tidy(() => tf.add(tensorOf(shape, 1), shift)) as tf.Tensor4D;
  const dy = tensorOf(out, 2);
  const result = await run(() => tf.grad((input) => tf.maxPool(input as tf.Tensor4D, filter, strides, pad))(x, dy));
  tf.dispose([x, dy]);
  return result.values;
}

describe("MaxPoolGrad", () => {
  it("goes where each window is largest, for any window, also where all is negative", async () => {
    const pools = fc.record({
      shape: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 3, max: 9 }), fc.integer({ min: 3, max: 9 }), fc.integer({ min: 1, max: 9 })) as fc.Arbitrary<Four>,
      filter: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })) as fc.Arbitrary<[number, number]>,
      strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })) as fc.Arbitrary<[number, number]>,
      pad: fc.constantFrom<"same" | "valid">("same", "valid"),
      shift: fc.constantFrom(0, -2, 2),
    });
    await fc.assert(
      fc.asyncProperty(pools, async (pool) => {
        const { out, dx } = expected(pool);
        expectClose(await gradient(pool, out), dx, 1e-6, 1e-5);
      }),
      { numRuns: 60, seed: 8 },
    );
    for (const channels of [1, 4, 7, 16]) {
      const pool: Pool = { shape: [2, 6, 6, channels], filter: [3, 3], strides: [2, 2], pad: 1, shift: -3 };
      const { out, dx } = expected(pool);
      expectClose(await gradient(pool, out), dx, 1e-6, 1e-5);
    }
  });

  it("is needed: the backend's own loses the gradient of negative windows", async () => {
    const pool: Pool = { shape: [1, 4, 4, 1], filter: [2, 2], strides: [2, 2], pad: "valid", shift: -3 };
    const { out, dx } = expected(pool);
    const theirs = await original(() => gradient(pool, out));
    expect(Math.max(...theirs.map((value, i) => Math.abs(value - dx[i]!)))).toBeGreaterThan(0.1);
  });

  it("takes the first of equal entries, and leaves out windows of NaN", async () => {
    const grad = (data: number[]) => run(() => tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"))(tf.tensor4d(data, [1, 2, 2, 1])));
    expect([...(await grad([5, 5, 5, 5])).values]).toEqual([1, 0, 0, 0]);
    expect([...(await grad([NaN, NaN, NaN, NaN])).values]).toEqual([0, 0, 0, 0]);
    expect([...(await grad([NaN, -1, -2, NaN])).values]).toEqual([0, 1, 0, 0]);
  });
});
