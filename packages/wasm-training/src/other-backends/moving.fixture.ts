// Kernels that only move elements, of every type and rank.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { anyType, each, filled, shapes, size, type Group } from "./comparison.fixture.js";

const six = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 6, maxLength: 6 });
const anywhere = { shape: shapes({ min: 0, max: 6 }, 4), dtype: anyType };
const orders = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6, maxLength: 6 });
/** Where in an axis a part of it begins, and how much it is of what is left. */
const part = fc.tuple(fc.double({ min: 0, max: 0.99, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
const blockOf = (shape: number[], parts: [number, number][]) => {
  const begin = shape.map((count, axis) => Math.floor(count * parts[axis]![0]));
  return [begin, shape.map((count, axis) => Math.round((count - begin[axis]!) * parts[axis]![1]))] as const;
};

export const moving: readonly Group[] = [
  {
    title: "transposes",
    covers: ["Transpose"],
    cases: each(fc.record({ ...anywhere, orders }), ({ shape, dtype, orders }) => () => tf.transpose(filled(shape, 1, dtype), orders.filter((axis) => axis < shape.length))),
  },
  {
    title: "large transposes",
    covers: ["Transpose"],
    cases: each(fc.record({ shape: fc.array(size(30), { minLength: 2, maxLength: 3 }), orders }), ({ shape, orders }) => () => tf.transpose(filled(shape, 1), orders.filter((axis) => axis < shape.length))),
  },
  {
    title: "tiles",
    covers: ["Tile"],
    cases: each(fc.record({ ...anywhere, times: six(size(3)) }), ({ shape, dtype, times }) => () => tf.tile(filled(shape, 1, dtype), times.slice(0, shape.length))),
  },
  {
    title: "slices",
    covers: ["Slice"],
    cases: each(fc.record({ shape: shapes({ min: 1, max: 6 }, 4), dtype: anyType, parts: six(part) }), ({ shape, dtype, parts }) => () => tf.slice(filled(shape, 1, dtype), ...(blockOf(shape, parts) as [number[], number[]]))),
  },
  {
    title: "splits",
    covers: ["SplitV"],
    cases: each(fc.record({ shape: shapes({ min: 1, max: 6 }, 4), dtype: anyType, at: fc.nat(5), parts: fc.array(size(3, 0), { minLength: 1, maxLength: 4 }), back: fc.boolean() }), ({ shape, dtype, at, parts, back }) => () => {
      const axis = at % shape.length;
      return tf.split(filled(shape.map((count, i) => (i === axis ? parts.reduce((a, b) => a + b) : count)), 1, dtype), parts, back ? axis - shape.length : axis);
    }),
  },
  {
    title: "reversals",
    covers: ["Reverse"],
    cases: each(fc.record({ ...anywhere, chosen: six(fc.boolean()) }), ({ shape, dtype, chosen }) => () => tf.reverse(filled(shape, 1, dtype), shape.flatMap((_, axis) => (chosen[axis] ? [axis] : [])))),
  },
  {
    title: "clones, and what is made of them by concatenating, stacking and padding",
    covers: ["Identity"],
    cases: each(fc.record({ shape: shapes({ min: 1, max: 4 }, 4), dtype: anyType, at: fc.nat(3) }), ({ shape, dtype, at }) => () => {
      const [x, y] = [tf.clone(filled(shape, 1, dtype)), filled(shape, 2, dtype)];
      return [x, tf.concat([x, y], at % shape.length), tf.stack([x, y], at % shape.length), tf.pad(x, shape.map((_, axis) => [axis % 2, 1]))];
    }),
  },
  {
    title: "gathers along any axis, by indices of any rank",
    covers: ["GatherV2"],
    cases: each(fc.record({ shape: shapes({ min: 1, max: 4 }, 5), dtype: anyType, at: fc.nat(3), indices: fc.array(size(4, 0), { minLength: 1, maxLength: 2 }) }), ({ shape: given, dtype, at, indices }) => () => {
      const axis = at % given.length;
      const shape = given.map((count, i) => (i === axis ? Math.max(1, count) : count));
      return tf.gather(filled(shape, 1, dtype), tf.tensor(Array.from({ length: tf.util.sizeFromShape(indices) }, (_, i) => (i * 7 + 1) % shape[axis]!), indices, "int32"), axis);
    }),
  },
  {
    title: "gathers with batch dimensions, which stay with the backend",
    covers: [],
    cases: each(fc.tuple(size(4), size(5), size(6), anyType), ([batch, rows, count, dtype]) => () => tf.gather(filled([batch, rows, 3], 1, dtype), tf.tensor2d(Array.from({ length: batch * count }, (_, i) => (i * 7 + 1) % rows), [batch, count], "int32"), 1, 1)),
  },
];
