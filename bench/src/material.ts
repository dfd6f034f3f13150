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

/** Even numbers between −1 and 1 from a seed; tf.randomUniform takes seconds for tens of millions of them. */
export function noise<R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> {
  const numbers = integers(tf.util.sizeFromShape(shape as number[]), 2 ** 24, seed);
  return tf.tensor(Float32Array.from(numbers, (value) => value / 2 ** 23 - 1), shape);
}

/** `count` whole numbers in 0 … below − 1 from a seed, `below` at most 2^24 (Marsaglia 2003, xorshift). */
export function integers(count: number, below: number, seed: number): Int32Array {
  let state = seed * 0x9e3779b1 | 1;
  return Int32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 8) / 2 ** 24) * below);
  });
}

/** Waits until a tensor has really been computed, also where backends are asynchronous: reads one entry. */
export async function finished(tensor: tf.Tensor): Promise<void> {
  const first = (x: tf.Tensor) => tf.slice(tf.reshape(x, [-1]), 0, 1);
  const entry = tf.tidy(() => {
    if (tensor.dtype !== "complex64") return first(tensor);
    return tf.getBackend() === "cpu" ? first(tf.real(tensor)) : tf.real(first(tensor)); // cpu slices no complex tensors; on others real copies
  });
  await entry.data();
  entry.dispose();
}
