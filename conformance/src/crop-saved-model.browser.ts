// The page of crop-saved-model.once.test.ts: what a user's page would do with the two files of a saved model.
import * as tf from "@tensorflow/tfjs";
import { initialize } from "@warmstart/init-core";
import { preCrop } from "@warmstart/pruning-at-init";
import { filesOf, type SavedFiles } from "./saved-files.js";

async function cropSavedModel({ json, weights }: SavedFiles): Promise<SavedFiles> {
  await tf.setBackend("cpu");
  const files = [new File([json], "model.json"), new File([new Uint8Array(weights)], "weights.bin")];
  const model = await tf.loadLayersModel(tf.io.browserFiles(files));
  const { result: small } = await initialize(model, preCrop({ budget: { flops: 0.5 } }), { seed: 1 });
  return filesOf(small);
}

Object.assign(globalThis, { cropSavedModel });
