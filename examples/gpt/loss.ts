// The loss of a language model, with its gradient written out.
import * as tf from "@tensorflow/tfjs";

/**
 * Mean cross-entropy of the next token, in nats. The gradient is `softmax − oneHot`, here without a one-hot tensor of the
 * logits' size: with it and `logSoftmax` the loss takes more than twice as long, on WebAssembly and natively.
 *
 * @param labels token ids, int32 `"batch time"`.
 * @param logits `"batch time vocabulary"`.
 * @returns a scalar, owned by the caller.
 */
export function nextTokenLoss(labels: tf.Tensor, logits: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const ids = tf.cast(tf.reshape(labels, [-1]), "int32");
    const places = tf.stack([tf.range(0, ids.size, 1, "int32"), ids], 1);
    const loss = tf.customGrad((x, save) => {
      const rows = x as tf.Tensor2D;
      const shifted = tf.sub(rows, tf.max(rows, 1, true));
      const exponentials = tf.exp(shifted);
      const sums = tf.sum(exponentials, 1, true);
      (save as tf.GradSaveFunc)([exponentials, sums, places]);
      return {
        value: tf.mean(tf.sub(tf.log(tf.squeeze(sums, [1])), tf.gatherND(shifted, places))),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [e, z, at] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
          const share = tf.div(dy, at.shape[0]!);
          const softmax = tf.mul(e, tf.div(share, z));
          return tf.tensorScatterUpdate(softmax, at, tf.sub(tf.gatherND(softmax, at), share));
        },
      };
    });
    return loss(tf.reshape(logits, [-1, logits.shape.at(-1)!]));
  }) as tf.Scalar;
}
