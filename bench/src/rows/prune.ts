import * as tf from "@tensorflow/tfjs";
import { buildResnet } from "@warmstart/examples/models/resnet";
import { grasp, snip, synflow } from "@warmstart/pruning-at-init";
import type { Work } from "../definition.js";
import { integers, noise } from "../material.js";

/** Masks of an untrained ResNet-20 with projections, on noise of CIFAR-10's shape. */
export async function prepare(method: "snip" | "grasp" | "synflow"): Promise<Work> {
  const model = buildResnet({ depth: 20, seed: 1, shortcut: "projection" });
  const data = [{ xs: noise<tf.Rank.R4>([128, 32, 32, 3], 1), ys: tf.oneHot(tf.tensor1d(integers(128, 10, 2), "int32"), 10) }];
  const density = 0.1;
  const makers = { snip: () => snip({ density, data }), grasp: () => grasp({ density, data }), synflow: () => synflow({ density }) };
  const initializer = makers[method]();
  return async () => {
    const plan = await initializer.plan(model);
    return { dispose: () => plan.dispose() };
  };
}
