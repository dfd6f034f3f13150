// Batch normalization with the statistics of the batch as one operation: y = scale x̂ + offset with x̂ = (x − mean) r, r = 1 / √(variance + ε),
// both statistics functions of x. tfjs makes it of eight kernels, and of some seventy with both derivatives.
//
// First derivative: dx = scale r P(dy) with P(dy) = dy − m(dy) − x̂ m(dy x̂), where m is the mean over the batch.
// Second, towards x, with u the gradient towards dx: −r (x̂ m(u dx) + scale r P(u) m(dy x̂) + dx m(u x̂)). P is symmetric, so towards dy it is scale r P(u).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor4D } from "@tensorflow/tfjs-core";
import { GradientsError } from "../errors.js";
import { record, unrecorded } from "../kernel.js";
import { onceForAll } from "../once-for-all.js";
import { tensorFlowBackend, tensorFlowBatchNorm, tensorFlowBatchNormGradient } from "../tensorflow-operations.js";

/** All but the channels. */
const axes = [0, 1, 2];

/** What the derivatives need. Statistics are constants to tfjs' tape: the formulas count them as functions of x. */
interface Batch {
  readonly x: Tensor4D;
  readonly scale: Tensor1D;
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
  readonly epsilon: number;
}

/** `x`, of rank 2 to 4 and float32, normalized over all axes but the last, with the mean and the (biased) variance, which are not recorded for gradients. */
export function normalizeBatch(x: Tensor, scale: Tensor1D | null, offset: Tensor1D | null, epsilon: number): { readonly y: Tensor; readonly mean: Tensor1D; readonly variance: Tensor1D } {
  const channels = x.shape.at(-1)!;
  const x4 = (x.rank === 4 ? x : tf.reshape(x, [1, 1, -1, channels])) as Tensor4D;
  const [gamma, beta] = [scale ?? (tf.ones([channels]) as Tensor1D), offset ?? (tf.zeros([channels]) as Tensor1D)];
  const { y, mean, variance } = unrecorded(() => forward(x4, gamma, beta, epsilon));
  const gradients = (dy: Tensor, saved: readonly Tensor[]) => {
    const [x, scale, mean, variance] = saved as [Tensor4D, Tensor1D, Tensor1D, Tensor1D];
    const batch = { x, scale, mean, variance, epsilon };
    const both = backwardOnce(dy, batch);
    return { x: () => inputGradient(dy, batch, both), scale: () => scaleGradient(dy, batch, both), offset: () => tf.sum(dy, axes) };
  };
  const recorded = record({ x: x4, scale: gamma, offset: beta }, () => y, gradients, [x4, gamma, mean, variance]);
  return { y: tf.reshape(recorded, x.shape), mean, variance };
}

/** dx and Σ dy x̂. */
type Both = () => readonly [Tensor, Tensor];

const backwardOnce = (dy: Tensor, batch: Batch): Both => onceForAll(() => unrecorded(() => backward(dy, batch)));

/** dx. */
function inputGradient(dy: Tensor, batch: Batch, both: Both): Tensor {
  const { x, scale, mean, variance, epsilon } = batch;
  const gradients = (u: Tensor, [dx, dy, projection]: readonly Tensor[]) => {
    const own = backwardOnce(u, batch);
    const count = x.size / scale.size;
    const towardsInput = ([du, uProjection]: ReturnType<Both>) => () => {
      const over = tf.div(inverseDeviation(batch), -count);
      const along = tf.batchNorm(x, mean, variance, undefined, tf.mul(over, tf.sum(tf.mul(u, dx!), axes)) as Tensor1D, epsilon);
      return tf.add(tf.add(along, tf.mul(du, tf.mul(over, projection!))), tf.mul(dx!, tf.mul(over, uProjection)));
    };
    const towardsScale = ([, uProjection]: ReturnType<Both>) => () => {
      const means = tf.add(tf.mul(tf.sum(u, axes), tf.sum(dy!, axes)), tf.mul(uProjection, projection!));
      return tf.mul(inverseDeviation(batch), tf.sub(tf.sum(tf.mul(u, dy!), axes), tf.div(means, count)));
    };
    return {
      dy: () => inputGradient(u, batch, own),
      x: () => lastOrder({ u, dy: dy!, x, scale }, towardsInput(own())),
      scale: () => lastOrder({ u, dy: dy!, x }, towardsScale(own())),
    };
  };
  return record({ dy, x, scale }, () => tf.clone(both()[0]), gradients, [both()[0], dy, both()[1]]);
}

/** Σ dy x̂. */
function scaleGradient(dy: Tensor, batch: Batch, both: Both): Tensor {
  const { x, mean, variance, epsilon } = batch;
  const gradients = (u: Tensor, [dy]: readonly Tensor[]) => ({
    dy: () => lastOrder({ u, x }, () => tf.batchNorm(x, mean, variance, undefined, u as Tensor1D, epsilon)),
    x: () => lastOrder({ u, dy: dy!, x }, () => backward(dy!, { ...batch, scale: u as Tensor1D })[0]),
  });
  return record({ dy, x }, () => tf.clone(both()[1]), gradients, [dy]);
}

function lastOrder(inputs: Record<string, Tensor>, compute: () => Tensor): Tensor {
  return record(inputs, () => unrecorded(() => tf.tidy(compute)), () => {
    throw new GradientsError("UNSUPPORTED", "batch normalization in training: has gradients up to the second order. For a third, write it by tf.moments and tf.batchNorm.");
  });
}

/** r. */
const inverseDeviation = ({ variance, epsilon }: Pick<Batch, "variance" | "epsilon">): Tensor => tf.rsqrt(tf.add(variance, epsilon));

/** On a graphics card what TensorFlow keeps for the gradient is something else. */
function tensorFlowOnCpu() {
  const backend = tensorFlowBackend();
  return backend?.isUsingGpuDevice === false ? backend : undefined;
}

function forward(x: Tensor4D, scale: Tensor1D, offset: Tensor1D, epsilon: number) {
  const tensorFlow = tensorFlowOnCpu();
  if (tensorFlow !== undefined) return tensorFlowBatchNorm(tensorFlow, x, scale, offset, epsilon);
  const { mean, variance } = tf.moments(x, axes) as { mean: Tensor1D; variance: Tensor1D };
  return { y: tf.batchNorm(x, mean, variance, offset, scale, epsilon), mean, variance };
}

function backward(dy: Tensor, batch: Batch): [Tensor, Tensor] {
  const tensorFlow = tensorFlowOnCpu();
  return tf.tidy(() => (tensorFlow === undefined ? backwardOf(dy, batch) : tensorFlowBatchNormGradient(tensorFlow, dy, batch)));
}

function backwardOf(dy: Tensor, { x, scale, mean, variance, epsilon }: Batch): [Tensor, Tensor] {
  const count = x.size / scale.size;
  const r = inverseDeviation({ variance, epsilon });
  const projection = tf.mul(tf.sum(tf.mul(dy, tf.sub(x, mean)), axes), r);
  const slope = tf.mul(r, scale);
  const along = tf.batchNorm(x, mean, variance, tf.div(tf.mul(slope, tf.sum(dy, axes)), -count) as Tensor1D, tf.div(tf.mul(slope, projection), -count) as Tensor1D, epsilon);
  return [tf.add(tf.mul(dy, slope), along), projection];
}
