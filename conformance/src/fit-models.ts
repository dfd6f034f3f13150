// What a user does, in Node and in a page alike: a backend by useBackend, then model.fit.
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@warmstart/init-core";
import { trainables } from "@warmstart/test-kit/models";

export interface Fits {
  readonly backend: string;
  readonly trainingKernels: boolean;
  /** By model, the loss of every epoch. */
  readonly losses: Readonly<Record<string, readonly number[]>>;
}

/** Fits each kind of model on WebAssembly. `wasmPaths` as `useBackend` takes it. */
export async function fitModels(wasmPaths?: string): Promise<Fits> {
  const { backend, trainingKernels } = await useBackend({ prefer: ["wasm"], ...(wasmPaths === undefined ? {} : { wasmPaths }) });
  const losses: Record<string, number[]> = {};
  for (const { title, build } of trainables) {
    const { model, x, y } = build();
    const { history } = await model.fit(x, y, { epochs: 10, batchSize: x.shape[0]!, shuffle: false, verbose: 0 });
    losses[title] = history.loss as number[];
    model.dispose();
    tf.dispose([x, y]);
  }
  return { backend, trainingKernels, losses };
}
