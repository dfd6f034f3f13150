// Shape initializers on a built model: every parameter with its own seed, and with the fans of its layer.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Initializer, InitOptions, Plan } from "../contract.js";
import { WarmstartError } from "../errors.js";
import { networkOf } from "../layers/network-of.js";
import type { Network, Parameter, Role } from "../network.js";
import { createPlan, expectPlan } from "../plan.js";
import { subSeed } from "../random/sub-seed.js";
import { createReport, type Cell } from "../report.js";
import { checkValue } from "../with-values.js";
import type { ShapeInitializer } from "./shape-initializer.js";

/** By parameter path: what drew it, and with which seed. */
export type FillDetails = Readonly<Record<string, { readonly className: string; readonly config: Readonly<Record<string, unknown>>; readonly seed: number }>>;

/** One initializer for all kernels (embeddings left out, since fans say little about lookups), or a choice for each parameter; undefined leaves it as it is. */
export type FillChoice = ShapeInitializer | ((parameter: Parameter) => ShapeInitializer | undefined);

const kernelRoles: readonly Role[] = ["kernel", "pointwise-kernel", "depthwise-kernel", "recurrent-kernel"];

/**
 * Draws the parameters of a built model anew, in place. Each has a sub-seed by its position in the whole network, so one seed
 * serves the model and the same code built twice is filled alike; depthwise, transposed and recurrent kernels get their own fans.
 *
 * The seed is the initializer's own where it has one, else that of `initialize`.
 *
 * @throws {WarmstartError} NO_MATCH when nothing is chosen, SHAPE_MISMATCH when an initializer does not fit a parameter's shape,
 *   PLAN_MISMATCH for another technique's plan; the model is then unchanged.
 *
 * @example
 * await initialize(model, fill(heNormal()), { seed: 1 });
 * await initialize(model, fill(({ role }) => (role === "recurrent-kernel" ? orthogonal() : undefined)), { seed: 1 });
 */
export function fill(choice: FillChoice): Initializer<LayersModel | Network, Plan<FillDetails>> {
  return { name: "fill", plan: (target, options) => planFill(asNetwork(target), choice, options), apply: (target, plan) => applyFill(asNetwork(target), plan) };
}

const asNetwork = (target: LayersModel | Network): Network => ("sites" in target ? target : networkOf(target));

async function planFill(network: Network, choice: FillChoice, { seed = 0, signal, onProgress }: InitOptions = {}): Promise<Plan<FillDetails>> {
  const chosen = network.parameters.flatMap((parameter, position) => {
    const initializer = typeof choice === "function" ? choice(parameter) : kernelRoles.includes(parameter.role) ? choice : undefined;
    return initializer === undefined ? [] : [{ parameter, position, initializer }];
  });
  if (chosen.length === 0) throw new WarmstartError("NO_MATCH", `fill: no parameter was chosen among ${network.parameters.map(({ path }) => path).join(", ") || "none"}. Return an initializer for at least one.`, {});
  const tensors: Record<string, Tensor> = {};
  const details: Record<string, FillDetails[string]> = {};
  try {
    for (const [done, { parameter, position, initializer }] of chosen.entries()) {
      signal?.throwIfAborted();
      const config = initializer.getConfig();
      const own = subSeed((config.seed as number | undefined) ?? seed, position);
      tensors[parameter.path] = draw(parameter, initializer, own);
      details[parameter.path] = { className: initializer.className, config, seed: own };
      onProgress?.({ stage: "drawing parameters", done: done + 1, total: chosen.length });
      await new Promise((resolve) => setTimeout(resolve, 0)); // lets an abort through
    }
    signal?.throwIfAborted();
    const stds = await deviations(Object.values(tensors));
    const rows = chosen.map(({ parameter, initializer }, i): Cell[] => [parameter.path, initializer.className, parameter.shape.join("×"), parameter.fans?.fanIn ?? null, parameter.fans?.fanOut ?? null, stds[i]!]);
    return createPlan<FillDetails>({
      method: "fill",
      details,
      targets: chosen.map(({ parameter: { path, shape } }) => ({ path, shape })),
      tensors,
      report: createReport({ title: "Parameters drawn anew", facts: { method: "fill", parameters: chosen.length, seed }, tables: [{ title: "Parameters", columns: ["parameter", "initializer", "shape", "fan-in", "fan-out", "std"], rows }] }),
    });
  } catch (error) {
    tf.dispose(tensors);
    throw error;
  }
}

function draw({ path, shape, fans }: Parameter, initializer: ShapeInitializer, seed: number): Tensor {
  try {
    return initializer.draw(shape, { seed, fans });
  } catch (error) {
    if (!WarmstartError.isInstance(error)) throw error;
    throw new WarmstartError(error.code, `fill, parameter "${path}": ${error.message}`, { ...error.details, path }, { cause: error });
  }
}

async function deviations(tensors: readonly Tensor[]): Promise<Float32Array> {
  const stds = tf.tidy(() => tf.stack(tensors.map((tensor) => tf.sqrt(tf.moments(tensor).variance))));
  try {
    return (await stds.data()) as Float32Array;
  } finally {
    stds.dispose();
  }
}

function applyFill(network: Network, plan: Plan): void {
  const { tensors } = expectPlan<FillDetails>(plan, "fill", "fill");
  const byPath = new Map(network.parameters.map((parameter) => [parameter.path, parameter]));
  for (const [path, value] of Object.entries(tensors)) checkValue("fill", path, value, byPath.get(path)?.shape, [...byPath.keys()]);
  // assign shares the buffer, so that the plan may be disposed afterwards.
  for (const [path, value] of Object.entries(tensors)) byPath.get(path)!.variable.assign(value);
}
