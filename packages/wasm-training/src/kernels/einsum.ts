import { backend_util, upcastType, type DataType, type KernelFunc, type TensorInfo } from "@tensorflow/tfjs-core";
import { compose, type RunKernel } from "../compose.js";
import type { TrainingKernel } from "../training-kernel.js";
import type { WasmBackend } from "../wasm-backend.js";
import { equal, planProduct, type Operand, type Side } from "./einsum-plan.js";

/** A tensor whose axes have labels: positions in `allDims` of tfjs' decoded equation, where those of the result come first. */
interface Labelled {
  readonly x: TensorInfo;
  readonly labels: readonly number[];
}

/** A sum over axes of one operand, or of the product of two, by the kernels that are registered: nothing here knows the module. */
const einsumOf: KernelFunc = ({ inputs, attrs, backend }) => {
  const tensors = Object.values(inputs) as TensorInfo[];
  const equation = String(attrs!.equation);
  const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
  tensors.forEach(({ shape }, i) => {
    if (shape.length !== idDims[i]!.length) throw new Error(`einsum: operand ${i} of "${equation}" has ${idDims[i]!.length} axes, but the tensor has shape [${shape}]`);
  });
  backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as never);
  const result = Array.from({ length: allDims.length - summedDims.length }, (_, i) => i);
  const sizeOfLabel = (label: number) => tensors.flatMap(({ shape }, i) => shape.filter((_, axis) => idDims[i]![axis] === label))[0]!;
  const dtype = tensors.reduce<DataType>((type, tensor) => upcastType(type, tensor.dtype), "int32");

  return compose(backend as WasmBackend, (run) => {
    if (tensors.some(({ shape }) => shape.includes(0))) return run("Fill", {}, { shape: result.map(sizeOfLabel), value: 0, dtype });
    const operands = tensors.map((tensor, i): Labelled => ({ x: tensor.dtype === dtype ? tensor : run("Cast", { x: tensor }, { dtype }), labels: idDims[i]! }));
    // What only one operand has and the result has not is summed there.
    const [first, second] = operands.map((operand, i) => sumOut(run, operand, [...result, ...(operands[1 - i]?.labels ?? [])]));
    const { x, labels } = second === undefined ? first! : combine(run, first!, second, result);
    const out = arrange(run, { x, labels }, result);
    return out === tensors[0] ? run("Identity", { x: out }) : out;
  });
};

function combine(run: RunKernel, first: Labelled, second: Labelled, result: readonly number[]): Labelled {
  const summed = first.labels.some((label) => !result.includes(label));
  if (summed && first.x.dtype === "float32") return product(run, first, second, result);
  // Nothing to sum, or integers, for which there is no matrix product: multiply with broadcasting.
  const all = [...new Set([...result, ...first.labels])];
  const [a, b] = [first, second].map((operand) => {
    const labels = all.filter((label) => operand.labels.includes(label));
    const x = arrange(run, operand, labels);
    return reshape(run, x, all.map((label) => (labels.includes(label) ? x.shape[labels.indexOf(label)]! : 1)));
  }) as [TensorInfo, TensorInfo];
  return sumOut(run, { x: run("Multiply", { a, b }), labels: all }, result);
}

function product(run: RunKernel, first: Labelled, second: Labelled, result: readonly number[]): Labelled {
  const [one, two] = [first, second].map(({ x, labels }): Operand => ({ labels, shape: x.shape })) as [Operand, Operand];
  const plan = planProduct(one, two, result);
  const [left, right] = plan.swap ? [second, first] : [first, second];
  const sizes = new Map([one, two].flatMap(({ labels, shape }) => labels.map((label, i) => [label, shape[i]!] as const)));
  const sizeOf = (labels: readonly number[]) => labels.reduce((size, label) => size * sizes.get(label)!, 1);
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = sizeOf(shared.filter((label) => result.includes(label)));
  const inner = sizeOf(shared.filter((label) => !result.includes(label)));
  const matrix = (operand: Labelled, { labels, transpose }: Side, innerLast: boolean) => {
    const outer = sizeOf(labels.filter((label) => !shared.includes(label)));
    return reshape(run, arrange(run, operand, labels), innerLast !== transpose ? [batch, outer, inner] : [batch, inner, outer]);
  };
  const a = matrix(left, plan.a, true);
  const b = matrix(right, plan.b, false);
  const x = run("BatchMatMul", { a, b }, { transposeA: plan.a.transpose, transposeB: plan.b.transpose });
  return { x: reshape(run, x, plan.labels.map((label) => sizes.get(label)!)), labels: plan.labels };
}

function sumOut(run: RunKernel, { x, labels }: Labelled, kept: readonly number[]): Labelled {
  const axis = labels.flatMap((label, i) => (kept.includes(label) ? [] : [i]));
  return axis.length === 0 ? { x, labels } : { x: run("Sum", { x }, { axis, keepDims: false }), labels: labels.filter((label) => kept.includes(label)) };
}

const arrange = (run: RunKernel, { x, labels }: Labelled, order: readonly number[]): TensorInfo => (equal(labels, order) ? x : run("Transpose", { x }, { perm: order.map((label) => labels.indexOf(label)) }));

const reshape = (run: RunKernel, x: TensorInfo, shape: readonly number[]): TensorInfo => (equal(x.shape, shape) ? x : run("Reshape", { x }, { shape }));

/** Any equation of one or two operands that tfjs knows, by as few transposes as it takes and a batched matrix product. */
export const einsum: TrainingKernel = {
  name: "Einsum",
  mode: "add",
  run: () => undefined,
  fallback: einsumOf,
};
