import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entries, orthonormalityError, randomMatrix } from "./matrices.fixture.js";
import { symmetricEigen, symmetricEigenHost } from "./symmetric-eigen.js";

describe("symmetricEigen", () => {
  it("decomposes [[2, 1], [1, 2]] as by hand: 3 with (1, 1), 1 with (1, -1), first large entry positive", async () => {
    const { values, vectors } = await symmetricEigen(tf.tensor2d([[2, 1], [1, 2]]));
    const h = Math.SQRT1_2;
    expectClose(values, [3, 1], 1e-12);
    expectClose(Array.from(await entries(vectors), Math.abs), [h, h, h, h], 1e-6);
    expect((await entries(vectors))[0]).toBeGreaterThan(0);
  });

  it("satisfies A V = V diag(values) with orthonormal V and descending values, for any symmetric matrix", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.integer(), fc.integer({ min: 0, max: 30 }), async (n, seed, rank) => {
        const half = randomMatrix(n, n, seed, Math.min(n, rank));
        const a = tf.add(half, tf.transpose(half)) as tf.Tensor2D;
        const { values, vectors } = await symmetricEigen(a);
        expect(await orthonormalityError(vectors)).toBeLessThan(1e-6);
        const rest = tf.tidy(() => tf.sub(tf.matMul(a, vectors), tf.mul(vectors, tf.tensor2d(Float32Array.from(values), [1, n]))));
        const scale = Math.max(1e-6, Math.abs(values[0]!), Math.abs(values[n - 1]!));
        for (const x of await entries(rest)) expect(Math.abs(x)).toBeLessThan(3e-6 * scale);
        values.forEach((x, i) => expect(x).toBeLessThanOrEqual(values[i - 1] ?? Infinity));
        tf.dispose([half, a, vectors, rest]);
      }),
      { seed: 1, numRuns: 30, endOnFailure: true },
    );
  });

  it("gives the k largest, from a tensor or from host data", async () => {
    const data = Float64Array.from([4, 0, 0, 0, 9, 0, 0, 0, -1]);
    for (const a of [tf.tensor2d(Float32Array.from(data), [3, 3]), { data, n: 3 }]) {
      const { values, vectors } = await symmetricEigen(a, { k: 2 });
      expectClose(values, [9, 4], 1e-12);
      expectClose(await entries(vectors), [0, 1, 1, 0, 0, 0], 1e-7);
    }
  });

  it("uses the symmetric part alone", () => {
    const { values } = symmetricEigenHost(Float64Array.from([1, 5, -5, 2]), 2);
    expectClose(values, [2, 1], 1e-12);
  });

  it("leaves one tensor behind, none when it throws", async () => {
    const a = randomMatrix(6, 6, 1);
    await expectTensorGrowth(1, () => symmetricEigen(a));
    await expectTensorGrowth(0, () => symmetricEigen(a, { k: 7 }).catch(() => undefined));
  });

  it("throws for a matrix that is not square, not finite, data of another length, and a bad k", async () => {
    await expect(symmetricEigen(randomMatrix(3, 4, 1))).rejects.toMatchObject({ code: "SHAPE_MISMATCH", message: expect.stringMatching(/square.*\[3, 4\]/) });
    expect(() => symmetricEigenHost(new Float64Array(5), 2)).toThrow(/4 entries, got 5/);
    expect(() => symmetricEigenHost(Float64Array.of(1, NaN, NaN, 1), 2)).toThrow(/NaN or infinity/);
    for (const k of [0, 5, 1.5]) await expect(symmetricEigen(randomMatrix(4, 4, 1), { k })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});
