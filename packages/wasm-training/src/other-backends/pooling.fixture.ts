// Max pooling's gradient and batch normalization.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { each, filled, gradients, size, type Group } from "./comparison.fixture.js";

type ExplicitPad = [[number, number], [number, number], [number, number], [number, number]];
const pair = (max: number) => fc.tuple(size(max), size(max));
const pools = (pad: fc.Arbitrary<ExplicitPad | "same" | "valid" | number>) => fc.record({ batch: size(3, 0), image: fc.tuple(size(9, 3), size(9, 3)), channels: size(9), window: pair(3), strides: pair(3), pad });
type Pool = ReturnType<typeof pools> extends fc.Arbitrary<infer T> ? T : never;
// Some windows without a positive entry.
const pooled = ({ batch, image, channels, window, strides, pad }: Pool) => () => gradients((x) => tf.maxPool(x as tf.Tensor4D, window, strides, pad as number), [tf.sub(filled([batch, ...image, channels], 1), 0.5)]);
const some = size(2, 0);

/** Which of offset and scale there are. */
const normalizations = fc.record({ rows: fc.array(size(6, 0), { minLength: 3, maxLength: 3 }), channels: size(20), offset: fc.boolean(), scale: fc.boolean() });
const positive = (shape: number[], seed: number) => tf.add(tf.abs(filled(shape, seed)), 0.1);

export const pooling: readonly Group[] = [
  {
    title: "gradients of max pooling, window and strides of any shape",
    covers: ["MaxPoolGrad"],
    cases: each(pools(fc.constantFrom("same", "valid")), pooled),
  },
  {
    title: "gradients of max pooling, padding by side",
    covers: ["MaxPoolGrad"],
    // No window of nothing but padding.
    cases: each(pools(fc.tuple(some, some, some, some).map(([a, b, c, d]) => [[0, 0], [a, b], [c, d], [0, 0]])).filter(({ window, pad }) => (pad as [number, number][]).flat().every((count) => count < Math.min(...window))), pooled),
    lacking: { tensorflow: "it pads by name only" },
  },
  {
    title: "batch normalization by channel, with and without offset and scale",
    covers: ["FusedBatchNorm"],
    cases: each(normalizations, ({ rows, channels, offset, scale }) => () => tf.batchNorm(filled([...rows, channels], 1), filled([channels], 2) as tf.Tensor1D, positive([channels], 3) as tf.Tensor1D, offset ? (filled([channels], 4) as tf.Tensor1D) : undefined, scale ? (filled([channels], 5) as tf.Tensor1D) : undefined)),
  },
  {
    title: "batch normalization by element, which stays with the backend",
    covers: [],
    cases: each(fc.array(size(4), { minLength: 4, maxLength: 4 }), (shape) => () => tf.batchNorm(filled(shape, 1), filled(shape, 2), positive(shape, 3), filled(shape, 4), filled(shape, 5)) ),
  },
];
