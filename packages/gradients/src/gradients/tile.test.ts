import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { entries, expectGradients, spread } from "../finite-differences.fixture.js";
import { registerGradients, unregisterGradients } from "../index.js";

afterEach(() => unregisterGradients());

const gradientOf = (shape: number[], reps: number[]) =>
  tf.tidy(() => tf.grad((x) => { const y = tf.tile(x, reps); return tf.sum(tf.mul(y, spread(y.shape, 3))); })(spread(shape, 1)));

describe("the gradient of tile", () => {
  it("is tfjs' own up to rank 4, for any shape and repetitions", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 4 }), async (axes) => {
        const [shape, reps] = [axes.map(([size]) => size), axes.map(([, rep]) => rep)];
        unregisterGradients();
        const own = await entries(gradientOf(shape, reps));
        registerGradients({ only: ["Tile"] });
        expectClose(await entries(gradientOf(shape, reps)), own, 1e-5);
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  it("sums the repetitions: (1 2 3 4 5 6) tiled three times onto 2 gives (1+3+5, 2+4+6)", async () => {
    registerGradients({ only: ["Tile"] });
    expect(await entries(tf.tidy(() => tf.grad((x: tf.Tensor) => tf.tile(x, [3]), )(tf.tensor1d([7, 8]), tf.tensor1d([1, 2, 3, 4, 5, 6]))))).toEqual([9, 12]);
  });

  it("serves rank 5, which tfjs refuses", async () => {
    expect(() => gradientOf([2, 1, 2, 1, 2], [1, 2, 2, 1, 2])).toThrow(/not implemented for rank-5/);
    registerGradients({ only: ["Tile"] });
    const x = spread([2, 1, 2, 1, 2], 1);
    await expectGradients((at) => tf.tile(at, [1, 2, 2, 1, 2]), [x]);
    x.dispose();
  });

  it("leaves one tensor behind, the result", async () => {
    registerGradients({ only: ["Tile"] });
    (await expectTensorGrowth(1, () => gradientOf([2, 3], [2, 2]))).dispose();
  });
});
