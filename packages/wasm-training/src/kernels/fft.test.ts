import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, run, tensorOf } from "./compare.fixture.js";
import { complexTensor, onCpu } from "./complex.fixture.js";
import { transformFloat64 } from "./fft-float64.js";
import { planFft } from "./fft-plan.js";
import { fft, ifft } from "./fft.js";

beforeAll(() => void registerTrainingKernels());

/** The definition, in float64, over rows of pairs. */
function definition(pairs: ArrayLike<number>, n: number, inverse: boolean): Float64Array {
  const out = new Float64Array(pairs.length);
  const sign = inverse ? 1 : -1;
  for (let row = 0; row < pairs.length; row += 2 * n) {
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < n; j++) {
        const angle = (sign * 2 * Math.PI * ((j * k) % n)) / n;
        const [cos, sin, re, im] = [Math.cos(angle), Math.sin(angle), pairs[row + 2 * j]!, pairs[row + 2 * j + 1]!];
        out[row + 2 * k]! += (re * cos - im * sin) / (inverse ? n : 1);
        out[row + 2 * k + 1]! += (re * sin + im * cos) / (inverse ? n : 1);
      }
    }
  }
  return out;
}

const largest = (values: ArrayLike<number>) => Array.from(values).reduce((max, v) => Math.max(max, Math.abs(v)), 0);

async function check(shape: number[], tolerance: number): Promise<void> {
  const n = shape.at(-1)!;
  const z = complexTensor(shape, n);
  const pairs = await z.data();
  for (const [f, inverse] of [[tf.spectral.fft, false], [tf.spectral.ifft, true]] as const) {
    const tensors = tf.memory().numTensors;
    const t = f(z);
    const result = await t.data();
    expect([t.shape, t.dtype]).toEqual([shape, "complex64"]);
    t.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    const expected = definition(pairs, n, inverse);
    expectClose(result, expected, tolerance * largest(expected), 0);
  }
  z.dispose();
}

describe("FFT and IFFT", () => {
  it("are 1, 1, 1, 1 for an impulse and back, the signs those of the definition", async () => {
    const impulse = tf.tidy(() => tf.complex([0, 1, 0, 0], [0, 0, 0, 0]));
    const t = tf.spectral.fft(impulse);
    expectClose(await t.data(), [1, 0, 0, -1, -1, 0, 0, 1], 1e-7, 0); // e^(-πik/2)
    tf.dispose([impulse, t]);
  });

  it("are the definition for every length up to 70, to 3e-7 of the largest value", async () => {
    for (let n = 1; n <= 70; n++) await check([n % 5 === 0 ? 1 : 3, n], 3e-7);
  });

  it("are the definition for longer ones: powers of two, primes, both sides of a power of two", async () => {
    for (const n of [127, 128, 256, 257, 500, 511, 512, 513, 1009]) await check([2, n], 4e-7);
  });

  it("take any leading axes, one row, no rows", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), fc.integer({ min: 1, max: 40 }), (leading, n) => check([...leading, n], 4e-7)),
      { numRuns: 40, seed: 2 },
    );
  });

  it("keep long rows exact to 3e-7: 8192 and 20000", async () => {
    for (const n of [8192, 20_000]) {
      const z = complexTensor([1, n], 3);
      const pairs = await z.data();
      const [re, im] = [0, 1].map((part) => Float64Array.from({ length: n }, (_, i) => pairs[2 * i + part]!)) as [Float64Array, Float64Array];
      transformFloat64(re, im);
      const t = tf.spectral.fft(z);
      const result = await t.data();
      const scale = largest(re);
      expectClose(result.filter((_, i) => i % 2 === 0), re, 3e-7 * scale, 0);
      expectClose(result.filter((_, i) => i % 2 === 1), im, 3e-7 * scale, 0);
      tf.dispose([z, t]);
    }
  });

  it("free their scratch memory", () => {
    const z = [complexTensor([4, 1024], 1), complexTensor([4, 1000], 1), complexTensor([4, 7], 1)];
    for (const t of z) tf.spectral.fft(t).dispose();
    const probe = heapProbe();
    for (let i = 0; i < 5; i++) for (const t of z) tf.spectral.ifft(t).dispose();
    expect(heapProbe()).toBe(probe);
    tf.dispose(z);
  });

  it("plan a length once, and forget those used longest ago", () => {
    const plan = planFft(64, false);
    expect(planFft(64, false)).toBe(plan);
    expect(planFft(64, true)).toBe(plan);
    expect(planFft(60, true)).not.toBe(planFft(60, false));
    const large = planFft(1 << 20, false);
    expect(planFft(1 << 20, false)).toBe(large);
    expect(planFft(64, false)).not.toBe(plan);
  });

  it("also on typed arrays, where the module cannot run", async () => {
    for (const n of [1, 6, 32, 35]) {
      const z = complexTensor([2, n], 4);
      const pairs = await z.data();
      for (const [kernel, inverse] of [[fft, false], [ifft, true]] as const) {
        const t = tf.engine().makeTensorFromTensorInfo(kernel.fallback!({ inputs: { input: z }, backend: tf.backend() }) as tf.TensorInfo);
        expectClose(await t.data(), definition(pairs, n, inverse), 1e-6, 1e-6);
        t.dispose();
      }
      z.dispose();
    }
  });

  it("throw for what is not complex", () => {
    expect(() => tf.spectral.fft(tf.tidy(() => tf.tensor1d([1, 2])))).toThrow("complex64");
    expect(() => tf.tidy(() => tf.engine().runKernel("FFT", { input: tf.tensor1d([1]) }))).toThrow("FFT: the input must be complex64, got float32");
    expect(() => tf.tidy(() => tf.spectral.fft(tf.complex(1, 2)))).toThrow("FFT: the input must have an axis to transform, got a scalar");
  });
});

describe("rfft and irfft", () => {
  it("are those of the cpu backend, for odd and even lengths, cut and padded", async () => {
    for (const [shape, length] of [[[3, 8], undefined], [[3, 9], undefined], [[2, 30], undefined], [[2, 3, 12], undefined], [[2, 8], 6], [[2, 8], 13], [[16], undefined], [[1, 2], undefined], [[2, 1], undefined]] as const) {
      const ours = await both([...shape], length);
      const theirs = await onCpu(() => both([...shape], length));
      for (const [i, { shape: own, values }] of ours.entries()) {
        expect(own).toEqual(theirs[i]!.shape);
        expectClose(values, theirs[i]!.values, 2e-6, 1e-5);
      }
    }
    async function both(shape: number[], length: number | undefined) {
      const spectrum = tf.tidy(() => tf.spectral.rfft(tensorOf(shape, 5), length));
      const back = tf.tidy(() => tf.spectral.irfft(spectrum));
      const out = [];
      for (const t of [spectrum, back]) out.push({ shape: t.shape, values: await t.data() });
      tf.dispose([spectrum, back]);
      return out;
    }
  });

  it("come back to the input for even lengths", async () => {
    const x = tensorOf([5, 64], 6);
    const { values } = await run(() => tf.spectral.irfft(tf.spectral.rfft(x)));
    expectClose(values, await x.data(), 1e-6, 0);
    x.dispose();
  });

  it("convolve long sequences, as state space models do", async () => {
    const [u, k] = [tensorOf([2, 300], 7), tensorOf([300], 8)];
    const { values } = await run(() => {
      const [a, b] = [tf.spectral.rfft(u, 600), tf.spectral.rfft(k, 600)];
      return tf.slice(tf.spectral.irfft(tf.mul(a, b)), [0, 0], [2, 300]);
    });
    const [x, y] = [await u.data(), await k.data()];
    const expected = Array.from({ length: 600 }, (_, at) => {
      let sum = 0;
      for (let j = 0; j <= at % 300; j++) sum += x[Math.floor(at / 300) * 300 + (at % 300) - j]! * y[j]!;
      return sum;
    });
    expectClose(values, expected, 1e-5, 1e-5);
    tf.dispose([u, k]);
  });
});
