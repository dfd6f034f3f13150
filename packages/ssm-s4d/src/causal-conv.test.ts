import * as tf from "@tensorflow/tfjs";
import { WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels, unregisterTrainingKernels } from "@warmstart/wasm-training";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { furthest, hostConv, largest, normals, thrown, withoutFft } from "./host.fixture.js";
import { bidirectionalConv, causalConv, type CausalConvOptions } from "./index.js";

const onWasm = () => tf.getBackend() === "wasm";
type Algorithm = NonNullable<CausalConvOptions["algorithm"]>;

/** Inside `describe`: with the transforms of WebAssembly for "fft", and without them for "toeplitz". */
function withKernels(algorithm: Algorithm): void {
  if (algorithm === "toeplitz") return;
  beforeAll(() => void (onWasm() && registerTrainingKernels()));
  afterAll(() => void (onWasm() && unregisterTrainingKernels()));
}

async function convolved(algorithm: Algorithm, u: ArrayLike<number>, k: ArrayLike<number>, [batch, features, length]: [number, number, number]): Promise<Float32Array> {
  const [input, kernel] = [tf.tensor3d(Float32Array.from(u), [batch, features, length]), tf.tensor2d(Float32Array.from(k), [features, k.length / features])];
  const y = causalConv(input, kernel, { algorithm });
  const values = await y.data<"float32">();
  tf.dispose([input, kernel, y]);
  return values;
}

/** du and dk of Σ w · (u ∗ k). */
const gradientsOf = (algorithm: Algorithm, w: tf.Tensor, u: tf.Tensor3D, k: tf.Tensor2D) =>
  tf.tidy(() => tf.grads((u: tf.Tensor, k: tf.Tensor) => tf.sum(tf.mul(w, causalConv(u as tf.Tensor3D, k as tf.Tensor2D, { algorithm }))))([u, k])) as [tf.Tensor, tf.Tensor];

const inner = (x: ArrayLike<number>, y: ArrayLike<number>) => Array.from(x).reduce((sum, value, i) => sum + value * y[i]!, 0);
const deviation = (y: ArrayLike<number>) => Math.sqrt(inner(y, y) / y.length);

describe.each(["toeplitz", "fft"] as const)("causalConv by %s", (algorithm) => {
  withKernels(algorithm);

  it("convolves and has the gradients of worked example 3", async () => {
    await expectTensorGrowth(0, async () => {
      const [u, k, w] = [tf.tensor3d([[[1, 0, -1, 2]]]), tf.tensor2d([[0.4, 0.3, 0.2, 0.1]]), tf.tensor3d([[[1, 2, 3, 4]]])];
      const y = causalConv(u, k, { algorithm });
      // y₁ = .3·1 + .4·0; y₂ = .2·1 + .3·0 − .4; y₃ = .1·1 + .2·0 − .3 + .8
      expectClose(await y.data(), [0.4, 0.3, -0.2, 0.6], 1e-6, 0);
      const [du, dk] = gradientsOf(algorithm, w, u, k);
      // du₀ = .4·1 + .3·2 + .2·3 + .1·4; dk₀ = 1·1 + 2·0 − 3·1 + 4·2
      expectClose(await du.data(), [2, 2.5, 2.4, 1.6], 2e-6, 0);
      expectClose(await dk.data(), [6, -2, 3, 4], 2e-6, 0);
      tf.dispose([u, k, w, y, du, dk]);
    });
  });

  it("equals the direct sum for any shape, also where the kernel is shorter or longer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 999 }), async (batch, features, length, taps, seed) => {
        const [u, k] = [normals(batch * features * length, seed), normals(features * taps, seed + 1000)];
        expect(furthest(await convolved(algorithm, u, k, [batch, features, length]), hostConv(u, k, batch, features, length))).toBeLessThan(2e-5);
      }),
      { seed: 3, numRuns: 40, examples: [[1, 1, 1, 1, 0], [3, 2, 1, 5, 1], [5, 1, 64, 1, 2], [2, 1, 64, 65, 3]] },
    );
  });

  it.each([
    [1024, 2e-4],
    [4096, 5e-4],
    [16384, 3e-3],
  ])("stays within the error bound over %i steps: %d standard deviations", async (length, bound) => {
    const [u, k] = [normals(length, 1), normals(length, 2)];
    const expected = hostConv(u, k, 1, 1, length);
    expect(furthest(await convolved(algorithm, u, k, [1, 1, length]), expected)).toBeLessThan(bound * deviation(expected));
  });

  it("gives the kernel, shifted, for an impulse, 0 before it, and wraps nothing around", async () => {
    const [length, at] = [70, 41];
    const k = normals(length, 4);
    const y = await convolved(algorithm, Float32Array.from({ length }, (_, t) => (t === at ? 1 : 0)), k, [1, 1, length]);
    if (algorithm === "toeplitz") expect(y.slice(0, at).every((value) => value === 0)).toBe(true);
    else expect(largest(y.slice(0, at))).toBeLessThan(1e-6 * largest(k));
    expectClose(y.slice(at), k.slice(0, length - at), 1e-6, 1e-6);
  });

  it("has gradients that are the adjoint of the map, for any shape", async () => {
    // <w, u ∗ k> is linear in each: <w, u' ∗ k> = <du, u'> and <w, u ∗ k'> = <dk, k'>.
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 70 }), fc.integer({ min: 0, max: 999 }), async (batch, features, length, taps, seed) => {
        const size = batch * features * length;
        const [u, k, w, otherU, otherK] = [normals(size, seed), normals(features * taps, seed + 1), normals(size, seed + 2), normals(size, seed + 3), normals(features * taps, seed + 4)];
        const [du, dk] = tf.tidy(() => gradientsOf(algorithm, tf.tensor3d(w, [batch, features, length]), tf.tensor3d(u, [batch, features, length]), tf.tensor2d(k, [features, taps])));
        const scale = 2e-5 * Math.max(1, length * features * batch);
        expect(Math.abs(inner(await du.data(), otherU) - inner(w, hostConv(otherU, k, batch, features, length)))).toBeLessThan(scale);
        expect(Math.abs(inner(await dk.data(), otherK) - inner(w, hostConv(u, otherK, batch, features, length)))).toBeLessThan(scale);
        tf.dispose([du, dk]);
      }),
      { seed: 5, numRuns: 30 },
    );
  });

  it("has the gradients of finite differences", async () => {
    // The sum is linear in each entry, so a difference is exact but for rounding, however large the step.
    const [batch, features, length, taps] = [3, 2, 9, 5];
    const [u, k, w] = [normals(batch * features * length, 1), normals(features * taps, 2), normals(batch * features * length, 3)];
    const [du, dk] = tf.tidy(() => gradientsOf(algorithm, tf.tensor3d(w, [batch, features, length]), tf.tensor3d(u, [batch, features, length]), tf.tensor2d(k, [features, taps])));
    const difference = async (at: Float32Array, i: number) => {
      const [up, down] = [1, -1].map((step) => at.map((value, j) => (j === i ? value + step : value))) as [Float32Array, Float32Array];
      const loss = async (moved: Float32Array) => inner(w, at === u ? await convolved(algorithm, moved, k, [batch, features, length]) : await convolved(algorithm, u, moved, [batch, features, length]));
      return ((await loss(up)) - (await loss(down))) / 2;
    };
    for (const [values, at] of [[await du.data(), u], [await dk.data(), k]] as const) {
      expectClose(values, await Promise.all(Array.from(at, (_, i) => difference(at, i))), 1e-4, 0);
    }
    tf.dispose([du, dk]);
  });

  it("casts integers, and passes NaN on", async () => {
    const [u, k] = [tf.tensor3d([1, 2, 3], [1, 1, 3], "int32"), tf.tensor2d([[0.5, NaN]])];
    const y = causalConv(u, k, { algorithm });
    expect(y.dtype).toBe("float32");
    expect(Number.isNaN((await y.data())[2])).toBe(true);
    tf.dispose([u, k, y]);
  });

  it("convolves both ways, and leaves the present out of the anticausal part", async () => {
    // y₀ = .5·1 + 1·2 + .1·3 + .01·4; y₃ = .5·4 + .25·3 + .125·2 + .0625·1
    await expectTensorGrowth(0, async () => {
      const [u, k0, k1] = [tf.tensor3d([[[1, 2, 3, 4]]]), tf.tensor2d([[0.5, 0.25, 0.125, 0.0625]]), tf.tensor2d([[1, 0.1, 0.01, 0.001]])];
      const y = bidirectionalConv(u, k0, k1, { algorithm });
      expectClose(await y.data(), [2.84, 4.65, 6.125, 3.0625], 1e-6, 0);
      tf.dispose([u, k0, k1, y]);
    });
  });

  it("has nothing yet to come in one step", async () => {
    const [u, k0, k1] = [tf.tensor3d([[[2]]]), tf.tensor2d([[0.5]]), tf.tensor2d([[9]])];
    const y = bidirectionalConv(u, k0, k1, { algorithm });
    expectClose(await y.data(), [1], 0, 0);
    tf.dispose([u, k0, k1, y]);
  });
});

describe("causalConv by fft", () => {
  withKernels("fft");

  it("has the same gradients as by Toeplitz blocks, for an odd batch over hundreds of steps", async () => {
    const shape: [number, number, number] = [3, 4, 300];
    const [u, k, w] = [tf.tensor3d(normals(3600, 1), shape), tf.tensor2d(normals(4 * 200, 2), [4, 200]), tf.tensor3d(normals(3600, 3), shape)];
    const [[du, dk], [expectedU, expectedK]] = await expectTensorGrowth(4, () => [gradientsOf("fft", w, u, k), gradientsOf("toeplitz", w, u, k)] as const);
    expect(furthest(await du.data(), await expectedU.data())).toBeLessThan(1e-4);
    expect(furthest(await dk.data(), await expectedK.data())).toBeLessThan(2e-4);
    tf.dispose([u, k, w, du, dk, expectedU, expectedK]);
  });

  it("takes more features than fit into one transform in groups", async () => {
    const [batch, features, length] = [2, 5, 131_100]; // four features of 2^18 points, and one more
    const [u, k, w] = [normals(batch * features * length, 1), normals(features * 3, 2), normals(batch * features * length, 3)];
    const expected = hostConv(u, k, batch, features, length);
    expect(furthest(await convolved("fft", u, k, [batch, features, length]), expected)).toBeLessThan(2e-5);
    const [du, dk] = tf.tidy(() => gradientsOf("fft", tf.tensor3d(w, [batch, features, length]), tf.tensor3d(u, [batch, features, length]), tf.tensor2d(k, [features, 3])));
    // du is the convolution of w from the other end; both gradients are adjoint to the map: <du, u> = <dk, k> = <w, y>.
    expect(furthest((await du.data()).toReversed(), hostConv(w.toReversed(), Array.from({ length: features }, (_, h) => Array.from(k.slice(h * 3, h * 3 + 3))).toReversed().flat(), batch, features, length))).toBeLessThan(2e-5);
    const products = inner(w, expected);
    expect(Math.abs(inner(await dk.data(), k) - products)).toBeLessThan(1e-5 * Math.sqrt(inner(w, w) * inner(expected, expected)));
    tf.dispose([du, dk]);
  });

  it("passes NaN in a sequence on to all of it and of its partner, and no further", async () => {
    const u = normals(4 * 10, 1);
    u[7] = NaN; // sequences 0 and 1 are partners
    const y = await convolved("fft", u, normals(10, 2), [4, 1, 10]);
    expect(y.slice(0, 20).every(Number.isNaN)).toBe(true);
    expect(y.slice(20).every(Number.isFinite)).toBe(true);
  });
});

describe("bad input", () => {
  it.each<[string, "SHAPE_MISMATCH" | "INVALID_OPTION", () => tf.Tensor[], (inputs: tf.Tensor[]) => unknown, string]>([
    ["two axes", "SHAPE_MISMATCH", () => [tf.ones([3, 4]), tf.ones([3, 4])], ([u, k]) => causalConv(u as never, k as never), "causalConv: `u` must have shape [*, *, *], got [3, 4]. Its axes are batch, features and time."],
    ["features in the last axis", "SHAPE_MISMATCH", () => [tf.ones([2, 16, 3]), tf.ones([3, 16])], ([u, k]) => causalConv(u as never, k as never), "`kernel` must have shape [16, *], got [3, 16]"],
    ["an empty sequence", "SHAPE_MISMATCH", () => [tf.ones([2, 3, 0]), tf.ones([3, 4])], ([u, k]) => causalConv(u as never, k as never), "got [2, 3, 0]"],
    ["an anticausal kernel of other features", "SHAPE_MISMATCH", () => [tf.ones([2, 3, 4]), tf.ones([3, 4]), tf.ones([2, 4])], ([u, k, a]) => bidirectionalConv(u as never, k as never, a as never), "`anticausal` must have shape [3, *], got [2, 4]"],
    ["an unknown algorithm", "INVALID_OPTION", () => [tf.ones([2, 3, 4]), tf.ones([3, 4])], ([u, k]) => causalConv(u as never, k as never, { algorithm: "direct" as never }), 'causalConv: `algorithm` must be one of "auto", "fft", "toeplitz", got "direct"'],
  ])("refuses %s and leaves no tensor", async (_, code, make, f, message) => {
    const inputs = make();
    const error = await expectTensorGrowth(0, () => thrown(() => f(inputs)));
    expect(WarmstartError.isInstance(error, code), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
    tf.dispose(inputs);
  });

  it("refuses transforms where there are none, and says what to do", async () => {
    const [u, k] = [tf.ones([1, 2, 40]) as tf.Tensor3D, tf.ones([2, 40]) as tf.Tensor2D];
    await withoutFft(async () => {
      for (const f of [() => causalConv(u, k, { algorithm: "fft" }), () => bidirectionalConv(u, k, k, { algorithm: "fft" })]) {
        const error = await expectTensorGrowth(0, () => thrown(f));
        expect(WarmstartError.isInstance(error, "BACKEND"), String(error)).toBe(true);
        expect((error as Error).message).toMatch(/the backend "\w+" has no .*FFT.*, which causalConv with `algorithm: "fft"` needs\. (Install @warmstart\/wasm-training and call|Use another backend)/);
      }
    });
    tf.dispose([u, k]);
  });
});
