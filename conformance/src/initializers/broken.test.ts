// The negative control of the matrix: a sound initializer passes every check, and every check is failed by one that is broken where it looks.
import * as tf from "@tensorflow/tfjs";
import { createPlan, createReport, expectPlan, networkOf, randomNormal, WarmstartError, type InitOptions, type Plan } from "@warmstart/init-core";
import { describe, expect, it } from "vitest";
import { checks } from "./checks.js";
import { denseTarget, type AnyInitializer, type InitializerRow } from "./rows.js";

/** Adds noise to every kernel, in place: the least that keeps the contract. */
const sound: AnyInitializer = {
  name: "noisy",
  async plan(target, { seed = 0, signal, onProgress }: InitOptions = {}) {
    signal?.throwIfAborted();
    const kernels = networkOf(target as tf.LayersModel).parameters.filter(({ role }) => role === "kernel");
    onProgress?.({ stage: "drawing", done: 1 });
    signal?.throwIfAborted();
    return createPlan({
      method: "noisy",
      details: { seed },
      targets: kernels.map(({ path, shape }) => ({ path, shape })),
      tensors: Object.fromEntries(kernels.map(({ path, shape, variable }, i) => [path, tf.tidy(() => tf.add(variable, randomNormal(shape, { seed: seed * 100 + i })))])),
      report: createReport({ title: "noisy" }),
    });
  },
  apply(target, plan) {
    const byPath = new Map(networkOf(target).parameters.map((parameter) => [parameter.path, parameter]));
    const entries = Object.entries(expectPlan(plan, "noisy", "noisy").tensors);
    for (const [path, { shape }] of entries) if (byPath.get(path)?.shape.join() !== shape.join()) throw new WarmstartError("PLAN_MISMATCH", `noisy: "${path}" has no shape [${shape}]`);
    for (const [path, value] of entries) byPath.get(path)!.variable.assign(value);
  },
};

const refusing: InitializerRow["bad"][number] = () => ({ ...sound, plan: () => Promise.reject(new WarmstartError("INVALID_OPTION", "noisy: an option is bad")) });
const rowOf = (initializer: AnyInitializer, more: Partial<InitializerRow> = {}): InitializerRow => ({ name: "test/noisy", target: denseTarget, make: () => initializer, bad: [refusing], atStart: "moved", drawn: true, ...more });

/** The sound one with another plan. */
const planning = (change: (plan: Plan, target: tf.LayersModel, options: InitOptions) => Plan | Promise<Plan>, more: Partial<AnyInitializer> = {}): AnyInitializer => ({ ...sound, plan: async (target, options = {}) => change(await sound.plan(target, options), target as tf.LayersModel, options), ...more });
const firstPath = (plan: Plan): string => plan.targets[0]!.path;
/** The plan with its first tensor put through `f`; the old one is freed. */
const altered = (plan: Plan, f: (tensor: tf.Tensor) => tf.Tensor): Plan => {
  const old = plan.tensors[firstPath(plan)]!;
  const tensors = { ...plan.tensors, [firstPath(plan)]: tf.tidy(() => f(old)) };
  old.dispose();
  return createPlan({ ...plan, tensors });
};
const bias = (model: tf.LayersModel) => networkOf(model).parameters.find(({ role }) => role === "bias")!.variable;
const shiftBias = (model: tf.LayersModel) => tf.tidy(() => bias(model).assign(tf.add(bias(model), 1)));

const [finite, repeatable, pure, atStart, memory, saved, refuses, aborts] = Object.keys(checks) as [string, string, string, string, string, string, string, string];
let count = 0;

/** What is wrong, the row, and the check that must see it. */
const broken: readonly (readonly [what: string, check: string, row: InitializerRow])[] = [
  ["plans NaN", finite, rowOf(planning((plan) => altered(plan, (tensor) => tf.mul(tensor, NaN))))],
  ["plans integers", finite, rowOf(planning((plan) => altered(plan, (tensor) => tf.cast(tensor, "int32"))))],
  ["names a target that is not there", finite, rowOf(planning((plan) => ({ ...plan, targets: [...plan.targets, { path: "nowhere/kernel", shape: [1] }] })))],
  ["plans nothing", finite, rowOf(planning((plan) => (plan.dispose(), { ...plan, tensors: {} })))],
  ["draws other numbers every time", repeatable, rowOf(planning((plan) => altered(plan, (tensor) => tf.add(tensor, ++count))))],
  ["draws by names that count up", repeatable, rowOf(planning((plan, model) => altered(plan, (tensor) => tf.add(tensor, Number(/\d+/.exec(model.layers[0]!.name)![0])))))],
  ["ignores the seed", repeatable, rowOf({ ...sound, plan: (target, options) => sound.plan(target, { ...options, seed: 5 }) })],
  ["writes while planning", pure, rowOf(planning((plan, model) => (shiftBias(model), plan)))],
  ["writes to what the plan does not name", pure, rowOf({ ...sound, apply: (model, plan) => (sound.apply(model, plan), void shiftBias(model)) })],
  ["moves the output where it promised not to", atStart, rowOf(sound, { atStart: "same" })],
  ["does nothing", atStart, rowOf({ ...sound, apply: (model, plan) => (expectPlan(plan, "noisy", "noisy"), void model) })],
  ["leaks while planning", memory, rowOf(planning((plan) => (tf.scalar(1), plan)))],
  ["hands out tensors that its plan does not free", memory, rowOf(planning((plan) => ({ ...plan, dispose: () => {} })))],
  ["leaks while applying", memory, rowOf({ ...sound, apply: (model, plan) => (sound.apply(model, plan), void tf.scalar(1)) })],
  ["has details that JSON loses", saved, rowOf(planning((plan) => ({ ...plan, details: { rank: NaN } })))],
  ["needs what is not in the plan", saved, rowOf({ ...sound, apply: (model, plan) => (sound.apply(model, plan), void tf.tidy(() => bias(model).assign(tf.fill(bias(model).shape, ++count)))) })],
  ["takes bad options", refuses, rowOf(sound, { bad: [() => sound] })],
  ["refuses with an error that is not ours", refuses, rowOf(sound, { bad: [() => { throw new TypeError("undefined is not a function"); }] })],
  ["leaks when it refuses", refuses, rowOf(sound, { bad: [() => (tf.scalar(1), refusing({ xs: tf.scalar(0), ys: tf.scalar(0) }))] })],
  ["takes another method's plan", refuses, rowOf({ ...sound, apply: (model, plan) => sound.apply(model, { ...plan, method: "noisy" }) })],
  ["writes before it checks", refuses, rowOf({ ...sound, apply: (model, plan) => (shiftBias(model), sound.apply(model, plan)) })],
  ["does not listen to the signal", aborts, rowOf({ ...sound, plan: (target, options = {}) => sound.plan(target, { ...options, signal: new AbortController().signal }) })],
  ["looks at the signal only at the start", aborts, rowOf({ ...sound, plan: (target, options = {}) => (options.signal?.aborted === true ? Promise.reject(options.signal.reason) : sound.plan(target, { ...options, signal: new AbortController().signal })) })],
  ["tells no progress", aborts, rowOf({ ...sound, plan: (target, { signal, ...options } = {}) => (signal?.throwIfAborted(), sound.plan(target, { ...options, onProgress: () => {} })) })],
];

const fails = async (check: string, row: InitializerRow): Promise<boolean> => {
  try {
    await checks[check]!(row);
    return false;
  } catch {
    return true;
  }
};

describe("the checks of the matrix", () => {
  it.each(Object.keys(checks))("pass a sound initializer: %s", (check) => checks[check]!(rowOf(sound)));

  it.each(broken)("see one that %s", async (_what, check, row) => {
    expect(await fails(check, row)).toBe(true);
  });

  it("are each failed by some broken initializer", () => {
    expect([...new Set(broken.map(([, check]) => check))]).toEqual(Object.keys(checks));
  });

  it("see a new model that is not the target's", async () => {
    const other: AnyInitializer = { ...sound, apply: (_model, plan) => (expectPlan(plan, "noisy", "noisy"), denseTarget.wider()) };
    expect(await fails(finite, rowOf(other))).toBe(true);
  });
});
