import * as tf from "@tensorflow/tfjs";
import { WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { example, furthest, hostKernel, largest, modelOf, normals, thrown } from "./host.fixture.js";
import { createRecurrence, forwardState, kernelLength, s4dForward, stateResponse, type Recurrence, type Ssm, type State } from "./index.js";

const methods = ["zoh", "bilinear"] as const;
const exampleState = (): State => ({ re: tf.tensor3d([[[...example.x0.re]]]), im: tf.tensor3d([[[...example.x0.im]]]) });
const dispose = (...owners: object[]) => tf.dispose(owners.flatMap((owner) => Object.values(owner) as tf.Tensor[]));

/** All outputs of a recurrence for u "B H L", in the order of y "B H L". */
async function stepped(recurrence: Recurrence, u: tf.Tensor3D): Promise<Float32Array> {
  const y = tf.tidy(() => tf.stack(tf.unstack(u, 2).map((now) => recurrence.step(now as tf.Tensor2D)), 2));
  const values = await y.data<"float32">();
  y.dispose();
  return values;
}

const read = async (t: tf.Tensor): Promise<Float32Array> => {
  const values = await t.data<"float32">();
  t.dispose();
  return values;
};

const deviation = (y: ArrayLike<number>) => Math.sqrt(Array.from(y).reduce((sum, value) => sum + value * value, 0) / y.length);

describe.each(methods)("worked example 1 under %s", (method) => {
  it("comes out the same at once and step by step", async () => {
    await expectTensorGrowth(0, async () => {
      const [ssm, u, d] = [example.ssm(), tf.tensor3d([[[...example.u]]]), tf.tensor1d([...example.d])];
      const recurrence = await createRecurrence(ssm, { method, d });
      expectClose(await read(s4dForward(u, ssm, { method, d })), example[method].y, 2e-6, 1e-6);
      expectClose(await stepped(recurrence, u), example[method].y, 2e-6, 1e-6);
      recurrence.dispose();
      dispose(ssm, { u, d });
    });
  });

  it("adds what an initial state gives", async () => {
    const [ssm, state, u] = [example.ssm(), exampleState(), tf.tensor3d([[[...example.u]]])];
    expectClose(await read(stateResponse(ssm, state, 6, { method })), example[method].stateTerm, 2e-6, 1e-6);
    const [plain, with0] = [await read(s4dForward(u, ssm, { method })), await read(s4dForward(u, ssm, { method, state }))];
    expectClose(with0.map((value, i) => value - plain[i]!), example[method].stateTerm, 2e-6, 1e-6);
    dispose(ssm, state, { u });
  });
});

describe("forwardState", () => {
  it("is the final state of worked example 1", async () => {
    const [ssm, u] = [example.ssm(), tf.tensor3d([[[...example.u]]])];
    const state = await expectTensorGrowth(2, () => forwardState(u, ssm));
    expectClose(await state.re.data(), example.finalState.re, 1e-6, 1e-6);
    expectClose(await state.im.data(), example.finalState.im, 1e-6, 1e-6);
    dispose(ssm, state, { u });
  });
});

describe.each(methods)("a sequence of 1024 steps under %s", (method) => {
  const shape: [number, number, number] = [2, 3, 1024];
  const u = () => tf.tensor3d(normals(2 * 3 * 1024, 1), shape);

  it("gives within 2e-4 standard deviations the same at once, step by step, and in two halves with the state between", async () => {
    const { ssm, d, dispose: free } = await modelOf({ init: ["inv", "lin", "legs"], features: 3, dState: 16, seed: 4 });
    const input = u();
    const whole = await read(s4dForward(input, ssm, { method, d }));
    const bound = 2e-4 * deviation(whole);
    const recurrence = await createRecurrence(ssm, { method, d, batchSize: 2 });
    expect(furthest(await stepped(recurrence, input), whole)).toBeLessThan(bound);

    const cut = 400;
    const [first, second] = tf.split(input, [cut, 1024 - cut], 2) as [tf.Tensor3D, tf.Tensor3D];
    const between = forwardState(first, ssm, undefined, { method });
    const halves = await read(tf.tidy(() => tf.concat([s4dForward(first, ssm, { method, d }), s4dForward(second, ssm, { method, d, state: between })], 2)));
    expect(furthest(halves, whole)).toBeLessThan(bound);

    const end = forwardState(second, ssm, between, { method });
    for (const part of ["re", "im"] as const) expect(furthest(await end[part].data(), await recurrence.state[part].data())).toBeLessThan(1e-5);
    const later = await createRecurrence(ssm, { method, d, state: between });
    expect(furthest(await stepped(later, second), Float32Array.from({ length: 6 * (1024 - cut) }, (_, i) => whole[Math.floor(i / (1024 - cut)) * 1024 + cut + (i % (1024 - cut))]!))).toBeLessThan(bound);
    recurrence.dispose();
    later.dispose();
    dispose(between, end, { input, first, second });
    free();
  });
});

describe("s4dForward", () => {
  it("has gradients that finite differences confirm, in every parameter and in the state", async () => {
    const { ssm, d, dispose: free } = await modelOf({ init: "inv", features: 2, dState: 4, dtMin: 0.05, dtMax: 0.1, seed: 6 });
    const names = ["dt", "aRe", "aIm", "bRe", "bIm", "cRe", "cIm"] as const;
    const weights = tf.tensor3d(normals(2 * 2 * 20, 2), [2, 2, 20]);
    const values = [...names.map((name) => ssm[name]!), d, tf.tensor3d(normals(80, 3), [2, 2, 20]), tf.tensor3d(normals(8, 4), [2, 2, 2]), tf.tensor3d(normals(8, 5), [2, 2, 2])];
    for (const method of methods) {
      const loss = (...given: tf.Tensor[]): tf.Scalar =>
        tf.tidy(() => {
          const model = Object.fromEntries(names.map((name, i) => [name, given[i]!])) as unknown as Ssm;
          const state = { re: given[9] as tf.Tensor3D, im: given[10] as tf.Tensor3D };
          return tf.sum(tf.mul(weights, s4dForward(given[8] as tf.Tensor3D, model, { method, d: given[7] as tf.Tensor1D, state })));
        });
      const gradients = tf.tidy(() => tf.grads(loss)(values));
      for (const [i, gradient] of gradients.entries()) {
        const direction = normals(values[i]!.size, 20 + i);
        const step = i === 0 ? 5e-5 : 1e-3; // steps of Δ are small beside Δ. The reference cases hold gradients to 1e-3; differences in float32 cannot.
        const at = async (sign: number) => (await read(tf.tidy(() => loss(...values.map((value, j) => (j === i ? tf.add(value, tf.mul(tf.tensor(direction, value.shape), sign * step)) : value))))))[0]!;
        const slope = ((await at(1)) - (await at(-1))) / (2 * step);
        const given = (await gradient.data<"float32">()).reduce((sum, value, k) => sum + value * direction[k]!, 0);
        expect(Math.abs(slope - given), `${method}, input ${i}: ${slope} against ${given}`).toBeLessThan(1e-2 * Math.max(1, Math.abs(given)));
      }
      tf.dispose(gradients);
    }
    tf.dispose([weights, ...values.slice(8)]);
    free();
  });

  it("answers an impulse with the kernel from then on, nothing before, and nothing wrapped around", async () => {
    const { ssm, host, dispose: free } = await modelOf({ init: "inv", features: 1, dState: 16, dtMin: 0.001, dtMax: 0.001, seed: 2 });
    const [length, at] = [300, 170]; // the kernel has hardly decayed by the end
    const u = tf.tensor3d(Array.from({ length }, (_, t) => (t === at ? 1 : 0)), [1, 1, length]);
    const kernel = hostKernel(host, length - at);
    const y = await read(s4dForward(u, ssm));
    expect(largest(y.slice(0, at))).toBeLessThan(1e-6 * largest(kernel));
    expect(furthest(y.slice(at), kernel)).toBeLessThan(3e-5 * largest(kernel));
    u.dispose();
    free();
  });

  it("forgets what lies further back than lMax at the rate", async () => {
    const ssm = example.ssm();
    const impulse = tf.tensor3d([[[1, 0, 0, 0, 0, 0]]]);
    expectClose(await read(s4dForward(impulse, ssm, { lMax: 3 })), [...example.zoh.kernel.slice(0, 3), 0, 0, 0], 1e-6, 1e-6);
    expect([kernelLength(24, { lMax: 16, rate: 2 }), kernelLength(5, { lMax: 16 }), kernelLength(5), kernelLength(9, { lMax: 1, rate: 4 })]).toEqual([8, 5, 5, 1]);
    dispose(ssm, { impulse });
  });

  it("takes what follows a sequence's length as 0, which a bidirectional model needs", async () => {
    const { ssm, d, dispose: free } = await modelOf({ init: "lin", features: 2, dState: 4, channels: 2, seed: 1 });
    const [short, padded] = [tf.tensor3d(normals(10, 1), [1, 2, 5]), tf.pad(tf.tensor3d(normals(10, 1), [1, 2, 5]), [[0, 0], [0, 0], [0, 3]], 7) as tf.Tensor3D];
    const options = { bidirectional: true, d } as const;
    const [expected, masked, unmasked] = [s4dForward(short, ssm, options), s4dForward(padded, ssm, { ...options, lengths: [5] }), s4dForward(padded, ssm, options)];
    const start = (y: tf.Tensor3D) => read(tf.slice(y, [0, 0, 0], [1, 2, 5]));
    expectClose(await start(masked), await start(expected), 1e-6, 1e-6);
    expect(furthest(await start(unmasked), await start(expected))).toBeGreaterThan(0.01);
    tf.dispose([short, padded, expected, masked, unmasked]);
    free();
  });
});

describe("createRecurrence", () => {
  it("returns to where it began, keeps a copy of its model, and frees all it owns", async () => {
    await expectTensorGrowth(0, async () => {
      const [ssm, state, u] = [example.ssm(), exampleState(), tf.tensor3d([[[...example.u]]])];
      const recurrence = await createRecurrence(ssm, { state });
      const plain = await read(s4dForward(u, ssm, { state }));
      dispose(ssm, state);
      const first = await expectTensorGrowth(0, () => stepped(recurrence, u));
      expectClose(first, plain, 2e-6, 1e-6);
      recurrence.reset();
      expect(await stepped(recurrence, u)).toEqual(first);
      recurrence.dispose();
      recurrence.dispose();
      expect(WarmstartError.isInstance(await thrown(() => recurrence.step(u as never)), "MODEL_STATE")).toBe(true);
      u.dispose();
    });
  });

  it("runs many steps at once as it takes them one by one, for any length, and frees its matrices", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), fc.integer({ min: 1, max: 3 }), fc.constantFrom(2, 16), fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 999 }), (method, batchSize, dState, lengths, seed) =>
        expectTensorGrowth(0, async () => {
          const { ssm, d, dispose: free } = await modelOf({ init: ["legs", "lin"], features: 2, dState, seed });
          const [atOnce, oneByOne] = [await createRecurrence(ssm, { method, batchSize, d }), await createRecurrence(ssm, { method, batchSize, d })];
          for (const length of lengths) {
            const u = tf.tensor3d(normals(batchSize * 2 * length, seed), [batchSize, 2, length]);
            const expected = await stepped(oneByOne, u);
            expect(furthest(await read(atOnce.run(u)), expected)).toBeLessThan(2e-5 * Math.max(1, largest(expected)));
            for (const part of ["re", "im"] as const) expect(furthest(await atOnce.state[part].data(), await oneByOne.state[part].data())).toBeLessThan(1e-5);
            u.dispose();
          }
          atOnce.dispose();
          oneByOne.dispose();
          free();
        }),
      ),
      { seed: 6, numRuns: 10 },
    );
  });

  it("runs within 5e-4 standard deviations of the whole sequence over 4096 steps with N = 64", async () => {
    const { ssm, dispose: free } = await modelOf({ init: ["inv", "legs", "lin"], features: 3, seed: 5 });
    const recurrence = await createRecurrence(ssm);
    const u = tf.tensor3d(normals(3 * 4096, 2), [1, 3, 4096]);
    const whole = await read(s4dForward(u, ssm));
    expect(furthest(await read(recurrence.run(u)), whole)).toBeLessThan(5e-4 * deviation(whole));
    recurrence.dispose();
    u.dispose();
    free();
  });

  it("stays bounded over many steps of bounded input", async () => {
    const ssm: Ssm = { dt: tf.tensor1d([0.1]), aRe: tf.tensor2d([[-1e-4, -0.5]]), aIm: tf.tensor2d([[0, 3]]), cRe: tf.tensor2d([[1, 1]]) };
    const recurrence = await createRecurrence(ssm);
    const u = tf.ones<tf.Rank.R2>([1, 1]);
    for (let i = 0; i < 3000; i++) recurrence.step(u).dispose();
    // x = (e^{At} − 1)/A at t = 300: 1e4 (1 − e^{−0.03}) of the slow mode, −1/A = (0.5 + 3i)/9.25 of the other
    expectClose(await recurrence.state.re.data(), [1e4 * (1 - Math.exp(-0.03)), 0.5 / 9.25], 1e-5, 1e-3);
    expectClose(await recurrence.state.im.data(), [0, 3 / 9.25], 1e-5, 1e-3);
    recurrence.dispose();
    dispose(ssm, { u });
  });
});

describe("bad input", () => {
  const cases: [string, (ssm: Ssm, u: tf.Tensor3D, state: State) => unknown, "INVALID_OPTION" | "SHAPE_MISMATCH" | "NOT_FINITE", string][] = [
    ["a state with dState in place of dState / 2", (ssm, u) => s4dForward(u, ssm, { state: { re: u, im: u } }), "SHAPE_MISMATCH", "`state.re` must have shape [1, 1, 2], got [1, 1, 6]. Its axes are batch, features and modes; modes are dState / 2 conjugate pairs, not dState."],
    ["such a state, forwarded", (ssm, u) => forwardState(u, ssm, { re: u, im: u }), "SHAPE_MISMATCH", "forwardState: `state.re`"],
    ["such a state, stepped", (ssm, u) => createRecurrence(ssm, { state: { re: u, im: u } }), "SHAPE_MISMATCH", "createRecurrence: `state.re`"],
    ["a state with a short kernel", (ssm, u, state) => s4dForward(u, ssm, { state, lMax: 3 }), "INVALID_OPTION", "`state` must be left out"],
    ["a state with dss", (ssm, u, state) => s4dForward(u, ssm, { state, method: "dss" }), "INVALID_OPTION", "`state` must be left out"],
    ["two channels in a causal model", (ssm, u) => s4dForward(u, { ...ssm, cRe: u }), "SHAPE_MISMATCH", "`cRe`"],
    ["a bidirectional model without two channels", (ssm, u) => s4dForward(u, ssm, { bidirectional: true }), "SHAPE_MISMATCH", "`cRe` must have shape [2, 1, 2], got [1, 2]"],
    ["lMax 0", (ssm, u) => s4dForward(u, ssm, { lMax: 0 }), "INVALID_OPTION", "`lMax` must be an integer of at least 1, got 0"],
    ["rate 0", (ssm, u) => s4dForward(u, ssm, { rate: 0 }), "INVALID_OPTION", "`rate`"],
    ["lengths of another batch", (ssm, u) => s4dForward(u, ssm, { lengths: [1, 2] }), "INVALID_OPTION", "`lengths` must hold 1 integers from 0 to 6, got [1, 2]"],
    ["a length beyond the end", (ssm, u) => s4dForward(u, ssm, { lengths: [7] }), "INVALID_OPTION", "got [7]"],
    ["skip weights of another shape", (ssm, u) => s4dForward(u, ssm, { d: ssm.aRe as never }), "SHAPE_MISMATCH", "`d` must have shape [1], got [1, 2]"],
    ["no outputs", (ssm, _, state) => stateResponse(ssm, state, 0), "INVALID_OPTION", "`length`"],
    ["a batch of none", (ssm) => createRecurrence(ssm, { batchSize: 0 }), "INVALID_OPTION", "`batchSize`"],
    ["a growing state", (ssm) => createRecurrence({ ...ssm, aRe: ssm.cRe as tf.Tensor2D }), "INVALID_OPTION", "`aRe` must be below 0 everywhere, got 1"],
    ["an unknown method", (ssm, u) => forwardState(u, ssm, undefined, { method: "dss" as never }), "INVALID_OPTION", '"zoh", "bilinear", got "dss"'],
  ];
  it.each(cases)("refuses %s, says what would do, and leaves no tensor", async (_, f, code, message) => {
    const [ssm, u, state] = [example.ssm(), tf.tensor3d([[[...example.u]]]), exampleState()];
    const error = await expectTensorGrowth(0, () => thrown(() => f(ssm, u, state)));
    expect(WarmstartError.isInstance(error, code), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
    dispose(ssm, state, { u });
  });

  it.each([s4dForward, forwardState])("refuses input of other features", async (f) => {
    const [ssm, u] = [example.ssm(), tf.ones<tf.Rank.R3>([1, 2, 5])];
    const error = await expectTensorGrowth(0, () => thrown(() => f(u, ssm)));
    expect((error as Error).message).toContain("`u` must have shape [*, 1, *], got [1, 2, 5]. Its axes are batch, features and time.");
    dispose(ssm, { u });
  });

  it("refuses NaN in A, and a bidirectional model, where a state is asked for", async () => {
    const ssm = example.ssm();
    const nan = { ...ssm, aRe: tf.tensor2d([[NaN, -1]]) };
    const two = { ...ssm, cRe: tf.ones<tf.Rank.R3>([2, 1, 2]), cIm: undefined };
    expect(WarmstartError.isInstance(await expectTensorGrowth(0, () => thrown(() => createRecurrence(nan))), "NOT_FINITE")).toBe(true);
    const refused = await expectTensorGrowth(0, () => thrown(() => createRecurrence(two)));
    expect((refused as Error).message).toContain("a bidirectional model has none");
    const recurrence = await createRecurrence(ssm);
    const error = await expectTensorGrowth(0, () => thrown(() => recurrence.step(ssm.aRe)));
    expect((error as Error).message).toContain("step: `u` must have shape [1, 1], got [1, 2]");
    const run = await expectTensorGrowth(0, () => thrown(() => recurrence.run(nan.aRe as never)));
    expect((run as Error).message).toContain("run: `u` must have shape [1, 1, *], got [1, 2]. Its axes are batch, features and time.");
    recurrence.dispose();
    expect(WarmstartError.isInstance(await thrown(() => recurrence.run(nan.aRe as never)), "MODEL_STATE")).toBe(true);
    dispose(ssm);
    tf.dispose([nan.aRe, two.cRe]);
  });
});
