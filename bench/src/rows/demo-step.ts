import * as tf from "@tensorflow/tfjs";
import { mobyDickMaterial } from "@warmstart/examples/demo/data";
import { start } from "@warmstart/examples/demo/methods";
import { standard } from "@warmstart/examples/demo/protocol";
import { trainStep } from "@warmstart/examples/demo/train";
import type { Work } from "../definition.js";

/** A step of the demo's LoRA default, on its pretrained GPT and its text. */
export async function prepare(): Promise<Work> {
  const material = mobyDickMaterial(standard);
  const { model, variables } = await start("kaiming", await material.loadBase(), material, standard, { seed: 1 });
  const optimizer = tf.train.adam(standard.learningRates.kaiming);
  const batches = material.train(1);
  return async () => {
    await trainStep(model, variables, optimizer, batches.next().value);
    return { dispose: () => undefined };
  };
}
