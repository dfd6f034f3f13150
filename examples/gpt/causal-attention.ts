// Attention without weights of its own, so that its projections stay stock Dense layers that adapters and observers can see.
import * as tf from "@tensorflow/tfjs";

/** What a layer's constructor takes in tfjs. */
type LayerArgs = ConstructorParameters<typeof tf.layers.Layer>[0];

/**
 * Causal multi-head attention on queries, keys and values, each `"batch time width"`; the result has the same shape.
 * Position i sees positions 0 … i, or all of them where `causal` is false. Softmax of q·k/√(width of a head) (Vaswani et al. 2017, equation 1).
 */
export class CausalAttention extends tf.layers.Layer {
  static readonly className = "CausalAttention";
  private readonly heads: number;
  private readonly causal: boolean;

  constructor(config: LayerArgs & { heads: number; causal?: boolean }) {
    super(config);
    this.heads = config.heads;
    this.causal = config.causal ?? true;
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [queries] = inputShape as tf.Shape[];
    return queries!;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [q, k, v] = inputs as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
      const [batch, time, width] = q.shape;
      const size = width / this.heads;
      const split = (x: tf.Tensor, axes: number[]) => tf.transpose(tf.reshape(x, [batch, time, this.heads, size]), axes);
      const scores = tf.matMul(split(tf.mul(q, 1 / Math.sqrt(size)), [0, 2, 1, 3]), split(k, [0, 2, 3, 1]));
      const attention = tf.softmax(this.causal ? tf.add(scores, causalMask(time)) : scores);
      return tf.reshape(tf.transpose(tf.matMul(attention, split(v, [0, 2, 1, 3])), [0, 2, 1, 3]), [batch, time, width]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), heads: this.heads, causal: this.causal };
  }
}

/** `"time time"`: 0 where the row's position may look, −1e9 where it may not, which softmax makes exactly 0. */
function causalMask(time: number): tf.Tensor2D {
  const mask = new Float32Array(time * time);
  for (let row = 0; row < time; row++) mask.fill(-1e9, row * time + row + 1, (row + 1) * time);
  return tf.tensor2d(mask, [time, time]);
}
