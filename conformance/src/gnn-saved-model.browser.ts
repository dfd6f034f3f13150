// The page of gnn-saved-model.once.test.ts: loads a graph network on WebAssembly, gives it its graph, runs it, starts it by Virgo, trains it, and saves it.
import * as tf from "@tensorflow/tfjs";
import { createGraph, registerLayers, setGraph, virgo } from "@warmstart/gnn-virgo";
import { initialize, useBackend } from "@warmstart/init-core";
import { filesOf, type SavedFiles } from "./saved-files.js";

/** What the page saw and did. */
export interface Outcome {
  readonly backend: string;
  readonly predicted: readonly number[];
  readonly losses: readonly number[];
  readonly trained: SavedFiles;
}

export interface Given extends SavedFiles {
  readonly numNodes: number;
  readonly src: readonly number[];
  readonly dst: readonly number[];
  readonly labels: readonly number[];
}

async function runGraphNetwork({ json, weights, numNodes, src, dst, labels }: Given): Promise<Outcome> {
  const { backend } = await useBackend({ prefer: "wasm", wasmPaths: "/wasm/" });
  registerLayers();
  const model = await tf.loadLayersModel(tf.io.browserFiles([new File([json], "model.json"), new File([new Uint8Array(weights)], "weights.bin")]));
  const graph = createGraph({ numNodes, src, dst, undirected: true });
  setGraph(model, graph);
  const x = tf.eye(numNodes);
  const predicted = [...(await (model.predict(x, { batchSize: numNodes }) as tf.Tensor).data())];

  await initialize(model, virgo({ features: x }), { seed: 1 });
  model.compile({ optimizer: tf.train.adam(0.05), loss: "categoricalCrossentropy" });
  const { history } = await model.fit(x, tf.oneHot(tf.tensor1d([...labels], "int32"), 2), { epochs: 20, batchSize: numNodes, shuffle: false, verbose: 0 });
  graph.dispose();
  return { backend, predicted, losses: history.loss as number[], trained: await filesOf(model) };
}

Object.assign(globalThis, { runGraphNetwork });
