import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withKernels } from "../backend.fixture.js";
import { entries, expectGradients, spread } from "../finite-differences.fixture.js";
import { registerGradients, unregisterGradients } from "../index.js";

beforeEach(() => void registerGradients());
afterEach(() => unregisterGradients());

const indices = (values: number[][]) => tf.tensor2d(values, [values.length, values[0]!.length], "int32");
type F = (...xs: tf.Tensor[]) => tf.Tensor;

const cases: [string, F, number[][]][] = [
  ["stridedSlice", (x) => tf.stridedSlice(x!, [0, 3], [3, 0], [2, -2]), [[3, 4]]],
  ["stridedSlice with masks", (x) => tf.stridedSlice(x!, [1, 0, 9], [2, 9, 0], [1, 2, -1], 0b100, 0b110), [[2, 3, 4]]],
  ["stridedSlice with a new axis and an ellipsis", (x) => tf.stridedSlice(x!, [0, 0, 1], [1, 0, 4], [1, 1, 2], 0, 0, 0b010, 0b001, 0), [[2, 3, 4]]],
  ["gatherND of entries, one twice", (x) => tf.gatherND(x!, indices([[0, 1], [2, 3], [0, 1]])), [[3, 4]]],
  ["gatherND of rows", (x) => tf.gatherND(x!, indices([[2], [2], [0]])), [[3, 4]]],
  ["scatterND", (x) => tf.scatterND(indices([[4], [0], [4]]), x!, [5, 2]), [[3, 2]]],
  ["tensorScatterUpdate", (x, updates) => tf.tensorScatterUpdate(x!, indices([[3], [1]]), updates!), [[5, 2], [2, 2]]],
  ["topk", (x) => tf.topk(x!, 3).values, [[2, 3, 5]]],
  ["topk of a vector", (x) => tf.topk(x!, 2).values, [[5]]],
  ["diag", (x) => tf.diag(x!), [[4]]],
  ["diag of a matrix", (x) => tf.diag(x!), [[2, 3]]],
  ["depthToSpace", (x) => tf.depthToSpace(x as tf.Tensor4D, 2, "NHWC"), [[2, 3, 2, 8]]],
];
// The other backends refuse it, or answer with other entries.
const shrunk: (typeof cases)[number] = ["stridedSlice with a shrunk axis", (x) => tf.stridedSlice(x!, [1, 0, 9], [2, 9, 0], [1, 2, -1], 0b100, 0b110, 0, 0, 0b001), [[2, 3, 4]]];
const missing = { tensorScatterUpdate: ["TensorScatterUpdate"] } as Record<string, string[]>;

describe("gradients of kernels that move entries", () => {
  it.each(process.env.WARMSTART_BACKEND === "tensorflow" ? [...cases, shrunk] : cases)("%s: is that of finite differences", (name, f, shapes) =>
    withKernels(missing[name] ?? [], async () => {
      const xs = shapes.map((shape, i) => spread(shape, i + 1));
      await expectGradients(f, xs);
      tf.dispose(xs);
    }));

  it("depthToSpace with channels first is that with channels last, transposed", async () => {
    const { gradFunc } = tf.getGradient("DepthToSpace");
    const dy = spread([2, 3, 4, 6], 1);
    const of = (given: tf.Tensor, dataFormat: string) => (gradFunc(given, [], { blockSize: 2, dataFormat }) as { x: () => tf.Tensor }).x();
    const [last, first] = tf.tidy(() => [of(tf.transpose(dy, [0, 2, 3, 1]), "NHWC"), tf.transpose(of(dy, "NCHW"), [0, 2, 3, 1])] as const);
    expect(first.shape).toEqual([2, 2, 3, 12]);
    expect(await entries(first)).toEqual(await entries(last));
    dy.dispose();
  });

  it("stridedSlice puts a 1 exactly at the entries it took", async () => {
    const axis = fc.record({ length: fc.integer({ min: 1, max: 5 }), begin: fc.integer({ min: -6, max: 6 }), end: fc.integer({ min: -6, max: 6 }), stride: fc.constantFrom(-3, -2, -1, 1, 2, 3) });
    await fc.assert(
      fc.asyncProperty(fc.array(axis, { minLength: 1, maxLength: 3 }), async (axes) => {
        const [shape, begin, end, strides] = (["length", "begin", "end", "stride"] as const).map((key) => axes.map((one) => one[key])) as [number[], number[], number[], number[]];
        const x = spread(shape, 1);
        const slice = (at: tf.Tensor) => tf.stridedSlice(at, begin, end, strides);
        const [values, taken, gradient] = [await entries(tf.clone(x)), await entries(slice(x)), await entries(tf.tidy(() => tf.grad(slice)(x)))];
        expect(gradient).toEqual(values.map((value) => (taken.includes(value) ? 1 : 0)));
        x.dispose();
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it("leaves nothing behind but the result", async () => {
    const x = spread([3, 4], 1);
    (await expectTensorGrowth(1, () => tf.grad((at: tf.Tensor) => tf.topk(at, 2).values)(x))).dispose();
    (await expectTensorGrowth(1, () => tf.grad((at: tf.Tensor) => tf.stridedSlice(at, [0, 0], [3, 4], [2, 2]))(x))).dispose();
    x.dispose();
  });
});
