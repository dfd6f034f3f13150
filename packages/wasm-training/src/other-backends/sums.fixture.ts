// Sums: over axes, and by segment.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { anyType, each, filled, gradients, shapes, size, type Group } from "./comparison.fixture.js";

const reductions = fc.record({ shape: shapes({ min: 0, max: 6 }, 5), chosen: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), keepDims: fc.boolean(), dtype: anyType }).map(({ shape, chosen, ...more }) => ({ shape, axes: shape.flatMap((_, axis) => (chosen[axis] ? [axis - (axis % 2 === 0 ? 0 : shape.length)] : [])), ...more }));

/** More segments than ids, so that some are empty; ids from `lowest` on. */
const segments = (lowest: number, beyond: number) =>
  fc.record({ rows: size(30, 0), rest: shapes({ min: 0, max: 3 }, 6), count: size(12), dtype: fc.constantFrom<"float32" | "int32">("float32", "int32"), step: size(7) }).map(({ rows, count, step, ...more }) => ({ rows, count, ids: Array.from({ length: rows }, (_, i) => lowest + ((i * step) % (count - lowest + beyond))), ...more }));
type Segments = ReturnType<typeof segments> extends fc.Arbitrary<infer T> ? T : never;
// The cpu backend gives float32 for int32.
const segmentSum = ({ rows, rest, ids, count, dtype }: Segments) => () => tf.cast(tf.unsortedSegmentSum(filled([rows, ...rest], 1, dtype), tf.tensor1d(ids, "int32"), count), "float32");

export const sums: readonly Group[] = [
  {
    title: "sums of all types over any axes of up to six",
    covers: ["Sum"],
    cases: each(reductions, ({ shape, axes, keepDims, dtype }) => () => tf.sum(filled(shape, 1, dtype), axes, keepDims)),
  },
  {
    title: "means of all types over any axes of up to six",
    covers: ["Mean"],
    cases: each(reductions.filter(({ shape }) => !shape.includes(0)), ({ shape, axes, keepDims, dtype }) => () => tf.mean(filled(shape, 1, dtype), axes, keepDims)),
  },
  {
    title: "means of nothing",
    covers: ["Mean"],
    cases: each(reductions.filter(({ shape }) => shape.includes(0)), ({ shape, axes, keepDims, dtype }) => () => tf.mean(filled(shape, 1, dtype), axes, keepDims)),
    lacking: { cpu: "the mean of nothing is 0 there, not NaN" },
  },
  {
    title: "long sums and means",
    covers: ["Sum", "Mean"],
    cases: each(fc.tuple(size(3), size(2000), size(30), fc.subarray([0, 1, 2], { minLength: 1 })), ([a, b, c, axes]) => () => [tf.sum(filled([a, b, c], 1), axes), tf.mean(filled([a, b, c], 1), axes)]),
  },
  {
    title: "sums by segment, some empty, with negative ids",
    covers: ["UnsortedSegmentSum"],
    cases: each(segments(-2, 0), segmentSum),
  },
  {
    title: "sums by segment, with ids beyond the last",
    covers: ["UnsortedSegmentSum"],
    cases: each(segments(0, 3), segmentSum),
    lacking: { tensorflow: "it takes such ids for errors" },
  },
  {
    title: "the gradients of gathering: embeddings",
    covers: ["GatherV2", "UnsortedSegmentSum"],
    cases: each(fc.tuple(size(30), size(20), size(40)), ([rows, width, count]) => () => gradients((x) => tf.gather(x, tf.tensor1d(Array.from({ length: count }, (_, i) => (i * 7) % rows), "int32")), [filled([rows, width], 1)])),
  },
];
