// A saved model as the two files that a user hands on.
import * as tf from "@tensorflow/tfjs";

/** The text of model.json, and the bytes of its weights. */
export interface SavedFiles {
  readonly json: string;
  readonly weights: readonly number[];
}

export async function filesOf(model: tf.LayersModel): Promise<SavedFiles> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler(async (artifacts) => ((saved = artifacts), { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } })));
  const { modelTopology, weightSpecs, weightData } = saved!;
  return { json: JSON.stringify({ modelTopology, weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }] }), weights: [...new Uint8Array(weightData as ArrayBuffer)] };
}

export function load({ json, weights }: SavedFiles): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(json) as { modelTopology: object; weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[] };
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0]!.weights, weightData: new Uint8Array(weights).buffer }));
}
