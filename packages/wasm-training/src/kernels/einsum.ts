import { upcastType, type DataType, type KernelFunc, type TensorInfo } from "@tensorflow/tfjs-core";
import { compose, type RunKernel } from "../compose.js";
import type { TrainingKernel } from "../training-kernel.js";
import type { WasmBackend } from "../wasm-backend.js";
import { equal, planEinsum, type EinsumPlan, type ProductPlan, type Side } from "./einsum-plan.js";

/** A tensor whose axes have labels: numbers as in tfjs' decoded equation, where those of the result come first. */
interface Labelled {
  readonly x: TensorInfo;
  readonly labels: readonly number[];
}

/** A sum over axes of one operand, or of the product of two, by the kernels that are registered: nothing here knows the module. */
const einsumOf: KernelFunc = ({ inputs, attrs, backend }) => {
  const tensors = Object.values(inputs) as TensorInfo[];
  const plan = planEinsum(String(attrs!.equation), tensors.map(({ shape }) => shape));
  const { result, shape } = plan;
  const dtype = tensors.reduce<DataType>((type, tensor) => upcastType(type, tensor.dtype), "int32");

  return compose(backend as WasmBackend, (run) => {
    if (tensors.some((tensor) => tensor.shape.includes(0))) return run("Fill", {}, { shape, value: 0, dtype });
    const operands = tensors.map((tensor, i): Labelled => ({ x: tensor.dtype === dtype ? tensor : run("Cast", { x: tensor }, { dtype }), labels: plan.labels[i]! }));
    // What only one operand has and the result has not is summed there.
    const [first, second] = operands.map((operand, i) => sumOut(run, operand, [...result, ...(plan.labels[1 - i] ?? [])]));
    const { x, labels } = second === undefined ? first! : combine(run, first!, second, plan);
    const out = arrange(run, { x, labels }, result);
    return out === tensors[0] ? run("Identity", { x: out }) : out;
  });
};

function combine(run: RunKernel, first: Labelled, second: Labelled, { result, product }: EinsumPlan): Labelled {
  if (product !== undefined && first.x.dtype === "float32") return multiply(run, first, second, product);
  // Nothing to sum, or integers, for which there is no matrix product: multiply with broadcasting.
  const all = [...new Set([...result, ...first.labels])];
  const [a, b] = [first, second].map((operand) => {
    const labels = all.filter((label) => operand.labels.includes(label));
    const x = arrange(run, operand, labels);
    return reshape(run, x, all.map((label) => (labels.includes(label) ? x.shape[labels.indexOf(label)]! : 1)));
  }) as [TensorInfo, TensorInfo];
  return sumOut(run, { x: run("Multiply", { a, b }), labels: all }, result);
}

function multiply(run: RunKernel, first: Labelled, second: Labelled, { swap, a, b, labels, shape }: ProductPlan): Labelled {
  const matrix = (operand: Labelled, side: Side) => reshape(run, arrange(run, operand, side.labels), side.shape);
  const x = run("BatchMatMul", { a: matrix(swap ? second : first, a), b: matrix(swap ? first : second, b) }, { transposeA: a.transpose, transposeB: b.transpose });
  return { x: reshape(run, x, shape), labels };
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
