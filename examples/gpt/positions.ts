// Numbers the tokens of a window, so that positions have a stock Embedding.
import * as tf from "@tensorflow/tfjs";

/** Token ids `"batch time"` to positions 0, 1, 2, … of the same shape. No weights. */
export class Positions extends tf.layers.Layer {
  static readonly className = "Positions";

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return inputShape as tf.Shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [batch, time] = (Array.isArray(inputs) ? inputs[0]! : inputs).shape as [number, number];
      return tf.tile(tf.reshape(tf.range(0, time, 1, "int32"), [1, time]), [batch, 1]);
    });
  }
}
