import * as tf from "@tensorflow/tfjs";
import { values } from "./compare.fixture.js";

/** A complex tensor of any shape, the same for a seed. */
export const complexTensor = (shape: number[], seed: number): tf.Tensor =>
  tf.tidy(() => {
    const size = tf.util.sizeFromShape(shape);
    return tf.complex(tf.tensor(values(size, seed), shape), tf.tensor(values(size, seed + 100), shape));
  });

/** The same computation on the cpu backend; it makes its own tensors. */
export async function onCpu<T>(f: () => Promise<T>): Promise<T> {
  const before = tf.getBackend();
  await tf.setBackend("cpu");
  try {
    return await f();
  } finally {
    await tf.setBackend(before);
  }
}
