// The activations of the authors' layer, each with its gradient written out: a product or two instead of a tape of them.
import * as tf from "@tensorflow/tfjs-core";
import type { GradSaveFunc, Tensor } from "@tensorflow/tfjs-core";

/** x Φ(x) with the error function, not its approximation by tanh (Hendrycks and Gimpel 2016). First order only. */
export function gelu<T extends Tensor>(x: T): T {
  return tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [x, save] = args as [Tensor, GradSaveFunc];
    const share = below(x);
    save([x, share]);
    return {
      value: tf.mul(x, share),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [x, share] = saved as [Tensor, Tensor];
        const density = tf.mul(Math.sqrt(0.5 / Math.PI), tf.exp(tf.mul(-0.5, tf.square(x))));
        return tf.mul(dy, tf.add(share, tf.mul(x, density)));
      },
    };
  })(x) as T;
}

/** Φ, the share of a normal distribution below x. */
const below = (x: Tensor): Tensor => tf.add(0.5, tf.mul(0.5, tf.erf(tf.mul(x, Math.SQRT1_2))));

/** value · sigmoid(gate), the halves of the last axis (Dauphin et al. 2017). */
export function glu(x: Tensor): Tensor {
  const [value, gate] = tf.split(x, 2, -1) as [Tensor, Tensor];
  return tf.mul(value, tf.sigmoid(gate));
}
