// The page of crop-saved-model.once.test.ts: what a user's page would do with the two files of a saved model.
import * as tf from "@tensorflow/tfjs";
import { initialize } from "@warmstart/init-core";
import { preCrop } from "@warmstart/pruning-at-init";

/** A saved model: the text of model.json, and the bytes of its weights. */
export interface SavedFiles {
  readonly json: string;
  readonly weights: readonly number[];
}

async function cropSavedModel({ json, weights }: SavedFiles): Promise<SavedFiles> {
  await tf.setBackend("cpu");
  const files = [new File([json], "model.json"), new File([new Uint8Array(weights)], "weights.bin")];
  let saved: tf.io.ModelArtifacts | undefined;
  const keep = tf.io.withSaveHandler(async (artifacts) => ((saved = artifacts), { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } }));

  const model = await tf.loadLayersModel(tf.io.browserFiles(files));
  const { result: small } = await initialize(model, preCrop({ budget: { flops: 0.5 } }), { seed: 1 });
  await small.save(keep);

  const { modelTopology, weightSpecs, weightData } = saved!;
  return { json: JSON.stringify({ modelTopology, weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }] }), weights: [...new Uint8Array(weightData as ArrayBuffer)] };
}

Object.assign(globalThis, { cropSavedModel });
