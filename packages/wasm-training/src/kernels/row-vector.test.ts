import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { original, run, tensorOf } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

const operations = { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div } as const;

describe.each(Object.keys(operations) as (keyof typeof operations)[])("%s", (name) => {
  const f = operations[name];

  it("is the same to the last bit as that of the original kernel, for a vector on either side and for every other broadcast", async () => {
    const size = fc.integer({ min: 1, max: 9 });
    const shapes = fc.oneof(
      fc.tuple(fc.array(size, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 3 }), fc.boolean()).map(([shape, from, padded]): [number[], number[]] => [shape, [...(padded ? shape.slice(0, from).fill(1) : []), ...shape.slice(Math.min(from, shape.length - 1))]]),
      fc.constantFrom<[number[], number[]]>([[3, 1], [1, 5]], [[4, 5], [4, 1]], [[], [3]], [[2, 3, 4], [3, 1]], [[7, 50], [50]], [[5, 48], [48]], [[0, 3], [3]], [[1, 1], [1]], [[2, 3], [1, 1, 3]]), // prettier-ignore
    );
    await fc.assert(
      fc.asyncProperty(shapes, fc.boolean(), async ([shapeA, shapeB], swapped) => {
        const [a, b] = [tensorOf(shapeA, 1), tensorOf(shapeB, 2)];
        const apply = () => run(() => (swapped ? f(b, a) : f(a, b)));
        expect(await apply()).toEqual(await original(apply));
        tf.dispose([a, b]);
      }),
      { numRuns: 80, seed: 16 },
    );
  });

  it("leaves int32 to the original", async () => {
    const apply = () => run(() => f(tf.tensor2d([2, 4, 6, 8], [2, 2], "int32"), tf.tensor1d([1, 2], "int32")));
    expect(await apply()).toEqual(await original(apply));
  });

  it("gives the gradients of the original", async () => {
    const [a, b] = [tensorOf([5, 6], 3), tf.tidy(() => tf.add(tensorOf([6], 4), 3))];
    const gradient = (at: number) => run(() => tf.grads((a, b) => tf.sum(tf.square(f(a!, b!))))([a, b])[at]!);
    for (const at of [0, 1]) expectClose((await gradient(at)).values, (await original(() => gradient(at))).values, 1e-6, 1e-5);
    tf.dispose([a, b]);
  });
});
