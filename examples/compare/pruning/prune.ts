// From the dense network to what is trained: with masks, with fewer channels, or with fewer blocks.
import type * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize, networkOf, type Initializer, type LabelledBatch, type Plan } from "@warmstart/init-core";
import { channelGroups, force, grasp, layerLottery, magnitude, planCrop, preCrop, randomMasks, snip, synflow, type Pruned, type PrunePlan } from "@warmstart/pruning-at-init";
import type { Run } from "./results.js";
import type { Criterion, MaskMethod } from "./runs.js";

/** A network ready to train. The caller disposes model and masks. */
export interface Prepared {
  readonly model: tf.LayersModel;
  readonly pruned?: Pruned;
  /** Kernel weights left. */
  readonly weights: number;
  /** Whether the masks cut the inputs from the outputs. */
  readonly disconnected: boolean;
}

/** By ten images a class where data are needed; options are the package's defaults, but for fewer rounds of FORCE. */
const masks: Readonly<Record<MaskMethod, (density: number, data: readonly LabelledBatch[]) => Initializer<tf.LayersModel, PrunePlan, Pruned>>> = {
  random: (density) => randomMasks({ density, distribution: "global" }),
  ERK: (density) => randomMasks({ density }),
  magnitude: (density) => magnitude({ density }),
  SNIP: (density, data) => snip({ density, data }),
  GraSP: (density, data) => grasp({ density, data }),
  SynFlow: (density) => synflow({ density }),
  FORCE: (density, data) => force({ density, data, iterations: 20 }),
};

/** Takes `dense` over: the model of the result is `dense` itself, or `dense` is disposed. The data stay the caller's. */
export async function prepare(dense: tf.LayersModel, { part, method, amount, seed }: Run, data: readonly LabelledBatch[]): Promise<Prepared> {
  if (part === "masks") return masked(dense, method as MaskMethod, 1 / amount, data, seed);
  const budget = { flops: 1 / amount };
  if (part === "structured" && method === "PreCrop") return smaller(dense, preCrop({ budget }), seed);
  if (part === "structured") {
    const [before, after] = planCrop(channelGroups(dense), { budget }).kernelParams;
    return masked(dense, method as MaskMethod, after / before, data, seed);
  }
  // Of stages of two blocks, of which one may go: the defaults, made for deeper networks, would leave nothing to remove.
  if (part === "layers") return smaller(dense, layerLottery({ remove: amount, criterion: method as Criterion, data, excludeFirstBlock: false, minBlocksPerStage: 1 }), seed);
  return { model: dense, weights: kernelWeights(dense), disconnected: false };
}

async function masked(model: tf.LayersModel, method: MaskMethod, density: number, data: readonly LabelledBatch[], seed: number): Promise<Prepared> {
  const initializer = masks[method](density, data);
  const plan = await initializer.plan(model, { seed });
  try {
    const weights = Object.values(plan.details.kept).reduce((sum, count) => sum + count, 0);
    return { model, pruned: initializer.apply(model, plan), weights, disconnected: plan.details.disconnected };
  } finally {
    plan.dispose();
  }
}

async function smaller<P extends Plan>(dense: tf.LayersModel, initializer: Initializer<tf.LayersModel, P, tf.LayersModel>, seed: number): Promise<Prepared> {
  try {
    const { result } = await initialize(dense, initializer, { seed });
    return { model: result, weights: kernelWeights(result), disconnected: false };
  } finally {
    disposeModel(dense);
  }
}

function kernelWeights(model: tf.LayersModel): number {
  const kernels = networkOf(model).parameters.filter(({ role }) => role === "kernel");
  return kernels.reduce((sum, { shape }) => sum + shape.reduce((size, axis) => size * axis, 1), 0);
}
