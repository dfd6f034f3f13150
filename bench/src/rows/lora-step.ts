import * as tf from "@tensorflow/tfjs";
import { trainStep } from "@warmstart/examples/demo/train";
import { mobyDickTokens, randomBatches } from "@warmstart/examples/gpt/data";
import { buildGpt } from "@warmstart/examples/gpt/model";
import { vocabularySize } from "@warmstart/examples/gpt/tokenizer";
import { initialize } from "@warmstart/init-core";
import { kaiming } from "@warmstart/lora-init";
import type { Work } from "../definition.js";

const linear = /^block\d+\/(q|k|v|o|fc1|fc2)$|^head$/;

/** A step of Adam on adapters of rank 8 on every linear map of a GPT, windows of 64 tokens of Moby-Dick. */
export async function prepare({ width, blocks, batch = 16 }: { width: number; blocks: number; batch?: number }): Promise<Work> {
  const context = 64;
  const base = buildGpt({ vocabulary: vocabularySize, context, width, blocks, heads: 4, seed: 1 });
  const { result: model } = await initialize(base, kaiming({ r: 8, loraAlpha: 8, targetLayers: linear }), { seed: 1 });
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const optimizer = tf.train.adam(1e-3);
  const batches = randomBatches(mobyDickTokens("heldOut"), { context, batch, seed: 1 });
  return async () => {
    await trainStep(model, variables, optimizer, batches.next().value);
    return { dispose: () => undefined };
  };
}
