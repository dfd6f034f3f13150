// How far two sets of outputs are apart: the criteria for trained networks.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";

/**
 * Linear centered kernel alignment of two sets of features of the same samples: 1 when one is a rotation and scaling of the
 * other, 0 when they share nothing. Computed from the two Gram matrices, `"samples samples"`, whatever the widths.
 *
 * @param x `"samples a"`.
 * @param y `"samples b"`.
 * @returns a number between 0 and 1; 0 where the features of one do not vary.
 * @see S. Kornblith et al., Similarity of neural network representations revisited, ICML 2019, section 3.
 *
 * @example
 * const similarity = await linearCka(features, otherFeatures);
 */
export async function linearCka(x: Tensor2D, y: Tensor2D): Promise<number> {
  const sums = tf.tidy(() => {
    const [k, l] = [x, y].map((features) => {
      const centered = tf.sub(features, tf.mean(features, 0));
      const scaled = tf.divNoNan(centered, tf.norm(centered)); // the fourth powers of features would leave float32
      return tf.matMul(scaled, scaled, false, true);
    }) as [Tensor, Tensor];
    return tf.stack([tf.sum(tf.mul(k, l)), tf.norm(k), tf.norm(l)]);
  });
  const [both, one, other] = await sums.data();
  sums.dispose();
  return one! > 0 && other! > 0 ? Math.min(1, both! / (one! * other!)) : 0;
}

/**
 * Kullback–Leibler divergence of the ablated network's class probabilities from the intact one's, the mean over samples of
 * `Σ q (ln q − ln p)`. The softmax is taken here, once.
 *
 * @param intact `"samples classes"`, logits; gives p.
 * @param ablated Likewise; gives q.
 *
 * @example
 * const change = await klDivergence(logits, logitsWithoutTheBlock);
 */
export async function klDivergence(intact: Tensor, ablated: Tensor): Promise<number> {
  const mean = tf.tidy(() => {
    const [p, q] = [tf.logSoftmax(intact), tf.logSoftmax(ablated)];
    return tf.mean(tf.sum(tf.mul(tf.exp(q), tf.sub(q, p)), -1));
  });
  const [value] = await mean.data();
  mean.dispose();
  return value!;
}
