// Products of matrices, dense and sparse, and einsum.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { each, filled, size, type Group } from "./comparison.fixture.js";

type Activation = "linear" | "relu" | "relu6" | "elu" | "sigmoid" | "leakyrelu" | "prelu";

const forms = fc.record({ m: size(20, 0), n: size(20, 0), k: size(40, 0), transposeA: fc.boolean(), transposeB: fc.boolean() });
type Form = typeof forms extends fc.Arbitrary<infer T> ? T : never;
const operands = ({ m, n, k, transposeA, transposeB }: Form, leadingA: number[] = [], leadingB: number[] = []) => [filled([...leadingA, ...(transposeA ? [k, m] : [m, k])], 1), filled([...leadingB, ...(transposeB ? [n, k] : [k, n])], 2)] as const;

/** Up to four leading axes, and what is broadcast to them along the first ones. */
const leading = fc.array(size(3), { maxLength: 4 }).chain((axes) => fc.tuple(fc.constant(axes), fc.nat(axes.length), fc.boolean()));
const product = (form: Form, leadingA: number[], leadingB: number[]) => () => tf.matMul(...operands(form, leadingA, leadingB), form.transposeA, form.transposeB);

const equations: Record<string, string> = {
  "ij,jk->ik": "a product", "ij,kj->ik": "transposed", "ij,jk->ki": "transposed after", "bij,bjk->bik": "batched", "bhqd,bhkd->bhqk": "attention", "bqhd,bkhd->bhqk": "attention, heads inside",
  "ijk,jk->i": "several axes summed", "abc,cd->abd": "a dense layer", "abcde,ce->abd": "five axes", "ibj,jkb->bik": "a batch axis in the middle", "bij,bjk->ki": "a batch axis summed",
  "i,j->ij": "outer", "i,i->": "inner", "ij,ij->ij": "element-wise", "ij,i->ij": "by row", "ij,j->ji": "by column, transposed", "ij,kl->ijkl": "outer of matrices",
  "ij->ji": "a transpose", "ij->i": "row sums", "ij->": "a sum", "abc->cab": "a permutation", "abcde->eca": "some axes summed", "ij->ij": "the same",
}; // prettier-ignore

const einsums = (wanted: string[]) =>
  fc.record({ equation: fc.constantFrom(...wanted), sizes: fc.array(size(5, 0), { minLength: 26, maxLength: 26 }), dtype: fc.constantFrom<"float32" | "int32">("float32", "int32") }).map(({ equation, sizes, dtype }) => ({
    equation,
    shapes: equation.split("->")[0]!.split(",").map((labels) => Array.from(labels, (label) => sizes[label.charCodeAt(0) - 97]!)),
    dtype,
  }));
type Einsum = ReturnType<typeof einsums> extends fc.Arbitrary<infer T> ? T : never;
const einsum = ({ equation, shapes, dtype }: Einsum) => () => tf.einsum(equation, ...shapes.map((shape, i) => filled(shape, i + 1, dtype)));

/** A sparse matrix with rows that are empty, as compressed rows and by the row of each entry. */
const sparse = fc.record({ counts: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 9 }), columns: size(8), d: size(20), transpose: fc.boolean() }).map(({ counts, columns, ...more }) => {
  const rowPointers = counts.reduce((ends, count) => [...ends, ends.at(-1)! + count], [0]);
  const rowIndices = counts.flatMap((count, row) => Array.from({ length: count }, () => row));
  return { rows: counts.length, columns, rowPointers, rowIndices, columnIndices: rowIndices.map((row, i) => (row * 5 + i * 3) % columns), ...more };
});
type Sparse = typeof sparse extends fc.Arbitrary<infer T> ? T : never;

const ids = (values: number[]) => tf.tensor1d(values, "int32");
const runKernel = (name: string, inputs: Record<string, tf.Tensor>, attrs: object) => tf.engine().runKernel(name, inputs as never, attrs as never) as tf.Tensor;

/** The kernel, and what it is composed of elsewhere: each entry times its row of x, summed by row. */
function sparseProduct({ rows, columns, rowPointers, rowIndices, columnIndices, transpose }: Sparse): Record<"ours" | "theirs", (values: tf.Tensor, x: tf.Tensor) => tf.Tensor> {
  return {
    ours: (values, x) => runKernel("CsrMatMul", { rowPointers: ids(rowPointers), columnIndices: ids(columnIndices), values, x }, { transpose, rows, columns }),
    theirs: (values, x) => {
      const [from, to, segments] = transpose ? ([rowIndices, columnIndices, columns] as const) : ([columnIndices, rowIndices, rows] as const);
      return tf.unsortedSegmentSum(tf.mul(tf.gather(x, ids(from)), tf.expandDims(values, 1)), ids(to), segments);
    },
  };
}

function sparseCase(matrix: Sparse) {
  const f = sparseProduct(matrix);
  const both = (multiply: (values: tf.Tensor, x: tf.Tensor) => tf.Tensor) => () => {
    const [values, x] = [filled([matrix.columnIndices.length], 1), filled([matrix.transpose ? matrix.rows : matrix.columns, matrix.d], 2)];
    return [multiply(values, x), ...tf.grads((v, y) => tf.sum(tf.square(multiply(v!, y!))))([values, x])];
  };
  return { ours: both(f.ours), theirs: both(f.theirs) };
}

export const products: readonly Group[] = [
  {
    title: "products in four forms, with batches and one operand for all of a batch",
    covers: ["BatchMatMul"],
    cases: each(fc.tuple(forms, leading, fc.boolean()), ([form, [axes, shared, first]]) => (first ? product(form, axes.slice(shared), axes) : product(form, axes, axes.slice(shared)))),
  },
  {
    title: "products whose operands are broadcast along any axes",
    covers: ["BatchMatMul"],
    cases: each(fc.tuple(forms, fc.array(fc.tuple(size(3), fc.constantFrom("a", "b", "none")), { minLength: 2, maxLength: 4 })), ([form, axes]) => product(form, axes.map(([count, one]) => (one === "a" ? 1 : count)), axes.map(([count, one]) => (one === "b" ? 1 : count)))),
    lacking: { cpu: "it takes the batches of both operands round and round, whatever the axis" },
  },
  {
    title: "fused products with bias and activation, operands transposed or not",
    covers: ["_FusedMatMul"],
    cases: each(fc.tuple(forms, fc.constantFrom<Activation>("linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu"), fc.boolean()), ([form, activation, withBias]) => () => {
      const [a, b] = operands(form) as [tf.Tensor2D, tf.Tensor2D];
      return tf.fused.matMul({ a, b, transposeA: form.transposeA, transposeB: form.transposeB, activation, leakyreluAlpha: 0.3, ...(withBias && { bias: filled([form.n], 3) }) });
    }),
  },
  {
    title: "fused products with prelu, which stay with the backend",
    covers: [],
    cases: each(forms.filter(({ m, n, k }) => m * n * k > 0), (form) => () => {
      const [a, b] = operands({ ...form, transposeA: false, transposeB: false });
      return tf.fused.matMul({ a, b, activation: "prelu", bias: filled([form.n], 3), preluActivationWeights: filled([1, form.n], 4) });
    }),
  },
  {
    title: `einsum of both types (${Object.keys(equations).length} equations)`,
    covers: ["Einsum"],
    cases: each(einsums(Object.keys(equations)), einsum),
  },
  {
    title: "einsum with sums over axes that one operand alone has",
    covers: ["Einsum"],
    cases: each(einsums(["ij,jk->", "ij,kj->k", "ijk,jl->l"]), einsum),
    lacking: { cpu: "its result keeps such an axis" },
  },
  {
    title: "sparse products and their gradients, rows empty, plain and transposed",
    covers: ["CsrMatMul", "CsrSampledMatMul"],
    cases: each(sparse, sparseCase),
  },
];
