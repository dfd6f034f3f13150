// What is asked of every initializer, whatever its method. A check throws where it is not kept; broken.test.ts shows that each can.
import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize, loadPlan, networkOf, savePlan, WarmstartError, type Plan } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { expect } from "vitest";
import type { AnyInitializer, Batch, InitializerRow } from "./rows.js";

type Check = (row: InitializerRow) => Promise<void>;
type Values = Record<string, readonly number[]>;

const read = async (tensor: tf.Tensor): Promise<number[]> => Array.from(await tensor.data());
const readAll = async (tensors: Readonly<Record<string, tf.Tensor>>): Promise<Values> => Object.fromEntries(await Promise.all(Object.entries(tensors).map(async ([name, tensor]) => [name, await read(tensor)] as const)));
const variablesOf = (model: tf.LayersModel): Record<string, tf.Tensor> => Object.fromEntries(networkOf(model).parameters.map(({ path, variable }) => [path, variable]));
const valuesOf = (model: tf.LayersModel): Promise<Values> => readAll(variablesOf(model));

async function outputOf(model: tf.LayersModel, { xs }: Batch): Promise<number[]> {
  const output = model.predict(xs) as tf.Tensor;
  expect(output.dtype, "dtype of the output").toBe("float32");
  const values = await read(output);
  output.dispose();
  return values;
}

/** A target with its batch; they and every model that `apply` gave are freed afterwards. */
async function onTarget<T>(row: InitializerRow, use: (parts: { model: tf.LayersModel; batch: Batch; initializer: AnyInitializer; apply: (plan: Plan, to?: tf.LayersModel) => tf.LayersModel }) => Promise<T>): Promise<T> {
  const [model, batch] = [row.target.model(), row.target.batch()];
  const models = new Set([model]);
  const initializer = row.make(batch);
  const apply = (plan: Plan, to = model) => {
    const result = initializer.apply(to, plan) ?? to;
    models.add(to).add(result);
    return result;
  };
  try {
    return await use({ model, batch, initializer, apply });
  } finally {
    for (const used of models) disposeModel(used);
    tf.dispose([batch.xs, batch.ys]);
  }
}

function expectFinite(values: Values): void {
  for (const [name, numbers] of Object.entries(values)) expect(numbers.every(Number.isFinite), `"${name}" is finite`).toBe(true);
}

/** That `attempt` fails with an error of ours, changes nothing in `model` and leaks nothing. */
async function expectRefused(what: string, model: tf.LayersModel, attempt: () => unknown, accept: (error: unknown) => boolean): Promise<void> {
  const before = await valuesOf(model);
  const error = await expectTensorGrowth(0, async () => {
    try {
      await attempt();
      return undefined;
    } catch (caught) {
      return caught;
    }
  });
  expect(accept(error), `${what}: ${error === undefined ? "accepted" : String(error)}`).toBe(true);
  expect(await valuesOf(model), `the model after: ${what}`).toEqual(before);
}

/** By title, each a claim about an initializer. */
export const checks: Readonly<Record<string, Check>> = {
  "plans finite float32 tensors, and keeps shapes": (row) =>
    onTarget(row, async ({ model, batch, initializer, apply }) => {
      const shapes = (of: tf.LayersModel) => networkOf(of).parameters.map(({ path, shape }) => `${path} ${shape}`);
      const [before, outputShape] = [shapes(model), model.outputs[0]!.shape];
      const plan = await initializer.plan(model, { seed: 1 });
      expect(Object.keys(plan.tensors).length).toBeGreaterThan(0);
      for (const [name, { dtype }] of Object.entries(plan.tensors)) expect(dtype, `dtype of "${name}"`).toBe("float32");
      expectFinite(await readAll(plan.tensors));
      const { parameters } = networkOf(model);
      for (const { path, shape } of plan.targets) expect(parameters.find((parameter) => parameter.path === path)?.shape, `"${path}" in the network`).toEqual(shape);
      const result = apply(plan);
      plan.dispose();
      const names = (list: readonly string[]) => list.map((line) => line.split(" ")[0]);
      if (row.reshapes) expect(names(shapes(result))).toEqual(names(before));
      else if (row.removes) expect(before.filter((line) => !shapes(result).includes(line)).length).toBe(before.length - shapes(result).length);
      else expect(shapes(result)).toEqual(expect.arrayContaining(before));
      expect(result.outputs[0]!.shape).toEqual(outputShape);
      for (const [name, { dtype }] of Object.entries(variablesOf(result))) expect(dtype, `dtype of "${name}"`).toBe("float32");
      expectFinite({ ...(await valuesOf(result)), output: await outputOf(result, batch) });
    }),

  "gives the same numbers for the same seed, in the same code built again, and others for another seed where it draws": (row) =>
    onTarget(row, async ({ model, initializer }) => {
      const twin = row.target.model();
      const plans = [await initializer.plan(model, { seed: 1 }), await initializer.plan(twin, { seed: 1 }), await initializer.plan(model, { seed: 2 })];
      const [first, again, other] = await Promise.all(plans.map(async ({ tensors }) => Object.values(await readAll(tensors))));
      for (const plan of plans) plan.dispose();
      disposeModel(twin);
      expect(again).toEqual(first);
      if (row.drawn) expect(other).not.toEqual(first);
    }),

  "leaves the target as it was while planning, and writes to the plan's targets alone": (row) =>
    onTarget(row, async ({ model, initializer, apply }) => {
      const before = await valuesOf(model);
      const plan = await initializer.plan(model, { seed: 1 });
      expect(await valuesOf(model), "after planning").toEqual(before);
      const result = apply(plan);
      const targets = new Set(result === model ? plan.targets.map(({ path }) => path) : []);
      plan.dispose();
      for (const [path, values] of Object.entries(await valuesOf(model))) if (!targets.has(path)) expect(values, `"${path}" after applying`).toEqual(before[path]);
    }),

  "starts with the output it promises": (row) =>
    onTarget(row, async ({ model, batch, initializer, apply }) => {
      const before = await outputOf(model, batch);
      const plan = await initializer.plan(model, { seed: 1 });
      const after = await outputOf(apply(plan), batch);
      plan.dispose();
      if (row.atStart === "same") expectClose(after, before, 1e-5, 1e-5);
      else expect(Math.max(...after.map((value, i) => Math.abs(value - before[i]!))), "largest change of the output").toBeGreaterThan(1e-4);
    }),

  "owns its plan's tensors and leaks nothing": (row) =>
    onTarget(row, async ({ model, initializer }) => {
      await expectTensorGrowth(0, async () => {
        const before = tf.memory().numTensors;
        const plan = await initializer.plan(model, { seed: 1 });
        expect(tf.memory().numTensors - before, "tensors made by planning").toBe(Object.keys(plan.tensors).length);
        plan.dispose();
        plan.dispose();
      });
      await expectTensorGrowth(0, async () => {
        const { result, report } = await initialize(model, initializer, { seed: 1 });
        expect(report.toString().length).toBeGreaterThan(0);
        await valuesOf(result as tf.LayersModel); // the plan is gone, what was written stays
        if (result !== model) disposeModel(result as tf.LayersModel);
      });
    }),

  "is saved, comes back equal, and fits the same code built again": (row) =>
    onTarget(row, async ({ model, batch, initializer, apply }) => {
      const plan = await initializer.plan(model, { seed: 1 });
      const bytes = await savePlan(plan);
      const loaded = loadPlan(bytes);
      expect(await readAll(loaded.tensors)).toEqual(await readAll(plan.tensors));
      expect([loaded.method, loaded.details, loaded.targets, loaded.report.toJSON()]).toEqual([plan.method, plan.details, plan.targets, plan.report.toJSON()]);
      const twin = row.target.model();
      const matched = loadPlan(bytes, networkOf(twin));
      const [mine, its] = [await outputOf(apply(plan), batch), await outputOf(apply(matched, twin), batch)];
      for (const one of [plan, loaded, matched]) one.dispose();
      expect(its).toEqual(mine);
    }),

  "refuses bad options, another method's plan and another model, with an error of ours, and leaves all as it was": (row) =>
    onTarget(row, async ({ model, batch, initializer }) => {
      const ours = (error: unknown) => WarmstartError.isInstance(error);
      expect(row.bad.length).toBeGreaterThan(0);
      for (const [i, make] of row.bad.entries()) await expectRefused(`bad[${i}]`, model, () => make(batch).plan(model), ours);
      const plan = await initializer.plan(model, { seed: 1 });
      await expectRefused("another method's plan", model, () => initializer.apply(model, { ...plan, method: "another" }), (error) => WarmstartError.isInstance(error, "PLAN_MISMATCH"));
      const wider = row.target.wider();
      await expectRefused("another model", wider, () => initializer.apply(wider, plan), ours);
      disposeModel(wider);
      plan.dispose();
    }),

  "stops when it is aborted, before and while planning, and leaves all as it was": (row) =>
    onTarget(row, async ({ model, initializer }) => {
      const reason = new Error("enough");
      const isReason = (error: unknown) => error === reason;
      await expectRefused("aborted before", model, () => initializer.plan(model, { signal: AbortSignal.abort(reason) }), isReason);
      const controller = new AbortController();
      let told = 0;
      await expectRefused("aborted at the first progress", model, () => initializer.plan(model, { signal: controller.signal, onProgress: () => (told++, controller.abort(reason)) }), isReason);
      expect(told, "progress that was told").toBeGreaterThan(0);
    }),
};
