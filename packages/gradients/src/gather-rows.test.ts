import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels, unregisterTrainingKernels } from "@warmstart/wasm-training";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectGradients, spread } from "./finite-differences.fixture.js";
import { gatherRows, GradientsError } from "./index.js";

const onWasm = process.env.WARMSTART_BACKEND === "wasm";
beforeAll(() => void (onWasm && registerTrainingKernels()));
afterAll(() => void (onWasm && unregisterTrainingKernels()));

describe("gatherRows", () => {
  it.each([[[6]], [[2, 3]]])("is tf.gather, for any number of axes, and leaves one tensor: indices %j", async (of) => {
    const indices = tf.tensor([2, 0, 2, 3, 3, 1], of, "int32");
    for (const shape of [[4], [4, 3], [4, 2, 3]]) {
      const x = spread(shape, 1);
      const y = await expectTensorGrowth(1, () => gatherRows(x, indices));
      const expected = tf.gather(x, indices);
      expect(y.shape).toEqual(expected.shape);
      expectClose(await y.data(), await expected.data(), 0, 0);
      tf.dispose([x, y, expected]);
    }
    indices.dispose();
  });

  it("has the gradient of finite differences, where rows come several times and not at all", async () => {
    const x = spread([5, 2], 3);
    for (const of of [[4], [2, 2]]) {
      const indices = tf.tensor([2, 0, 2, 3], of, "int32");
      await expectGradients((at) => gatherRows(at, indices), [x]);
      indices.dispose();
    }
    x.dispose();
  });

  it("gives no rows for no indices", async () => {
    const [x, indices] = [tf.ones([3, 2]), tf.tensor1d([], "int32")];
    const y = gatherRows(x, indices);
    expect(y.shape).toEqual([0, 2]);
    tf.dispose([x, y, indices]);
  });

  it("says what does not fit, and leaves nothing", async () => {
    const [x, integers, matrix, indices, scalar] = [tf.ones([3, 2]), tf.ones([3], "int32"), tf.ones([1, 1]), tf.tensor1d([0], "int32"), tf.scalar(1)];
    const cases: [() => void, string][] = [
      [() => gatherRows(integers, indices), "gatherRows: x must be float32 with at least one axis, got int32 [3]"],
      [() => gatherRows(scalar, indices), "gatherRows: x must be float32 with at least one axis, got float32 []"],
      [() => gatherRows(x, matrix), "gatherRows: indices must be int32, got float32 [1, 1]"],
    ];
    for (const [attempt, message] of cases) {
      await expectTensorGrowth(0, () => {
        expect(attempt).toThrow(GradientsError);
        expect(attempt).toThrow(expect.objectContaining({ code: "SHAPE_MISMATCH", message }));
      });
    }
    tf.dispose([x, integers, matrix, indices, scalar]);
  });
});
