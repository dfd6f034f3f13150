import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError } from "@warmstart/init-core";

/**
 * Mean softmax cross-entropy of logits `"batch classes"`, the loss of the published scores.
 *
 * @param labels one-hot `"batch classes"`, or class numbers `"batch"` or `"batch 1"`.
 * @throws {WarmstartError} SHAPE_MISMATCH for labels that fit neither form.
 */
export function crossEntropy(labels: Tensor, logits: Tensor): Scalar {
  const [batch, classes] = logits.shape.slice(-2);
  const refuse = () => new WarmstartError("SHAPE_MISMATCH", `crossEntropy: the labels have shape [${labels.shape}], the logits [${logits.shape}]. Labels are one-hot, [${logits.shape}], or class numbers, [${batch}]; for another task give \`loss\`.`, { labels: labels.shape, logits: logits.shape });
  if (labels.shape.join() === logits.shape.join()) return tf.losses.softmaxCrossEntropy(labels, logits);
  if (logits.shape.length !== 2 || labels.size !== batch || labels.shape[0] !== batch) throw refuse();
  return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.cast(tf.reshape(labels, [batch]), "int32"), classes!), logits);
}

/** Throws for class numbers outside 0 … classes − 1, which `tf.oneHot` takes for "none of them". */
export async function checkLabels(caller: string, labels: Tensor, logitsShape: readonly number[]): Promise<void> {
  if (labels.shape.join() === logitsShape.join()) return;
  const classes = logitsShape.at(-1)!;
  const values = await labels.data();
  const bad = values.find((label) => !Number.isInteger(label) || label < 0 || label >= classes);
  if (bad !== undefined) throw new WarmstartError("INVALID_OPTION", `${caller}: a label is ${bad}, but the network has ${classes} outputs, for the classes 0 to ${classes - 1}. Check the labels, or the last layer's units.`, { label: bad, classes });
}
