// What the rows work on, from fixed seeds; the peers' scripts make the same kinds.
import * as tf from "@tensorflow/tfjs";

const normal = (shape: [number, number], seed: number) => tf.randomNormal<tf.Rank.R2>(shape, 0, 1, "float32", seed);

/** i^-½ for i = 1 … length. */
const roots = (length: number) => tf.pow(tf.range(1, length + 1), -0.5);

/** `"rows columns"` with singular values that fall like i^-½, up to the randomness of its factors. */
export function decaying(rows: number, columns: number): tf.Tensor2D {
  const short = Math.min(rows, columns);
  return tf.tidy(() => tf.div(tf.matMul(tf.mul(normal([rows, short], 1), roots(short)) as tf.Tensor2D, normal([short, columns], 2)), Math.sqrt(rows * columns)) as tf.Tensor2D);
}

/** `"batch time width"`: normal tokens through one mixing matrix whose rows fall like i^-½. */
export function tokens(batch: number, time: number, width: number, seed: number): tf.Tensor3D {
  return tf.tidy(() => {
    const mix = tf.mul(tf.div(normal([width, width], 1000), Math.sqrt(width)), tf.expandDims(roots(width), 1)) as tf.Tensor2D;
    return tf.reshape(tf.matMul(normal([batch * time, width], seed), mix), [batch, time, width]);
  });
}

/** x + gelu(Dense(x)), `layers` times, on sequences of any length; the exact GELU, torch's default. */
export function residualStack(width: number, layers: number): tf.LayersModel {
  const input = tf.input({ shape: [null, width] });
  let x = input;
  for (let i = 0; i < layers; i++) {
    const dense = tf.layers.dense({ name: `fc${i}`, units: width, kernelInitializer: tf.initializers.randomUniform({ minval: -(width ** -0.5), maxval: width ** -0.5, seed: i }) });
    const active = tf.layers.activation({ activation: "gelu" }).apply(dense.apply(x)) as tf.SymbolicTensor;
    x = tf.layers.add().apply([x, active]) as tf.SymbolicTensor;
  }
  return tf.model({ inputs: input, outputs: x });
}

/** Waits until a tensor has really been computed, also where backends are asynchronous: reads one entry. */
export async function finished(tensor: tf.Tensor): Promise<void> {
  const entry = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), 0, 1));
  await entry.data();
  entry.dispose();
}
