// The committed weights: tfjs' own model format with weights as float16, which tfjs widens while loading.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { Float16Array } from "@petamoriken/float16";
import * as tf from "@tensorflow/tfjs";
import { registerGptLayers } from "./model.js";

const committed = new URL("checkpoint/", import.meta.url);

/** The pretrained GPT, or the model in another folder; the caller disposes it. Weights are float32 again. */
export async function loadGpt(folder: URL = committed): Promise<tf.LayersModel> {
  registerGptLayers();
  return tf.loadLayersModel({
    load: async () => {
      const { modelTopology, weightsManifest } = JSON.parse(await readFile(new URL("model.json", folder), "utf8")) as tf.io.ModelJSON;
      const bytes = await readFile(new URL("weights.bin", folder));
      return { modelTopology, weightSpecs: weightsManifest.flatMap((group) => group.weights), weightData: new Uint8Array(bytes).buffer };
    },
  });
}

/** Writes `model.json` and `weights.bin` (float16), readable by every tfjs loader. A file is replaced whole or not at all. */
export async function saveGpt(model: tf.LayersModel, folder: URL): Promise<void> {
  await mkdir(folder, { recursive: true });
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      const specs = artifacts.weightSpecs!.map((spec): tf.io.WeightsManifestEntry => ({ ...spec, quantization: { dtype: "float16" } }));
      const weights = new Float16Array(new Float32Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData)));
      const json: tf.io.ModelJSON = { format: "layers-model", modelTopology: artifacts.modelTopology as tf.io.ModelJSON["modelTopology"], weightsManifest: [{ paths: ["weights.bin"], weights: specs }] };
      await replace(new URL("weights.bin", folder), new Uint8Array(weights.buffer));
      await replace(new URL("model.json", folder), `${JSON.stringify(json)}\n`);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
}

async function replace(file: URL, content: string | Uint8Array): Promise<void> {
  const partial = new URL(`${file.href}.partial`);
  await writeFile(partial, content);
  await rename(partial, file);
}
