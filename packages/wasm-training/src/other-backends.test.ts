// The kernels against those of the cpu and the native backend, over shapes; each by itself against its definition stands beside its source.
import * as tf from "@tensorflow/tfjs";
import { backendAvailable, expectClose, requiredBackends } from "@warmstart/test-kit";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "./index.js";
import { tensorOf } from "./kernels/compare.fixture.js";

const native = await backendAvailable("tensorflow");
if (!native) {
  if (requiredBackends().includes("tensorflow")) throw new Error('WARMSTART_REQUIRE names "tensorflow", which is not on this machine: run `npm run native` first');
  console.log("backend tensorflow: absent, kernels are not compared with it");
}

/** The values of `f` on a backend; everything made on the way is freed. */
async function on(backend: string, f: () => tf.Tensor): Promise<Float32Array> {
  expect(await tf.setBackend(backend)).toBe(true);
  const result = tf.tidy(f);
  const values = Float32Array.from(await result.data());
  result.dispose();
  return values;
}

const size = (max: number) => fc.integer({ min: 1, max });
const four = (max: number) => fc.tuple(size(3), size(max), size(max), size(9)) as fc.Arbitrary<[number, number, number, number]>;
const places = fc.record({ shape: four(9), out: size(9), filter: fc.integer({ min: 1, max: 3 }), strides: size(2), pad: fc.constantFrom<"same" | "valid">("same", "valid") }).filter(({ shape, filter }) => shape[1] >= filter && shape[2] >= filter);
const gradients = (f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]) => tf.concat(tf.grads((...given) => tf.sum(tf.square(f(...given))))(inputs).map((t) => tf.reshape(t, [-1])));

const cases: Record<string, fc.Arbitrary<() => tf.Tensor>> = {
  "products in four forms": fc.tuple(size(3), size(40), size(40), size(40), fc.boolean(), fc.boolean()).map(([b, m, n, k, ta, tb]) => () => tf.matMul(tensorOf([b, ...(ta ? [k, m] : [m, k])], 1), tensorOf([b, ...(tb ? [n, k] : [k, n])], 2), ta, tb)),
  "convolutions and their gradients": places.map(({ shape, out, filter, strides, pad }) => () => gradients((x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad), [tensorOf(shape, 1), tensorOf([filter, filter, shape[3], out], 2)])),
  "depthwise convolutions and their gradients": places.map(({ shape, filter, strides, pad }) => () => gradients((x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad), [tensorOf(shape, 1), tensorOf([filter, filter, shape[3], 2], 2)])),
  "gradients of max pooling": places.map(({ shape, filter, strides, pad }) => () => gradients((x) => tf.maxPool(x as tf.Tensor4D, filter, strides, pad), [tf.sub(tensorOf(shape, 1), 0.5)])),
  "embeddings' gradients": fc.tuple(size(30), size(20), size(40)).map(([rows, width, count]) => () => gradients((x) => tf.gather(x, tf.tensor1d(Array.from({ length: count }, (_, i) => (i * 7) % rows), "int32")), [tensorOf([rows, width], 1)])),
  "sums, means, transposes, tiles": four(9).map((shape) => () => tf.concat([tf.reshape(tf.sum(tensorOf(shape, 1), [0, 2]), [-1]), tf.reshape(tf.mean(tensorOf(shape, 1), [1, 3]), [-1]), tf.reshape(tf.transpose(tensorOf(shape, 1), [2, 0, 3, 1]), [-1]), tf.reshape(tf.tile(tensorOf(shape, 1), [2, 1, 3, 1]), [-1])])),
  "exp, tanh, erf": size(200).map((n) => () => tf.concat([tf.exp(tensorOf([n], 1)), tf.tanh(tf.mul(3, tensorOf([n], 2))), tf.erf(tf.mul(2, tensorOf([n], 3)))])),
  "batch normalization": four(6).map((shape) => () => tf.batchNorm(tensorOf(shape, 1) as tf.Tensor4D, tensorOf([shape[3]], 2) as tf.Tensor1D, tf.abs(tensorOf([shape[3]], 3)) as tf.Tensor1D, tensorOf([shape[3]], 4) as tf.Tensor1D, tensorOf([shape[3]], 5) as tf.Tensor1D)),
  einsum: fc.tuple(size(3), size(4), size(9), size(9), size(9)).map(([b, h, q, k, d]) => () => tf.einsum("bhqd,bhkd->bhqk", tensorOf([b, h, q, d], 1), tensorOf([b, h, k, d], 2))),
  "Fourier transforms": fc.tuple(size(3), size(70)).map(([rows, n]) => () => tf.concat([tf.real(tf.spectral.fft(tf.complex(tensorOf([rows, n], 1), tensorOf([rows, n], 2)))), tf.imag(tf.spectral.ifft(tf.complex(tensorOf([rows, n], 1), tensorOf([rows, n], 2))))], 1)),
};

describe.each(native ? ["cpu", "tensorflow"] : ["cpu"])("the kernels and those of the backend %s", (other) => {
  afterEach(async () => expect(await tf.setBackend("wasm")).toBe(true));

  it.each(Object.entries(cases))("agree: %s", async (_, shapes) => {
    registerTrainingKernels();
    await fc.assert(
      fc.asyncProperty(shapes, async (f) => {
        const expected = await on(other, f);
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
        expectClose(await on("wasm", f), expected, 1e-5 * largest, 1e-5);
      }),
      { numRuns: 12, seed: 21 },
    );
  });
});
