// The labelled batches that blocks are scored on.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { eachBatch, WarmstartError, type Data, type LabelledBatch } from "@warmstart/init-core";

const clone = (tensors: Tensor | Tensor[]): Tensor | Tensor[] => (Array.isArray(tensors) ? tensors.map((tensor) => tensor.clone()) : tensors.clone());

/** Clones of the first batches, which share the buffers of the caller's: data that can be gone through once serve criteria that look twice. The caller disposes them. */
export async function takeBatches(data: Data<LabelledBatch>, caller: string, maxBatches: number, signal?: AbortSignal): Promise<LabelledBatch[]> {
  const batches: LabelledBatch[] = [];
  try {
    await eachBatch(data, { caller, maxBatches, signal }, (batch) => {
      if (batch?.xs === undefined || batch.ys === undefined) throw new WarmstartError("INVALID_OPTION", `${caller}: a batch must be { xs, ys }, inputs and labels; got ${typeof batch === "object" && batch !== null ? `{ ${Object.keys(batch).join(", ")} }` : typeof batch}.`);
      batches.push({ xs: clone(batch.xs), ys: clone(batch.ys) });
    });
    return batches;
  } catch (error) {
    disposeBatches(batches);
    throw error;
  }
}

export function disposeBatches(batches: readonly LabelledBatch[]): void {
  for (const { xs, ys } of batches) tf.dispose([xs, ys]);
}

export const sizeOf = ({ xs }: LabelledBatch): number => (Array.isArray(xs) ? xs[0]! : xs).shape[0] ?? 1;
