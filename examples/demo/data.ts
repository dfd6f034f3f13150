// The pretrained GPT and Moby-Dick, as the comparison takes them.
import { loadGpt } from "../gpt/index.js";
import { mobyDickTokens, orderedBatches, randomBatches, type Batch } from "../gpt/data.js";
import type { Material } from "./methods.js";
import type { Protocol } from "./protocol.js";

/** Adapts to 126 chapters, looks at the 13 held out. Tokenizes once, which takes some seconds. */
export function mobyDickMaterial(protocol: Protocol, checkpoint?: URL): Material {
  return material(mobyDickTokens("train"), mobyDickTokens("heldOut"), protocol, checkpoint);
}

/** For choosing learning rates: the last tenth of the same 126 chapters takes the place of the held-out ones, which stay unseen. */
export function developmentMaterial(protocol: Protocol, checkpoint?: URL): Material {
  const tokens = mobyDickTokens("train");
  const cut = Math.floor(tokens.length * 0.9);
  return material(tokens.subarray(0, cut), tokens.subarray(cut), protocol, checkpoint);
}

function material(train: Int32Array, heldOut: Int32Array, { context, batch, heldOutBatches }: Protocol, checkpoint?: URL): Material {
  return {
    loadBase: () => loadGpt(checkpoint),
    train: (seed) => randomBatches(train, { context, batch, seed }),
    heldOut: () => spaced(heldOut, { context, batch, count: heldOutBatches }),
  };
}

/** `count` batches, evenly spaced over the text. */
function* spaced(tokens: Int32Array, { context, batch, count }: { context: number; batch: number; count: number }): Generator<Batch> {
  const gap = Math.floor((tokens.length - 1) / (context * batch * count)) * context * batch;
  for (let i = 0; i < count; i++) yield* orderedBatches(tokens.subarray(i * gap), { context, batch, limit: 1 });
}
