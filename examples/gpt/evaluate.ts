// The loss of a model on given batches.
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "./data.js";
import { nextTokenLoss } from "./loss.js";

/** Mean next-token loss, in nats, over batches of equal size; disposes each batch. */
export async function meanLoss(model: tf.LayersModel, batches: Iterable<Batch>): Promise<number> {
  let sum = 0;
  let count = 0;
  for (const { xs, ys } of batches) {
    const loss = tf.tidy(() => nextTokenLoss(ys, model.apply(xs) as tf.Tensor));
    sum += (await loss.data())[0]!;
    count++;
    tf.dispose([xs, ys, loss]);
  }
  return sum / count;
}
