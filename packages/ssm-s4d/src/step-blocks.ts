// T steps of a recurrence as one matrix a feature: what makes a stream in chunks cheap. Two blocks after one another are a block of twice the size, so all sizes
// come from a single step by doubling.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import type { Discrete } from "./discretize.js";

/**
 * One step, `"H (1 + 2M) (1 + 2M)"`: the row [u, Re x, Im x] times it is [y, Re x′, Im x′], with x′ = Ā x + B̄ u and y = 2 Re Σ_m C_m x′_m + D u. Inside a tidy.
 *
 * @param c parts `"H M"`. @param d `"H"`
 */
export function stepBlock({ aRe, aIm, bRe, bIm }: Discrete, cRe: Tensor, cIm: Tensor, d: Tensor): Tensor3D {
  const modes = aRe.shape[1];
  const column = (t: Tensor) => tf.expandDims(t, 2); // "H M 1"
  const row = (t: Tensor) => tf.expandDims(t, 1); // "H 1 M"
  const diagonal = (t: Tensor2D) => tf.mul(column(t), tf.eye(modes));
  const outputOf = (re: Tensor, im: Tensor) => tf.mul(2, tf.sub(tf.mul(cRe, re), tf.mul(cIm, im))); // 2 Re(C z), mode by mode
  const direct = tf.reshape(tf.add(tf.sum(outputOf(bRe, bIm), 1), d), [-1, 1, 1]);
  return tf.concat(
    [
      tf.concat([direct, row(bRe), row(bIm)], 2),
      tf.concat([column(outputOf(aRe, aIm)), diagonal(aRe), diagonal(aIm)], 2),
      tf.concat([column(outputOf(tf.neg(aIm), aRe)), diagonal(tf.neg(aIm) as Tensor2D), diagonal(aRe)], 2),
    ],
    1,
  ) as Tensor3D;
}

/** The block of 2T steps of a block of T, [[K, W], [R, A]]: its rows are those of the first T inputs, of the others, and of the state. Inside a tidy. */
export function doubled(block: Tensor3D, steps: number): Tensor3D {
  const [features, size] = block.shape;
  const state = size - steps;
  const part = (from: Tensor, row: number, column: number, rows: number, columns: number) => tf.slice(from, [0, row, column], [features, rows, columns]);
  const [k, w, r] = [part(block, 0, 0, steps, steps), part(block, 0, steps, steps, state), part(block, steps, 0, state, steps)];
  const through = tf.matMul(part(block, 0, steps, size, state), part(block, steps, 0, state, size)); // [[W R, W A], [A R, A A]]: by way of the state between
  return tf.concat(
    [
      tf.concat([k, part(through, 0, 0, steps, size)], 2),
      tf.concat([tf.zerosLike(k), k, w], 2),
      tf.concat([r, part(through, steps, 0, state, size)], 2),
    ],
    1,
  ) as Tensor3D;
}
