// For tests: a GPT of 16 units and a text of 30 tokens that repeats with noise, so that a few steps show an effect.
import { randomGenerator } from "@warmstart/init-core";
import { orderedBatches, randomBatches } from "../gpt/data.js";
import { buildGpt } from "../gpt/model.js";
import type { Material } from "./methods.js";
import { standard, type Protocol } from "./protocol.js";

export const tinyProtocol: Protocol = {
  ...standard,
  steps: 5,
  evaluateEvery: 2,
  batch: 4,
  context: 8,
  heldOutBatches: 2,
  r: 2,
  loraAlpha: 2,
  coreRank: 6,
  initBatches: 3,
  learningRates: { full: 1e-2, kaiming: 1e-2, pissa: 1e-2, eva: 1e-2, "lora-sb": 1e-2 },
};

export function tinyMaterial({ context, batch, heldOutBatches }: Protocol = tinyProtocol): Material {
  const random = randomGenerator(7);
  const tokens = Int32Array.from({ length: 2000 }, (_, i) => (random.integer(5) === 0 ? random.integer(30) : i % 30));
  return {
    loadBase: () => Promise.resolve(buildGpt({ vocabulary: 30, context, width: 16, blocks: 1, heads: 2, seed: 1 })),
    train: (seed) => randomBatches(tokens.subarray(0, 1500), { context, batch, seed }),
    heldOut: () => orderedBatches(tokens.subarray(1500), { context, batch, limit: heldOutBatches }),
  };
}
