// The page of mask-saved-model.once.test.ts: loads a classifier on WebAssembly, prunes it by SynFlow or SNIP, trains what is left, takes out the channels that are cut off, and saves both.
import * as tf from "@tensorflow/tfjs";
import { initialize, useBackend, type Initializer } from "@warmstart/init-core";
import { compact, snip, synflow, type PrunePlan, type Pruned } from "@warmstart/pruning-at-init";
import { filesOf, type SavedFiles } from "./saved-files.js";

export interface Given extends SavedFiles {
  readonly method: "synflow" | "snip";
  readonly compression: number;
  /** 8 × 8, one after the other. */
  readonly images: readonly number[];
  readonly labels: readonly number[];
}

/** What the page saw and did. */
export interface Outcome {
  readonly backend: string;
  /** By path. */
  readonly masks: Readonly<Record<string, readonly number[]>>;
  readonly losses: readonly number[];
  readonly trained: SavedFiles;
  readonly compacted: SavedFiles;
}

async function pruneSavedModel({ json, weights, method, compression, images, labels }: Given): Promise<Outcome> {
  const { backend } = await useBackend({ prefer: "wasm", wasmPaths: "/wasm/" });
  const model = await tf.loadLayersModel(tf.io.browserFiles([new File([json], "model.json"), new File([new Uint8Array(weights)], "weights.bin")]));
  const xs = tf.tensor4d([...images], [labels.length, 8, 8, 1]);
  const ys = tf.oneHot(tf.tensor1d([...labels], "int32"), 3);

  const pruning: Initializer<tf.LayersModel, PrunePlan, Pruned> = method === "snip" ? snip({ compression, data: [{ xs, ys }] }) : synflow({ compression });
  const { result: pruned } = await initialize(model, pruning);
  model.compile({ optimizer: pruned.keep(tf.train.adam(0.01)), loss: "categoricalCrossentropy" });
  const { history } = await model.fit(xs, ys, { epochs: 15, batchSize: 12, verbose: 0 });

  const masks = Object.fromEntries(await Promise.all(Object.entries(pruned.masks).map(async ([path, mask]) => [path, [...(await mask.data())]] as const)));
  const small = await compact(model, pruned.masks);
  return { backend, masks, losses: history.loss as number[], trained: await filesOf(model), compacted: await filesOf(small.model) };
}

Object.assign(globalThis, { pruneSavedModel });
