// The largest entry of each segment, which tfjs has no kernel for: segments by size, those of about one size gathered into a table and reduced at once.
import * as tf from "@tensorflow/tfjs-core";
import type { GradSaveFunc, Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { gatherRows } from "@warmstart/gradients";

/**
 * Segments of rows, as tensors (those of `Segments` made with `segmentsOf`): of the segments of 2ᵏ⁻¹ + 1 to 2ᵏ members, `rows<k>` int32
 * `"segments 2^k"` has the members, short ones filled with their first, and `real<k>` float32 of the same shape is 0 where filled;
 * `order` int32 `"segments"` is the place of each segment in all tables one after the other, empty ones being behind the last.
 */
export type Segments = Readonly<Record<string, Tensor>> & { readonly order: Tensor1D };

/** Segments s = 0 … n − 1 with the members `members[pointers[s]] … members[pointers[s + 1] − 1]`; without `members` the positions themselves. */
export function segmentsOf(pointers: Int32Array, members?: Int32Array): Segments {
  const count = pointers.length - 1;
  const bySize: number[][] = [];
  for (let s = 0; s < count; s++) {
    const size = pointers[s + 1]! - pointers[s]!;
    if (size > 0) (bySize[Math.ceil(Math.log2(size))] ??= []).push(s);
  }
  const order = new Int32Array(count).fill(bySize.reduce((sum, list) => sum + list.length, 0));
  const tables: Record<string, Tensor> = {};
  let place = 0;
  bySize.forEach((list, k) => {
    const width = 2 ** k;
    const [rows, real] = [new Int32Array(list.length * width), new Float32Array(list.length * width)];
    for (const [i, s] of list.entries()) {
      const [begin, end] = [pointers[s]!, pointers[s + 1]!];
      for (let j = 0; j < width; j++) {
        const position = begin + j < end ? begin + j : begin;
        rows[i * width + j] = members === undefined ? position : members[position]!;
        real[i * width + j] = begin + j < end ? 1 : 0;
      }
      order[s] = place++;
    }
    tables[`rows${k}`] = tf.tensor2d(rows, [list.length, width], "int32");
    tables[`real${k}`] = tf.tensor2d(real, [list.length, width]);
  });
  return { ...tables, order: tf.tensor1d(order, "int32") };
}

/** Entries that a gathered table may have: more are reduced a part after the other. */
const most = 2 ** 22;

/** The tables, cut into parts whose gathered rows of `d` features have at most `most` entries. */
function parts(segments: Segments, d: number): { rows: Tensor2D; real: Tensor2D }[] {
  return Object.keys(segments)
    .filter((name) => name.startsWith("rows"))
    .flatMap((name) => {
      const [rows, real] = [segments[name] as Tensor2D, segments[name.replace("rows", "real")] as Tensor2D];
      const [count, width] = rows.shape;
      const step = Math.max(1, Math.floor(most / (width * d)));
      if (step >= count) return [{ rows, real }];
      return Array.from({ length: Math.ceil(count / step) }, (_, i) => {
        const size = Math.min(step, count - i * step);
        return { rows: tf.slice(rows, [i * step, 0], [size, width]), real: tf.slice(real, [i * step, 0], [size, width]) };
      });
    });
}

/** `"segments d"`: of x `"rows d"` the largest in each segment, feature by feature; 0 for an empty segment. Members that are equally large share the gradient. */
export function segmentMax(segments: Segments, x: Tensor2D): Tensor2D {
  const d = x.shape[1];
  const largest = tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [given, save] = args as [Tensor2D, GradSaveFunc];
    const tops = parts(segments, d).map(({ rows }) => tf.tidy(() => tf.max(gatherRows(given, rows), 1)));
    const found = tf.concat([...tops, tf.zeros([1, d])]);
    save([given, found]);
    return {
      value: gatherRows(found, segments.order),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [x, found] = saved as [Tensor2D, Tensor2D];
        // Back into the order of the tables; what came to empty segments goes nowhere.
        const slopes = tf.unsortedSegmentSum(dy, segments.order, found.shape[0]);
        let [sum, place]: [Tensor, number] = [tf.zerosLike(x), 0];
        for (const { rows, real } of parts(segments, d)) {
          const [count, width] = rows.shape;
          const top = tf.slice(found, [place, 0], [count, d]);
          const slope = tf.slice(slopes, [place, 0], [count, d]);
          place += count;
          sum = tf.tidy(() => {
            const wins = tf.mul(tf.cast(tf.equal(gatherRows(x, rows), tf.expandDims(top, 1)), "float32"), tf.expandDims(real, 2));
            const share = tf.mul(wins, tf.expandDims(tf.div(slope, tf.sum(wins, 1)), 1));
            return tf.add(sum, tf.unsortedSegmentSum(tf.reshape(share, [count * width, d]), tf.reshape(rows, [count * width]) as Tensor1D, x.shape[0]));
          });
        }
        return sum;
      },
    };
  });
  return largest(x) as Tensor2D;
}

/** `"segments"`: of x `"rows"` the largest in each segment, 0 for an empty one. Without a gradient. */
export function segmentTop(segments: Segments, x: Tensor1D): Tensor1D {
  return tf.tidy(() => {
    const tops = parts(segments, 1).map(({ rows }) => tf.max(gatherRows(x, rows), 1));
    return gatherRows(tf.concat([...tops, tf.zeros([1])]), segments.order) as Tensor1D;
  });
}
