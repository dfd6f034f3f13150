// Layer normalization whose gradient is written out. tfjs' own layer tiles its statistics and gains to the input, and the
// gradient of a tile is one slice a repetition: 20 000 of them in a step of this model.
import * as tf from "@tensorflow/tfjs";

const epsilon = 1e-5;

/** Ba, Kiros and Hinton 2016, over the last axis, with weights `gamma` and `beta` as in tfjs' layer. */
export class LayerNorm extends tf.layers.Layer {
  static readonly className = "LayerNorm";
  private gamma!: tf.LayerVariable;
  private beta!: tf.LayerVariable;

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const width = (inputShape as tf.Shape).at(-1)!;
    this.gamma = this.addWeight("gamma", [width], "float32", tf.initializers.ones());
    this.beta = this.addWeight("beta", [width], "float32", tf.initializers.zeros());
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return inputShape as tf.Shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      return tf.add(tf.mul(normalize(x), this.gamma.read()), this.beta.read());
    });
  }
}

/** (x − mean) / √(variance + ε) over the last axis. Gradient: (dy − mean(dy) − y · mean(dy · y)) / √(variance + ε). */
function normalize(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((input, save) => {
    const centred = tf.sub(input as tf.Tensor, tf.mean(input as tf.Tensor, -1, true));
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    const value = tf.mul(centred, scale);
    (save as tf.GradSaveFunc)([value, scale]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [y, s] = saved as [tf.Tensor, tf.Tensor];
        const along = tf.mul(y, tf.mean(tf.mul(dy, y), -1, true));
        return tf.mul(tf.sub(tf.sub(dy, tf.mean(dy, -1, true)), along), s);
      },
    };
  })(x);
}
