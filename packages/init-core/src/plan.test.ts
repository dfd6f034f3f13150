import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { WarmstartError } from "./errors.js";
import { networkOf } from "./layers/network-of.js";
import { createPlan, loadPlan, savePlan } from "./plan.js";
import { createReport } from "./report.js";

const model = () => tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] }), tf.layers.dense({ units: 2 })] });

function planFor(network: ReturnType<typeof networkOf>) {
  const kernels = network.sites.map(({ kernel }) => kernel);
  return createPlan({
    method: "halve",
    details: { factors: Object.fromEntries(kernels.map(({ layer }, i) => [layer, i])) },
    targets: kernels.map(({ path, shape }) => ({ path, shape })),
    tensors: Object.fromEntries(kernels.map(({ path, variable }) => [path, tf.tidy(() => tf.div(variable, 2))])),
    report: createReport({ title: "halve", tables: [{ title: "layers", columns: ["layer"], rows: kernels.map(({ layer }) => [layer]) }] }),
  });
}

describe("savePlan and loadPlan", () => {
  it("give the plan back: details, targets, tensors bit by bit, report", async () => {
    const plan = planFor(networkOf(model()));
    const bytes = await savePlan(plan);
    const loaded = await expectTensorGrowth(2, () => loadPlan(bytes));
    expect({ ...loaded, tensors: 0, dispose: 0, report: loaded.report.toJSON() }).toEqual({ ...plan, tensors: 0, dispose: 0, report: plan.report.toJSON() });
    for (const [name, tensor] of Object.entries(plan.tensors)) expect(await loaded.tensors[name]!.data()).toEqual(await tensor.data());
    loaded.dispose();
    loaded.dispose();
  });

  it("match by order when the same code was built again under other automatic names", async () => {
    const first = networkOf(model());
    const bytes = await savePlan(planFor(first));
    const again = networkOf(model());
    expect(again.parameters[0]!.path).not.toBe(first.parameters[0]!.path);
    const loaded = loadPlan(bytes, again);
    expect(Object.keys(loaded.tensors)).toEqual(again.sites.map(({ path }) => path));
    expect(loaded.details).toEqual({ factors: Object.fromEntries(again.sites.map(({ layer }, i) => [layer, i])) });
    expect(loaded.report.tables[0]!.rows).toEqual(again.sites.map(({ layer }) => [layer]));
  });

  it("refuse another model, a cut file and another file, leaking nothing", async () => {
    const bytes = await savePlan(planFor(networkOf(model())));
    const other = networkOf(tf.sequential({ layers: [tf.layers.dense({ units: 5, inputShape: [3] })] }));
    const before = tensorCount();
    for (const attempt of [() => loadPlan(bytes, other), () => loadPlan(bytes.slice(0, -4)), () => loadPlan(bytes.slice(0, 5)), () => loadPlan(new TextEncoder().encode('\u0002\0\0\0\0\0\0\0{}'))]) {
      let error: unknown;
      try {
        attempt();
      } catch (caught) {
        error = caught;
      }
      expect(WarmstartError.isInstance(error, "PLAN_MISMATCH")).toBe(true);
    }
    expect(tensorCount()).toBe(before);
  });
});
