import * as tf from "@tensorflow/tfjs";
import { WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { example, furthest, hostKernel, hostStep, largest, modelOf, thrown, times, type Complex } from "./host.fixture.js";
import { createParameters, discretize, s4dInit, s4dKernel, ssmOf, type Discretization, type S4DKernelOptions, type Ssm } from "./index.js";

const methods: readonly Discretization[] = ["zoh", "bilinear"];

async function kernelOf(ssm: Ssm, length: number, options?: S4DKernelOptions): Promise<Float32Array> {
  const kernel = s4dKernel(ssm, length, options);
  try {
    return await kernel.data<"float32">();
  } finally {
    kernel.dispose();
  }
}

const dispose = (ssm: Ssm) => tf.dispose(Object.values(ssm));

describe("worked example 1", () => {
  it.each(methods)("%s: Ā, B̄ and K", async (method) => {
    await expectTensorGrowth(0, async () => {
      const ssm = example.ssm();
      const discrete = discretize(ssm, { method });
      for (const name of ["aRe", "aIm", "bRe", "bIm"] as const) expectClose(await discrete[name].data(), example[method][name], 1e-7, 1e-6);
      expectClose(await kernelOf(ssm, 6, { method }), example[method].kernel, 1e-7, 1e-6);
      tf.dispose([...Object.values(discrete), ...Object.values(ssm)]);
    });
  });

  it("dss: the softmax kernel of length 4", async () => {
    const ssm = example.ssm();
    expectClose(await kernelOf(ssm, 4, { method: "dss" }), [-0.507878021, -0.4880003273, -0.4710743302, -0.4561110233], 1e-6, 1e-6);
    dispose(ssm);
  });
});

describe("s4dKernel", () => {
  it.each(methods)("%s equals running products in float64 to 3e-5 max|K|, chunked and naive, which agree as closely, for any spectrum and length", async (method) => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("lin", "inv", "legs", "real", "rand", "quad" as const), fc.constantFrom(2, 8, 64), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 2 ** 20 }), async (init, dState, features, length, seed) => {
        const { ssm, host, dispose } = await modelOf({ init, dState, features, seed });
        const expected = hostKernel(host, length, method);
        const bound = 3e-5 * largest(expected);
        const [chunked, naive] = [await kernelOf(ssm, length, { method, algorithm: "chunked" }), await kernelOf(ssm, length, { method, algorithm: "naive" })];
        expect(Math.max(furthest(chunked, expected), furthest(naive, expected), furthest(chunked, naive))).toBeLessThan(bound);
        dispose();
      }),
      { seed: 7, numRuns: 25 },
    );
  });

  it.each([
    [64, 3e-5],
    [256, 5e-5],
  ])("keeps S4D-Inv with N = %i within %d max|K| of float64 over 4096 steps", async (dState, tolerance) => {
    const { ssm, host, dispose } = await modelOf({ init: "inv", dState, features: 2, seed: 3 });
    const expected = hostKernel(host, 4096);
    expect(furthest(await kernelOf(ssm, 4096), expected)).toBeLessThan(tolerance * largest(expected));
    dispose();
  });

  it.each([
    [4, 1e-6], // float32 knows the phase Δπm·l to 6e-8 of itself, up to 3e-5 radians at m = 31
    [64, 3e-5],
  ])("of S4D-Lin with N = %i repeats after 2/Δ steps, less a factor e, to %d max|K|", async (dState, tolerance) => {
    const { ssm, host, dispose } = await modelOf({ init: "lin", dState, features: 2, dtMin: 0.1, dtMax: 0.1, seed: 5 });
    const kernel = await kernelOf(ssm, 60);
    expect(host.dt[0]).toBeCloseTo(0.1, 7);
    for (const h of [0, 1]) expectClose(kernel.slice(h * 60 + 20, h * 60 + 60), kernel.slice(h * 60, h * 60 + 40).map((k) => k / Math.E), tolerance * largest(kernel), 0);
    dispose();
  });

  it("has the energy 2 Σ|B̄|²/(1 − |Ā|²) for complex-normal C, and not twice or half of it", async () => {
    // The closed form from the specification's table, then 200 features as draws of C.
    for (const [init, dt, energy, length] of [
      ["lin", 0.1, 1.97474, 256],
      ["inv", 0.1, 3.52387, 256],
      ["lin", 0.01, 0.6232, 2048],
    ] as const) {
      const { aRe, aIm } = s4dInit(init);
      const closed = 2 * aRe.reduce((sum, re, m) => {
        const { a, b } = hostStep({ re, im: aIm[m]! }, dt, "zoh");
        return sum + (b.re ** 2 + b.im ** 2) / (1 - a.re ** 2 - a.im ** 2);
      }, 0);
      expect(closed).toBeCloseTo(energy, 4);
      const ssm = tf.tidy(() => ({ ...ssmOf(createParameters({ init, features: 200, dtMin: dt, dtMax: dt, seed: 11 })) }));
      const kernel = await kernelOf(ssm, length);
      const measured = kernel.reduce((sum, k) => sum + k * k, 0) / 200;
      expect(Math.abs(measured / energy - 1)).toBeLessThan(0.1);
      dispose(ssm);
    }
  });

  it("sums to −2 Re Σ C B/A under both rules", async () => {
    const { ssm, host, dispose } = await modelOf({ init: "inv", dState: 16, features: 2, dtMin: 0.05, dtMax: 0.1, seed: 8 });
    const gain = [0, 1].map((h) =>
      host.a.slice(h * 8, h * 8 + 8).reduce((sum, a, m) => {
        const product = times(host.b[h * 8 + m]!, host.c[h * 8 + m]!);
        return sum - (2 * (product.re * a.re + product.im * a.im)) / (a.re ** 2 + a.im ** 2);
      }, 0),
    );
    for (const method of methods) {
      const kernel = await kernelOf(ssm, 8192, { method }); // under the bilinear rule the fastest mode decays by e in some 300 steps
      expectClose([0, 1].map((h) => kernel.slice(h * 8192, (h + 1) * 8192).reduce((sum, k) => sum + k, 0)), gain, 2e-4, 3e-4);
    }
    dispose();
  });

  it("stays the same when Δ is halved and the rate doubled", async () => {
    const { ssm, dispose } = await modelOf({ init: "legs", dState: 16, features: 2, seed: 9 });
    const half = { ...ssm, dt: tf.mul(ssm.dt, 0.5) as tf.Tensor1D };
    for (const method of [...methods, "dss"] as const) expect(await kernelOf(half, 40, { method, rate: 2 })).toEqual(await kernelOf(ssm, 40, { method }));
    half.dt.dispose();
    dispose();
  });

  it("agrees between ZOH and bilinear to second order in the step", async () => {
    const apart = async (dt: number) => {
      const { ssm, dispose } = await modelOf({ init: "lin", dState: 4, features: 1, dtMin: dt, dtMax: dt, seed: 2 });
      const [zoh, bilinear] = [await kernelOf(ssm, 8), await kernelOf(ssm, 8, { method: "bilinear" })];
      dispose();
      return furthest(zoh, bilinear) / largest(zoh);
    };
    const [coarse, fine] = [await apart(0.08), await apart(0.02)];
    expect(coarse).toBeLessThan(0.2);
    expect(fine).toBeLessThan(coarse / 3.5); // B̄ differs by ΔA/2 at most, which halves and halves again
  });

  it("drops every mode at or above the bandlimit, and none below", async () => {
    const ssm = example.ssm(); // Δ|Im A|/2π = 0 and 0.05
    const first = { ...ssm, cRe: tf.tensor2d([[1, 0]]), cIm: tf.tensor2d([[0.5, 0]]) };
    expectClose(await kernelOf(ssm, 6, { bandlimit: 0.09 }), await kernelOf(first, 6), 1e-7, 0);
    expectClose(await kernelOf(ssm, 6, { bandlimit: 0.11 }), await kernelOf(ssm, 6), 0, 0);
    expectClose(await kernelOf(ssm, 6, { bandlimit: 0.09, rate: 2 }), await kernelOf(first, 6, { rate: 2 }), 1e-7, 0);
    tf.dispose([...Object.values(ssm), first.cRe, first.cIm]);
  });

  it("takes A = 0, a step that leaves Ā = 0, and real models without imaginary parts, with finite gradients", async () => {
    const aRe = [[0, -20, -1e-4, -1]];
    await expectTensorGrowth(0, async () => {
      for (const method of methods) {
        const inputs = [tf.tensor1d([0.1]), tf.tensor2d(aRe), tf.zeros([1, 4]), tf.ones([1, 4]), tf.ones([1, 4])];
        const gradients = tf.tidy(() =>
          tf.grads((dt: tf.Tensor, aRe: tf.Tensor, aIm: tf.Tensor, cRe: tf.Tensor, cIm: tf.Tensor) => tf.sum(s4dKernel({ dt, aRe, aIm, cRe, cIm } as Ssm, 5, { method })))(inputs),
        );
        for (const gradient of gradients) expect((await gradient.data()).every(Number.isFinite), method).toBe(true);
        const [dt, re, , c] = inputs as [tf.Tensor1D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
        const expected = hostKernel({ features: 1, modes: 4, dt: [Math.fround(0.1)], a: [-1e-4, -20, -1e-4, -1].map((re) => ({ re, im: 0 })), b: Array<Complex>(4).fill({ re: 1, im: 0 }), c: Array<Complex>(4).fill({ re: 1, im: 0 }) }, 5, method);
        expectClose(await kernelOf({ dt, aRe: re, cRe: c }, 5, { method }), expected, 3e-6, 1e-5);
        tf.dispose([...inputs, ...gradients]);
      }
    });
  });

  it("does not let a mode grow: a positive real part counts as −1e-4", async () => {
    const of = (re: number) => ({ dt: tf.tensor1d([0.1]), aRe: tf.tensor2d([[re]]), cRe: tf.tensor2d([[1]]) });
    const [growing, held] = [of(3), of(-1e-4)];
    expect(await kernelOf(growing, 50)).toEqual(await kernelOf(held, 50));
    dispose(growing);
    dispose(held);
  });

  it("gives one entry for length 1, and a leading axis for channels", async () => {
    const ssm = example.ssm();
    expectClose(await kernelOf(ssm, 1), [example.zoh.kernel[0]!], 1e-7, 0);
    const twice = { ...ssm, cRe: tf.stack([ssm.cRe, tf.zerosLike(ssm.cRe)]) as tf.Tensor3D, cIm: tf.stack([ssm.cIm!, tf.zerosLike(ssm.cRe)]) as tf.Tensor3D };
    const kernel = s4dKernel(twice, 6);
    expect(kernel.shape).toEqual([2, 1, 6]);
    expectClose(await kernel.data(), [...example.zoh.kernel, 0, 0, 0, 0, 0, 0], 1e-7, 1e-6);
    dispose(ssm);
    tf.dispose([kernel, twice.cRe, twice.cIm]);
  });
});

describe("discretize", () => {
  it("keeps |Ā| below 1 for every spectrum and step", async () => {
    for (const method of methods) {
      const { ssm, dispose } = await modelOf({ init: ["lin", "inv", "legs", "real"], features: 8, dtMin: 1e-4, dtMax: 1, seed: 1 });
      const discrete = discretize(ssm, { method });
      const [re, im] = [await discrete.aRe.data(), await discrete.aIm.data()];
      expect(largest(re.map((value, i) => Math.hypot(value, im[i]!)))).toBeLessThan(1);
      tf.dispose(Object.values(discrete));
      dispose();
    }
  });
});

describe("bad input", () => {
  const cases: [string, (ssm: Ssm) => unknown, "INVALID_OPTION" | "SHAPE_MISMATCH", string][] = [
    ["length 0", (ssm) => s4dKernel(ssm, 0), "INVALID_OPTION", "`length` must be an integer of at least 1, got 0"],
    ["a broken length", (ssm) => s4dKernel(ssm, 2.5), "INVALID_OPTION", "got 2.5"],
    ["an unknown method", (ssm) => s4dKernel(ssm, 4, { method: "euler" as never }), "INVALID_OPTION", '"zoh", "bilinear", "dss", got "euler"'],
    ["a kernel's method in discretize", (ssm) => discretize(ssm, { method: "dss" as never }), "INVALID_OPTION", '"zoh", "bilinear", got "dss"'],
    ["an unknown algorithm", (ssm) => s4dKernel(ssm, 4, { algorithm: "fast" as never }), "INVALID_OPTION", '"chunked", "naive", got "fast"'],
    ["rate 0", (ssm) => s4dKernel(ssm, 4, { rate: 0 }), "INVALID_OPTION", "s4dKernel: `rate` must be a finite number above 0, got 0"],
    ["a negative rate", (ssm) => discretize(ssm, { rate: -1 }), "INVALID_OPTION", "discretize: `rate`"],
    ["bandlimit 0", (ssm) => s4dKernel(ssm, 4, { bandlimit: 0 }), "INVALID_OPTION", "`bandlimit`"],
    ["C of another shape", (ssm) => s4dKernel({ ...ssm, cRe: ssm.dt as never }, 4), "SHAPE_MISMATCH", "`cRe` must have shape [1, 2], got [1]"],
    ["an imaginary part of another shape", (ssm) => s4dKernel({ ...ssm, aIm: ssm.dt as never }, 4), "SHAPE_MISMATCH", "`aIm` must have shape [1, 2], got [1]"],
    ["steps of another shape", (ssm) => s4dKernel({ ...ssm, dt: ssm.aRe as never }, 4), "SHAPE_MISMATCH", "`dt` must have shape [*], got [1, 2]"],
    ["Im B without Re B", (ssm) => s4dKernel({ ...ssm, bIm: ssm.aIm }, 4), "INVALID_OPTION", "`bRe` must be given where `bIm` is"],
  ];
  it.each(cases)("refuses %s, says what would do, and leaves no tensor", async (_, f, code, message) => {
    const ssm = example.ssm();
    const error = await expectTensorGrowth(0, () => thrown(() => f(ssm)));
    expect(WarmstartError.isInstance(error, code), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
    dispose(ssm);
  });
});

describe("memory", () => {
  it("grows by what is returned", async () => {
    const ssm = example.ssm();
    const kernel = await expectTensorGrowth(1, () => s4dKernel(ssm, 30, { bandlimit: 1 }));
    const softmax = await expectTensorGrowth(1, () => s4dKernel(ssm, 30, { method: "dss" }));
    const discrete = await expectTensorGrowth(4, () => discretize(ssm));
    const parameters = await expectTensorGrowth(8, () => createParameters({ features: 2, dState: 4 }));
    const made = await expectTensorGrowth(2, () => ssmOf(parameters));
    tf.dispose([kernel, softmax, ...Object.values(discrete), ...Object.values(parameters), made.dt, made.aRe]);
    dispose(ssm);
  });
});

describe("memory on the way", () => {
  /** Most bytes alive while a kernel is made, beside those before. */
  async function peak(length: number, algorithm: "chunked" | "naive"): Promise<number> {
    const { ssm, dispose: free } = await modelOf({ init: "inv", features: 2, dState: 64 });
    const before = tf.memory().numBytes;
    const { peakBytes } = await tf.profile(() => s4dKernel(ssm, length, { algorithm }).dispose());
    free();
    return peakBytes - before;
  }

  it("is of order H M √L + H L, where the naive way takes H M L", async () => {
    const bytes = (length: number) => 4 * 2 * (32 * Math.sqrt(length) + length);
    const lengths = [1024, 4096, 16384, 65536];
    const [chunked, naive]: [number[], number[]] = [[], []];
    for (const length of lengths) chunked.push((await peak(length, "chunked")) / bytes(length));
    for (const length of lengths.slice(0, 2)) naive.push((await peak(length, "naive")) / bytes(length));
    for (const share of chunked) expect(share).toBeLessThan(20);
    expect(naive[1]).toBeGreaterThan(4 * 20);
  });
});

describe("ssmOf", () => {
  it("gives back what createParameters started from, and holds runaway logarithms", async () => {
    const parameters = createParameters({ init: "real", features: 1, dState: 8, dtMin: 0.02, dtMax: 0.02 });
    const wild = { ...parameters, logDt: tf.tensor1d([90]) };
    const [ssm, held] = [ssmOf(parameters), ssmOf(wild)];
    expectClose(await ssm.dt.data(), [0.02], 0, 1e-6);
    expectClose(await ssm.aRe.data(), [-1, -2, -3, -4], 0, 1e-6);
    expectClose(await held.dt.data(), [Math.exp(5)], 0, 1e-5);
    tf.dispose([...Object.values(parameters), wild.logDt, ssm.dt, ssm.aRe, held.dt, held.aRe]);
  });

  it("passes NaN on, so that a model that diverged is seen to have", async () => {
    const parameters = createParameters({ init: "lin", features: 2, dState: 4 });
    const broken = { ...parameters, logDt: tf.tensor1d([NaN, -3]), logAReal: tf.tensor2d([[-1, NaN], [-1, -1]]) };
    const ssm = ssmOf(broken);
    expect(Array.from(await ssm.dt.data(), Number.isNaN)).toEqual([true, false]);
    expect(Array.from(await ssm.aRe.data(), Number.isNaN)).toEqual([false, true, false, false]);
    tf.dispose([...Object.values(parameters), broken.logDt, broken.logAReal, ssm.dt, ssm.aRe]);
  });

  it("gives C an axis for channels", () => {
    const parameters = createParameters({ features: 3, dState: 4, channels: 2 });
    expect(parameters.cRe.shape).toEqual([2, 3, 2]);
    tf.dispose({ ...parameters });
    expect(() => createParameters({ channels: 0 })).toThrow("`channels` must be an integer of at least 1, got 0");
  });
});
