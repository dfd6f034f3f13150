// GATv2's score of an edge, which needs the sum of both ends before the activation: rows an edge, made and dropped a part at a time.
import * as tf from "@tensorflow/tfjs-core";
import type { GradSaveFunc, Tensor, Tensor1D, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import { gatherRows } from "@warmstart/gradients";
import type { EdgeOrder } from "./layout.js";

/** Numbers that a part may have. */
const most = 2 ** 22;

/** `"E*H"`, edge after edge: attention · leakyReLU(sources[source] + targets[target]), sources and targets `"N H*D"`, attention `"H D"`. First order only. */
export function pairScores({ sources: from, targets: to }: EdgeOrder, sources: Tensor2D, targets: Tensor2D, attention: Tensor2D, negativeSlope: number): Tensor1D {
  const [heads, units] = attention.shape;
  const edges = from.size;
  const step = Math.max(1, Math.floor(most / (heads * units)));
  const parts = Array.from({ length: Math.ceil(edges / step) }, (_, i) => ({ begin: i * step, size: Math.min(step, edges - i * step) }));
  const sum = (begin: number, size: number, left: Tensor2D, right: Tensor2D) => tf.reshape(tf.add(gatherRows(left, tf.slice(from, begin, size)), gatherRows(right, tf.slice(to, begin, size))), [size, heads, units]) as Tensor3D;
  const score = tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [left, right, vector, save] = args as [Tensor2D, Tensor2D, Tensor2D, GradSaveFunc];
    save([left, right, vector]);
    const scores = parts.map(({ begin, size }) => tf.tidy(() => tf.reshape(tf.sum(tf.mul(tf.leakyRelu(sum(begin, size, left, right), negativeSlope), vector), 2), [size * heads])));
    return {
      value: scores.length === 0 ? tf.zeros([0]) : tf.concat(scores),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [left, right, vector] = saved as [Tensor2D, Tensor2D, Tensor2D];
        let slopes: Tensor[] = [tf.zerosLike(left), tf.zerosLike(right), tf.zerosLike(vector)];
        for (const { begin, size } of parts) {
          slopes = tf.tidy(() => {
            const pair = sum(begin, size, left, right);
            const along = tf.reshape(tf.slice(dy, begin * heads, size * heads), [size, heads, 1]);
            const inner = tf.add(tf.mul(tf.cast(tf.greater(pair, 0), "float32"), 1 - negativeSlope), negativeSlope);
            const each = tf.reshape(tf.mul(tf.mul(along, vector), inner), [size, heads * units]);
            const nodes = (ends: Tensor1D) => tf.unsortedSegmentSum(each, tf.slice(ends, begin, size), left.shape[0]);
            return [tf.add(slopes[0]!, nodes(from)), tf.add(slopes[1]!, nodes(to)), tf.add(slopes[2]!, tf.sum(tf.mul(along, tf.mul(pair, inner)), 0))];
          });
        }
        return slopes;
      },
    };
  });
  return score(sources, targets, attention) as Tensor1D;
}
