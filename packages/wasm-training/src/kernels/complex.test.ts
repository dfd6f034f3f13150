import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels, unregisterTrainingKernels } from "../index.js";
import { heapProbe, run, tensorOf, values } from "./compare.fixture.js";
import { complexTensor, onCpu } from "./complex.fixture.js";
import { complex, complexAbs, imag, real } from "./complex.js";

beforeAll(() => void registerTrainingKernels());

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });

describe("Complex, Real, Imag, ComplexAbs", () => {
  it("data() gives re and im side by side, as on cpu", async () => {
    const z = tf.tidy(() => tf.complex(tf.tensor1d([1, 2, 3]), tf.tensor1d([-4, 5, 6])));
    expect([...(await z.data())]).toEqual([1, -4, 2, 5, 3, 6]);
    expect([z.dtype, z.shape]).toEqual(["complex64", [3]]);
    z.dispose();
  });

  it("take apart what was put together, for any shape", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (shape) => {
        const size = tf.util.sizeFromShape(shape);
        const [re, im] = [values(size, 1), values(size, 101)];
        const z = complexTensor(shape, 1);
        expect(await run(() => tf.real(z))).toEqual({ shape, dtype: "float32", values: re });
        expect(await run(() => tf.imag(z))).toEqual({ shape, dtype: "float32", values: im });
        expectClose((await run(() => tf.abs(z))).values, Array.from(re, (v, i) => Math.hypot(v, im[i]!)), 0, 2e-7);
        z.dispose();
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("the absolute value of large numbers does not overflow", async () => {
    expectClose((await run(() => tf.abs(tf.complex([3e38, 3e-30], [1e38, 4e-30])))).values, [Math.hypot(3e38, 1e38), 5e-30], 0, 1e-6);
  });

  it("counts one tensor and one buffer, and gives the memory back", () => {
    const before = tf.memory();
    const probe = heapProbe();
    for (let i = 0; i < 3; i++) {
      const parts: [tf.Tensor, tf.Tensor] = [tf.ones([50_000]), tf.zeros([50_000])];
      const z = tf.complex(...parts);
      tf.dispose(parts);
      const copy = tf.clone(z);
      expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual([before.numTensors + 2, before.numDataBuffers + 1]);
      tf.dispose([z, copy]);
      expect([tf.memory().numTensors, tf.memory().numDataBuffers, tf.memory().numBytes]).toEqual([before.numTensors, before.numDataBuffers, before.numBytes]);
      expect(heapProbe()).toBe(probe);
    }
  });

  it("say what does not fit", () => {
    const attempt = (f: () => void) => () => tf.tidy(f);
    expect(attempt(() => tf.complex([1, 2], [1]))).toThrow("must match in call to tf.complex()");
    expect(attempt(() => tf.engine().runKernel("Complex", { real: tf.tensor1d([1], "int32"), imag: tf.tensor1d([1]) }))).toThrow("Complex: real and imag must be float32, got int32 and float32");
    expect(attempt(() => tf.engine().runKernel("Real", { input: tf.tensor1d([1]) }))).toThrow("Real: the input must be complex64, got float32");
  });

  it("also on typed arrays, where the module cannot run", async () => {
    const call = (kernel: typeof complex, inputs: Record<string, tf.Tensor>) => run(() => tf.engine().makeTensorFromTensorInfo(kernel.fallback!({ inputs: inputs as never, backend: tf.backend() }) as tf.TensorInfo));
    const [re, im, z] = [tensorOf([5], 1), tensorOf([5], 101), complexTensor([5], 1)];
    const of = async (t: tf.Tensor) => ({ shape: [5], dtype: "float32", values: (await t.data()) as Float32Array });
    expect(await call(real, { input: z })).toEqual(await of(re));
    expect(await call(imag, { input: z })).toEqual(await of(im));
    const abs = tf.abs(z);
    expectClose((await call(complexAbs, { x: z })).values, await abs.data(), 0, 2e-7);
    const made = tf.engine().makeTensorFromTensorInfo(complex.fallback!({ inputs: { real: re, imag: im }, backend: tf.backend() }) as tf.TensorInfo);
    expect([made.dtype, [...(await made.data())]]).toEqual(["complex64", [...(await z.data())]]);
    tf.dispose([re, im, z, abs, made]);
  });
});

/** What `f` gives for complex tensors: its pairs. */
const read = async (f: () => tf.Tensor) => {
  const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
  const t = tf.tidy(f);
  const out = { shape: t.shape, dtype: t.dtype as string, values: Float32Array.from(await t.data()) };
  t.dispose();
  expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
  return out;
};

describe("the backend's kernels on complex tensors", () => {
  it("add, subtract and multiply with any broadcast, also with real ones", async () => {
    // The cpu backend gives NaN for some of these broadcasts.
    const shapes = [[[2, 3], [2, 3]], [[4, 5], [5]], [[5], [4, 5]], [[4, 5], [4, 1]], [[1, 4], [3, 1]], [[2, 1, 3], [4, 1]], [[3, 2], []], [[0, 3], [3]]];
    for (const [a, b] of shapes as [number[], number[]][]) {
      const [aRe, aIm, bRe, bIm] = [tensorOf(a, 1), tensorOf(a, 101), tensorOf(b, 2), tensorOf(b, 102)];
      const times = (x: tf.Tensor, y: tf.Tensor) => tf.mul(x, y);
      const cases: [() => tf.Tensor, () => tf.Tensor, () => tf.Tensor][] = [
        [() => tf.add(complexTensor(a, 1), complexTensor(b, 2)), () => tf.add(aRe, bRe), () => tf.add(aIm, bIm)],
        [() => tf.sub(complexTensor(a, 1), complexTensor(b, 2)), () => tf.sub(aRe, bRe), () => tf.sub(aIm, bIm)],
        [() => tf.mul(complexTensor(a, 1), complexTensor(b, 2)), () => tf.sub(times(aRe, bRe), times(aIm, bIm)), () => tf.add(times(aRe, bIm), times(aIm, bRe))],
        [() => tf.mul(complexTensor(a, 1), bRe), () => times(aRe, bRe), () => times(aIm, bRe)],
        [() => tf.add(aRe, complexTensor(b, 2)), () => tf.add(aRe, bRe), () => tf.add(bIm, tf.zerosLike(aRe))],
      ];
      for (const [whole, re, im] of cases) {
        const [z, x, y] = [await read(whole), await read(re), await read(im)];
        expect([z.shape, z.dtype]).toEqual([x.shape, "complex64"]);
        expectClose(z.values, Array.from(x.values).flatMap((v, i) => [v, y.values[i]!]), 1e-6, 1e-6);
      }
      tf.dispose([aRe, aIm, bRe, bIm]);
    }
  });

  it("are those of cpu where cpu has them: joins, casts, shapes", async () => {
    const z = complexTensor;
    const cases: Record<string, () => tf.Tensor> = {
      concat: () => tf.concat([z([2, 3], 1), z([2, 1], 2)], -1),
      "concat of one that is empty": () => tf.concat([z([0, 3], 1), z([2, 3], 2)], 0),
      stack: () => tf.stack([z([2, 3], 1), z([2, 3], 2)], -1),
      reshape: () => tf.reshape(z([2, 3], 1), [3, 2]),
      expandDims: () => tf.expandDims(z([2, 3], 1), -1),
      squeeze: () => tf.squeeze(z([2, 1, 3], 1)),
      clone: () => tf.clone(z([2, 3], 1)),
      zeros: () => tf.zeros([2, 2], "complex64"),
      ones: () => tf.ones([2, 2], "complex64"),
      zerosLike: () => tf.zerosLike(z([2, 3], 1)),
      onesLike: () => tf.onesLike(z([2, 3], 1)),
      "cast from int32": () => tf.cast(tf.tensor1d([1, -2], "int32"), "complex64"),
      "cast to float32": () => tf.cast(z([3], 1), "float32"),
      "cast to int32": () => tf.cast(tf.complex([1.5, 7], [1, 1]), "int32"),
      "cast to itself": () => tf.cast(z([3], 1), "complex64"),
      "an empty one": () => tf.mul(z([0, 3], 1), z([3], 2)),
    };
    for (const [name, f] of Object.entries(cases)) {
      const ours = await read(f);
      const theirs = await onCpu(async () => {
        const t = tf.tidy(f);
        const out = { shape: t.shape, dtype: t.dtype as string, values: Float32Array.from(await t.data()) };
        t.dispose();
        return out;
      });
      expect({ name, shape: ours.shape, dtype: ours.dtype }).toEqual({ name, shape: theirs.shape, dtype: theirs.dtype });
      expectClose(ours.values, theirs.values, 1e-6, 1e-6);
    }
  });

  it("move and sum elements as they do with real ones, which cpu cannot", async () => {
    const cases: Record<string, (t: tf.Tensor) => tf.Tensor> = {
      slice: (t) => tf.slice(t, [1, 0, 2], [2, -1, 3]),
      "slice of the first axis": (t) => tf.slice(t, 1, 1),
      stridedSlice: (t) => tf.stridedSlice(t, [0, 0, 5], [3, 2, 0], [2, 1, -2]),
      transpose: (t) => tf.transpose(t, [2, 0, 1]),
      reverse: (t) => tf.reverse(t, -1),
      "reverse of all": (t) => tf.reverse(t),
      tile: (t) => tf.tile(t, [2, 1, 3]),
      broadcastTo: (t) => tf.broadcastTo(tf.slice(t, [0, 0, 0], [3, 1, 6]), [3, 4, 6]),
      gather: (t) => tf.gather(t, tf.tensor1d([2, 0, 0], "int32"), 2),
      pad: (t) => tf.pad(t, [[1, 0], [0, 2], [1, 1]]),
      split: (t) => tf.split(t, [2, 4], -1)[1]!,
      unstack: (t) => tf.unstack(t, -1)[4]!,
      sum: (t) => tf.sum(t, [0, -1]),
      "sum of all": (t) => tf.sum(t),
      "sum that keeps": (t) => tf.sum(t, 1, true),
      mean: (t) => tf.mean(t, 1),
      neg: (t) => tf.neg(t),
      addN: (t) => tf.addN([t, t, t]),
    };
    for (const [name, f] of Object.entries(cases)) {
      const [whole, re, im] = [await read(() => f(complexTensor([3, 2, 6], 1))), await read(() => f(tensorOf([3, 2, 6], 1))), await read(() => f(tensorOf([3, 2, 6], 101)))];
      expect({ name, shape: whole.shape, dtype: whole.dtype }).toEqual({ name, shape: re.shape, dtype: "complex64" });
      const pairs = Array.from(re.values).flatMap((v, i) => [v, im.values[i]!]);
      expectClose(whole.values, pairs, 1e-6, 1e-6);
    }
  });

  it("throw where they would read garbage, and leave nothing", () => {
    const z = complexTensor([2, 2], 1);
    const before = tf.memory().numDataBuffers;
    const cases: Record<string, () => tf.Tensor> = {
      Sin: () => tf.engine().runKernel("Sin", { x: z }),
      Exp: () => tf.engine().runKernel("Exp", { x: z }),
      RealDiv: () => tf.div(z, z),
      BatchMatMul: () => tf.engine().runKernel("BatchMatMul", { a: z, b: z }, { transposeA: false, transposeB: false }),
      Max: () => tf.engine().runKernel("Max", { x: z }, { reductionIndices: [0], keepDims: false }),
      Equal: () => tf.equal(z, z),
      Add: () => tf.engine().runKernel("Add", { a: z, b: tf.scalar(1) }),
      "PadV2 by anything but zeros": () => tf.pad(z, [[1, 0], [0, 1]], 3),
    };
    for (const [name, f] of Object.entries(cases)) {
      expect(() => tf.tidy(() => void f()), name).toThrow(`${name} does not support complex64 tensors in the WebAssembly backend. Take them apart by tf.real and tf.imag.`);
    }
    expect(tf.memory().numDataBuffers).toBe(before);
    z.dispose();
  });

  it("take complex tensors that come from the cpu backend", async () => {
    const z = await onCpu(async () => complexTensor([2, 3], 1));
    const expected = complexTensor([2, 3], 1);
    expect(await read(() => tf.add(z, 0))).toEqual(await read(() => tf.add(expected, 0)));
    expect(await z.data()).toEqual(await expected.data());
    tf.dispose([z, expected]);
  });

  it("are the backend's own again after unregistering, and stay so without our Complex", () => {
    const kernels = () => tf.getKernelsForBackend("wasm").map(({ kernelName, kernelFunc }) => [kernelName, kernelFunc] as const);
    unregisterTrainingKernels();
    const shipped = new Map(kernels());
    registerTrainingKernels();
    expect(tf.getKernel("Sin", "wasm").kernelFunc).not.toBe(shipped.get("Sin"));
    registerTrainingKernels();
    unregisterTrainingKernels({ only: ["Complex"] });
    expect(tf.getKernel("Sin", "wasm").kernelFunc).toBe(shipped.get("Sin"));
    registerTrainingKernels();
    unregisterTrainingKernels();
    expect(new Map(kernels())).toEqual(shipped);
    for (const [name, func] of kernels()) expect(func).toBe(shipped.get(name));
    registerTrainingKernels();
  });
});
