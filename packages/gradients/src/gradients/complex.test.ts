import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { onCpu, withKernels } from "../backend.fixture.js";
import { entries, expectGradients, spread } from "../finite-differences.fixture.js";
import { registerGradients, unregisterGradients } from "../index.js";

beforeEach(() => void registerGradients());
afterEach(() => unregisterGradients());

const kernels = ["FFT", "IFFT", "Complex", "Real", "Imag", "ComplexAbs"];
/** Real and imaginary part, weighed apart. */
const seen = (z: tf.Tensor) => tf.stack([tf.real(z), tf.imag(z)]);
type F = (...xs: tf.Tensor[]) => tf.Tensor;
const ofTwo = (f: (z: tf.Tensor) => tf.Tensor): F => (a, b) => f(tf.complex(a!, b!));

const cases: [string, F, number[][]][] = [
  ["complex, real, imag", ofTwo(seen), [[2, 3], [2, 3]]],
  ["real alone", ofTwo((z) => tf.real(z)), [[4], [4]]],
  ["imag alone", ofTwo((z) => tf.imag(z)), [[4], [4]]],
  ["fft of a power of two", ofTwo((z) => seen(tf.fft(z))), [[2, 8], [2, 8]]],
  ["fft of another length", ofTwo((z) => seen(tf.fft(z))), [[2, 5], [2, 5]]],
  ["ifft", ofTwo((z) => seen(tf.ifft(z))), [[2, 6], [2, 6]]],
  ["fft of higher rank", ofTwo((z) => seen(tf.fft(z))), [[2, 1, 4], [2, 1, 4]]],
  ["abs", ofTwo((z) => tf.abs(z)), [[4], [4]]],
  ["a sum of the same number twice", ofTwo((z) => seen(tf.add(z, tf.fft(z)))), [[2, 4], [2, 4]]],
  ["sub", (a, b, c, d) => seen(tf.sub(tf.complex(a!, b!), tf.complex(c!, d!))), [[3], [3], [3], [3]]],
  ["mul", (a, b, c, d) => seen(tf.mul(tf.complex(a!, b!), tf.complex(c!, d!))), [[3], [3], [3], [3]]],
  ["mul with a real tensor", (a, b, c) => seen(tf.mul(tf.complex(a!, b!), c!)), [[3], [3], [3]]],
  ["reshape and transpose", ofTwo((z) => seen(tf.transpose(tf.reshape(z, [3, 2])))), [[2, 3], [2, 3]]],
  ["concat", (a, b) => seen(tf.concat([tf.complex(a!, b!), tf.complex(b!, a!)])), [[3], [3]]],
  ["stack", (a, b) => seen(tf.stack([tf.complex(a!, b!), tf.complex(b!, a!)])), [[3], [3]]],
  ["clone", ofTwo((z) => seen(tf.clone(z))), [[3], [3]]],
  ["spectral.rfft", (x) => seen(tf.spectral.rfft(x!)), [[2, 7]]],
  ["spectral.rfft, cropped", (x) => seen(tf.spectral.rfft(x!, 4)), [[2, 7]]],
  ["spectral.rfft, padded", (x) => seen(tf.spectral.rfft(x!, 8)), [[2, 6]]],
  ["spectral.irfft", ofTwo((z) => tf.spectral.irfft(z)), [[2, 5], [2, 5]]],
  ["a convolution by way of the spectrum", (x, k) => tf.spectral.irfft(tf.mul(tf.spectral.rfft(x!), tf.spectral.rfft(k!))), [[2, 8], [1, 8]]],
];

/** tfjs' cpu backend gives NaN for these. */
const broadcasting: typeof cases = [
  ["sub with broadcasting", (a, b, c, d) => seen(tf.sub(tf.complex(a!, b!), tf.complex(c!, d!))), [[2, 3], [2, 3], [3], [3]]],
  ["mul with broadcasting", (a, b, c, d) => seen(tf.mul(tf.complex(a!, b!), tf.complex(c!, d!))), [[2, 3], [2, 3], [3], [3]]],
];

describe("gradients of complex numbers", () => {
  it.each([...cases, ...broadcasting])("%s: is that of finite differences", (_, f, shapes) =>
    withKernels(kernels, async () => {
      const xs = shapes.map((shape, i) => spread(shape, i + 1));
      await expectGradients(f, xs);
      tf.dispose(xs);
    }));

  it.each(cases)("%s: also on cpu", (_, f, shapes) =>
    withKernels(onCpu, async () => {
      const xs = shapes.map((shape, i) => spread(shape, i + 1));
      await expectGradients(f, xs);
      tf.dispose(xs);
    }));

  it("abs has gradient 0 at 0", () =>
    withKernels(kernels, async () => {
      const zeros = tf.zeros([2]);
      expectClose(await entries(tf.tidy(() => tf.grad((x: tf.Tensor) => tf.abs(tf.complex(x, x)))(zeros))), [0, 0], 0);
      zeros.dispose();
    }));

  it("tfjs alone has none, and refuses", () =>
    withKernels(kernels, async () => {
      const x = spread([4], 1);
      unregisterGradients();
      expect(() => tf.grad((at: tf.Tensor) => tf.spectral.rfft(at).shape.length > 0 ? tf.real(tf.spectral.rfft(at)) : at)(x)).toThrow(/gradient function not found for Real/);
      x.dispose();
    }));

  it("refuses, by name, to go through an operation that has none", () =>
    withKernels(kernels, async () => {
      unregisterGradients({ only: ["FFT"] });
      const x = spread([4], 1);
      expect(() => tf.grad((at: tf.Tensor) => tf.real(tf.spectral.rfft(at)))(x)).toThrow(/gradient function not found for FFT of complex numbers/);
      x.dispose();
    }));

  it("leaves a custom gradient with complex numbers inside to its author", () =>
    withKernels(kernels, async () => {
      const energy = tf.customGrad((x) => ({ value: tf.sum(tf.square(tf.abs(tf.spectral.rfft(x as tf.Tensor)))), gradFunc: (dy) => tf.mul(tf.onesLike(x as tf.Tensor), tf.mul(dy, 42)) }));
      const x = spread([4], 1);
      expect(await entries(tf.tidy(() => tf.grad((at: tf.Tensor) => energy(at))(x)))).toEqual([42, 42, 42, 42]);
      x.dispose();
    }));

  it("leaves one tensor behind, the result", () =>
    withKernels(kernels, async () => {
      const x = spread([2, 8], 1);
      (await expectTensorGrowth(1, () => tf.grad((at: tf.Tensor) => tf.abs(tf.spectral.rfft(at)))(x))).dispose();
      x.dispose();
    }));
});
