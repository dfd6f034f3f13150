// The page of s4d-saved-model.once.test.ts: loads a classifier of sequences on WebAssembly, runs it whole and step by step, trains it, and saves it.
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@warmstart/init-core";
import { createModelStream, registerLayers, s4dOptimizer } from "@warmstart/ssm-s4d";
import { filesOf, type SavedFiles } from "./saved-files.js";

/** What the page saw and did. */
export interface Outcome {
  readonly backend: string;
  readonly predicted: readonly number[];
  readonly streamed: readonly number[];
  readonly losses: readonly number[];
  readonly trained: SavedFiles;
}

async function runSavedModel({ json, weights }: SavedFiles, sequence: readonly number[]): Promise<Outcome> {
  const { backend } = await useBackend({ prefer: "wasm", wasmPaths: "/wasm/" });
  registerLayers();
  const model = await tf.loadLayersModel(tf.io.browserFiles([new File([json], "model.json"), new File([new Uint8Array(weights)], "weights.bin")]));
  const x = tf.tensor3d([...sequence], [1, sequence.length, 1]);
  const predicted = [...(await (model.predict(x) as tf.Tensor).data())];

  const stream = await createModelStream(model);
  let streamed: number[] = [];
  for (const value of sequence) {
    const y = stream.step(tf.tensor2d([[value]]));
    streamed = [...(await y.data())];
    y.dispose();
  }
  stream.dispose();

  model.compile({ optimizer: s4dOptimizer(model, { learningRate: 0.02 }), loss: "categoricalCrossentropy" });
  const { history } = await model.fit(x, tf.tensor2d([[0, 1]]), { epochs: 8, verbose: 0 });
  return { backend, predicted, streamed, losses: history.loss as number[], trained: await filesOf(model) };
}

Object.assign(globalThis, { runSavedModel });
