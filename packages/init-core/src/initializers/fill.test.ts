import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { initialize } from "../contract.js";
import { WarmstartError } from "../errors.js";
import { networkOf } from "../layers/network-of.js";
import { loadPlan, savePlan } from "../plan.js";
import { moments } from "../random/ks.fixture.js";
import { fill } from "./fill.js";
import { deltaOrthogonal, orthogonal } from "./orthogonal.js";
import { heNormal } from "./variance-scaling.js";

const build = () =>
  tf.sequential({
    layers: [
      tf.layers.depthwiseConv2d({ inputShape: [8, 8, 64], kernelSize: 3, padding: "same" }),
      tf.layers.conv2d({ filters: 64, kernelSize: 3, padding: "same" }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 64 }),
      tf.layers.dense({ units: 64 }),
    ],
  });
const weights = async (model: tf.LayersModel) => Promise.all(model.getWeights().map(async (weight) => Array.from(await weight.data())));
const failure = async (f: () => Promise<unknown>): Promise<WarmstartError> => {
  try {
    await f();
  } catch (error) {
    if (WarmstartError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("fill", () => {
  it("draws every kernel by its own fans, each from a seed of its own, and leaves biases alone", async () => {
    const model = build();
    const { result, report, details } = await expectTensorGrowth(0, () => initialize(model, fill(heNormal()), { seed: 1 }));
    expect(result).toBe(model);
    const [depthwise, depthwiseBias, conv, , fc1, , fc2] = await weights(model);
    expect(Math.abs(moments(depthwise!).variance / (2 / 9) - 1)).toBeLessThan(0.25); // 576 numbers; by shape alone it would be 2 / 576
    expect(Math.abs(moments(conv!).variance / (2 / 576) - 1)).toBeLessThan(0.05);
    expect(Math.abs(moments(fc1!).variance / (2 / 64) - 1)).toBeLessThan(0.1);
    expect(fc1).not.toEqual(fc2);
    expect(depthwiseBias!.every((value) => value === 0)).toBe(true);
    expect(report.tables[0]!.rows).toHaveLength(4);
    const [, , , fanIn, , std] = report.tables[0]!.rows[1]!;
    expect(fanIn).toBe(576);
    expect(std).toBeCloseTo(Math.sqrt(moments(conv!).variance), 5);
    expect(Object.keys(details)).toHaveLength(4);
    model.dispose();
  });

  it("gives the same numbers by position: the same code built twice, under other names, starts alike", async () => {
    const [first, second, other] = [build(), build(), build()];
    await initialize(first, fill(heNormal()), { seed: 1 });
    await initialize(second, fill(heNormal()), { seed: 1 });
    await initialize(other, fill(heNormal()), { seed: 2 });
    expect(await weights(second)).toEqual(await weights(first));
    expect((await weights(other))[0]).not.toEqual((await weights(first))[0]);
    // The initializer's own seed goes before that of initialize.
    await initialize(other, fill(heNormal({ seed: 1 })), { seed: 2 });
    expect(await weights(other)).toEqual(await weights(first));
    tf.dispose([first, second, other].flatMap((model) => model.getWeights()));
  });

  it("asks for each parameter, and skips those left undefined", async () => {
    const model = build();
    const before = await weights(model);
    await initialize(model, fill(({ role, shape }) => (role !== "kernel" ? undefined : shape.length === 4 ? deltaOrthogonal() : orthogonal())), { seed: 1 });
    const after = await weights(model);
    expect(after[0]).toEqual(before[0]);
    expect(after[2]!.filter((value) => value !== 0)).toHaveLength(64 * 64);
    const gram = tf.tidy(() => tf.matMul(tf.transpose(model.getWeights()[4]!), model.getWeights()[4]!));
    expectClose(await gram.data(), Array.from({ length: 64 * 64 }, (_, i) => (i % 65 === 0 ? 1 : 0)), 1e-5);
    gram.dispose();
    model.dispose();
  });

  it("plans without writing; the plan can be saved and put into the same model built again", async () => {
    const model = build();
    const before = await weights(model);
    const initializer = fill(heNormal());
    const plan = await initializer.plan(model, { seed: 4 });
    expect(await weights(model)).toEqual(before);
    const twin = build();
    const loaded = loadPlan(await savePlan(plan), networkOf(twin));
    initializer.apply(model, plan);
    initializer.apply(twin, loaded);
    plan.dispose();
    loaded.dispose();
    expect(await weights(twin)).toEqual(await weights(model));
    expect(await weights(model)).not.toEqual(before);
    tf.dispose([model, twin].flatMap((one) => one.getWeights()));
  });

  it("fails as a whole: nothing written, nothing leaked, the parameter named", async () => {
    const model = build();
    const before = await weights(model);
    const count = tensorCount();
    const narrow = await failure(() => initialize(model, fill(({ role }) => (role === "bias" ? orthogonal() : role === "kernel" ? heNormal() : undefined))));
    expect(narrow.code).toBe("SHAPE_MISMATCH");
    expect(narrow.message).toMatch(/^fill, parameter ".*bias": orthogonal: a kernel has at least two axes/);
    expect((await failure(() => initialize(model, fill(() => undefined)))).code).toBe("NO_MATCH");
    const controller = new AbortController();
    await expect(initialize(model, fill(heNormal()), { signal: controller.signal, onProgress: ({ done }) => done === 2 && controller.abort(new Error("enough")) })).rejects.toThrow("enough");
    const plan = await fill(heNormal()).plan(model);
    expect(() => fill(heNormal()).apply(model, { ...plan, method: "eva" })).toThrow('made by "eva"');
    expect(() => fill(heNormal()).apply(model, { ...plan, tensors: { ...plan.tensors, "no/such": Object.values(plan.tensors)[0]! } })).toThrow('no parameter "no/such"');
    plan.dispose();
    expect(await weights(model)).toEqual(before);
    expect(tensorCount()).toBe(count);
    model.dispose();
  });
});
