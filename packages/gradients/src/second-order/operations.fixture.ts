// The operations whose gradient of a gradient is checked against finite differences. The README's table is made from this list.
import * as tf from "@tensorflow/tfjs";
import { csrMatMul } from "../csr-mat-mul.js";
import { spread } from "../finite-differences.fixture.js";

export interface Operation {
  readonly name: string;
  readonly f: (...xs: never[]) => tf.Tensor;
  /** Where; as shapes or as makers of tensors. Entries are apart from each other and from 0, so that no kink is near. */
  readonly at: readonly (readonly number[] | (() => tf.Tensor))[];
  /** Kernels that the backend must have; the cpu backend serves where it has not. */
  readonly kernels?: readonly string[];
  /** A backend that cannot even run it, or runs it wrong, so that cpu serves. */
  readonly notOn?: "tensorflow" | "wasm";
}

const positive = (shape: readonly number[], seed = 3) => () => tf.add(spread(shape, seed, 0.8), 1.2);
const inside = (shape: readonly number[]) => () => spread(shape, 5, 0.7);
const labels = () => tf.softmax(spread([3, 4], 11, 2));
const pointwise = (name: string, f: (x: tf.Tensor) => tf.Tensor, at: Operation["at"][number] = [8], kernels: readonly string[] = []): Operation => ({ name, f, at: [at], kernels });
const image = [1, 5, 5, 2];
const conv = ["Conv2DBackpropFilter"];
const depth = ["DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"];
const complex = ["FFT", "Complex"];
const normalized = (scale: boolean) => (x: tf.Tensor4D, ...rest: tf.Tensor1D[]) => {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, rest[0], scale ? rest[1] : undefined, 0.1);
};

/** [[v₀, 0, v₁], [0, v₂, v₃]] */
const sparse = () => ({ rowPointers: tf.tensor1d([0, 2, 4], "int32"), columnIndices: tf.tensor1d([0, 2, 1, 2], "int32"), rows: 2, columns: 3 });

function layerNormalized(x: tf.Tensor2D, gamma: tf.Tensor1D, beta: tf.Tensor1D): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 0.1))), gamma), beta);
}

function attention(x: tf.Tensor2D, ...[q, k, v]: tf.Tensor2D[]): tf.Tensor {
  return tf.matMul(tf.softmax(tf.matMul(tf.matMul(x, q!), tf.matMul(x, k!), false, true)), tf.matMul(x, v!));
}

/** From hidden state and cell, side by side, to the next. */
function lstm(state: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor1D): tf.Tensor2D {
  const cell = tf.slice(state, [0, 2], [-1, 2]);
  const [i, f, c, o] = tf.split(tf.add(tf.matMul(state, w), b) as tf.Tensor2D, 4, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const next = tf.add(tf.mul(tf.sigmoid(f), cell), tf.mul(tf.sigmoid(i), tf.tanh(c)));
  return tf.concat([tf.mul(tf.sigmoid(o), tf.tanh(next)), next], 1) as tf.Tensor2D;
}

export const operations: Readonly<Record<string, readonly Operation[]>> = {
  arithmetic: [
    { name: "add", f: (a: tf.Tensor, b: tf.Tensor) => tf.add(a, b), at: [[3, 4], [4]] },
    { name: "sub", f: (a: tf.Tensor, b: tf.Tensor) => tf.sub(a, b), at: [[3, 4], [3, 1]] },
    { name: "mul", f: (a: tf.Tensor, b: tf.Tensor) => tf.mul(a, b), at: [[3, 4], [4]] },
    { name: "div", f: (a: tf.Tensor, b: tf.Tensor) => tf.div(a, b), at: [[3, 4], positive([4])] },
    { name: "pow", f: (a: tf.Tensor, b: tf.Tensor) => tf.pow(a, b), at: [positive([6]), [6]] },
    { name: "squaredDifference", f: (a: tf.Tensor, b: tf.Tensor) => tf.squaredDifference(a, b), at: [[3, 4], [4]] },
    { name: "maximum", f: (a: tf.Tensor, b: tf.Tensor) => tf.maximum(a, b), at: [[6], inside([6])] },
    { name: "minimum", f: (a: tf.Tensor, b: tf.Tensor) => tf.minimum(a, b), at: [[6], inside([6])] },
    { name: "where", f: (a: tf.Tensor, b: tf.Tensor) => tf.where(tf.greater(a, b), tf.square(a), tf.mul(a, b)), at: [[6], inside([6])] },
  ],
  pointwise: [
    ...(["abs", "neg", "exp", "expm1", "square", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "asinh", "erf", "sigmoid", "logSigmoid", "softplus", "relu", "relu6", "elu", "selu"] as const).map((name) => pointwise(name, (x) => tf[name](x))),
    ...(["log", "log1p", "sqrt", "rsqrt", "reciprocal"] as const).map((name) => pointwise(name, (x) => tf[name](x), positive([8]))),
    ...(["asin", "acos", "atanh"] as const).map((name) => pointwise(name, (x) => tf[name](x), inside([8]))),
    pointwise("acosh", (x) => tf.acosh(tf.add(x, 1)), positive([8])),
    pointwise("leakyRelu", (x) => tf.leakyRelu(x, 0.3)),
    { name: "prelu", f: (x: tf.Tensor, alpha: tf.Tensor) => tf.prelu(x, alpha), at: [[3, 4], [4]] },
    pointwise("clipByValue", (x) => tf.clipByValue(x, -0.5, 0.5)),
  ],
  "reductions and normalization": [
    pointwise("sum", (x) => tf.sum(x, 1), [3, 4]),
    pointwise("mean", (x) => tf.mean(x, 0), [3, 4]),
    pointwise("max", (x) => tf.max(x, 1), [3, 4]),
    pointwise("min", (x) => tf.min(x, 0), [3, 4]),
    pointwise("norm", (x) => tf.norm(x, "euclidean", 1), [3, 4]),
    pointwise("moments", (x) => tf.concat([tf.moments(x, 0).mean, tf.moments(x, 0).variance]), [3, 4]),
    pointwise("cumsum", (x) => tf.cumsum(x, 1), [3, 4]),
    pointwise("logSumExp", (x) => tf.logSumExp(x, 1), [3, 4]),
    pointwise("softmax", (x) => tf.softmax(x), [3, 4]),
    pointwise("logSoftmax", (x) => tf.logSoftmax(x), [3, 4]),
    { name: "batchNorm", f: normalized(true), at: [[3, 2, 2, 2], [2], positive([2])] },
    { name: "batchNorm without scale", f: normalized(false), at: [[3, 2, 2, 2], [2]] },
  ],
  losses: [
    pointwise("losses.softmaxCrossEntropy", (x) => tf.losses.softmaxCrossEntropy(labels(), x), [3, 4]),
    pointwise("losses.sigmoidCrossEntropy", (x) => tf.losses.sigmoidCrossEntropy(labels(), x), [3, 4]),
    pointwise("losses.meanSquaredError", (x) => tf.losses.meanSquaredError(labels(), x), [3, 4]),
    pointwise("losses.logLoss", (x) => tf.losses.logLoss(labels(), tf.sigmoid(x)), [3, 4]),
    pointwise("losses.huberLoss", (x) => tf.losses.huberLoss(labels(), tf.mul(x, 3)), [3, 4]),
    pointwise("losses.cosineDistance", (x) => tf.losses.cosineDistance(labels(), x, 1), [3, 4]),
  ],
  products: [
    { name: "matMul", f: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.matMul(a, b), at: [[3, 4], [4, 2]] },
    { name: "matMul, both transposed", f: (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, true, true), at: [[2, 4, 3], [2, 2, 4]] },
    { name: "fused.matMul", f: (a: tf.Tensor2D, b: tf.Tensor2D, bias: tf.Tensor1D) => tf.fused.matMul({ a, b, bias }), at: [[3, 4], [4, 2], [2]] },
    { name: "fused.matMul with sigmoid", f: (a: tf.Tensor2D, b: tf.Tensor2D, bias: tf.Tensor1D) => tf.fused.matMul({ a, b, bias, activation: "sigmoid" }), at: [[3, 4], [4, 2], [2]] },
    { name: "einsum", f: (a: tf.Tensor, b: tf.Tensor) => tf.einsum("bij,bkj->bik", a, b), at: [[2, 3, 2], [2, 2, 2]], kernels: ["Einsum"] },
    { name: "csrMatMul", f: (values: tf.Tensor1D, x: tf.Tensor2D) => csrMatMul({ ...sparse(), values }, x), at: [[4], [3, 2]], kernels: ["UnsortedSegmentSum"] },
  ],
  convolutions: [
    { name: "conv1d", f: (x: tf.Tensor3D, w: tf.Tensor3D) => tf.conv1d(x, w, 1, "same"), at: [[1, 6, 2], [3, 2, 2]], kernels: conv },
    { name: "conv2d", f: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 1, "same"), at: [image, [3, 3, 2, 2]], kernels: conv },
    { name: "conv2d, strides 2", f: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 2, "valid"), at: [image, [3, 3, 2, 2]], kernels: conv },
    { name: "conv2d, dilations 2", f: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 1, "same", "NHWC", 2), at: [image, [2, 2, 2, 2]], kernels: conv },
    { name: "fused.conv2d", f: (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D) => tf.fused.conv2d({ x, filter, bias, strides: 1, pad: "same" }), at: [image, [3, 3, 2, 2], [2]], kernels: conv },
    { name: "fused.conv2d, dilations 2", f: (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D) => tf.fused.conv2d({ x, filter, bias, strides: 1, pad: "same", dilations: [2, 2] }), at: [image, [2, 2, 2, 2], [2]], kernels: conv },
    { name: "conv2dTranspose", f: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, [1, 5, 5, 2], 2, "same"), at: [[1, 3, 3, 2], [3, 3, 2, 2]], kernels: conv },
    { name: "depthwiseConv2d", f: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.depthwiseConv2d(x, w, 1, "same"), at: [image, [3, 3, 2, 2]], kernels: depth },
    { name: "depthwiseConv2d, dilations 2", f: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.depthwiseConv2d(x, w, 1, "valid", "NHWC", 2), at: [image, [2, 2, 2, 1]], kernels: depth, notOn: "tensorflow" },
    { name: "separableConv2d", f: (x: tf.Tensor4D, d: tf.Tensor4D, p: tf.Tensor4D) => tf.separableConv2d(x, d, p, 1, "same"), at: [image, [3, 3, 2, 1], [1, 1, 2, 2]], kernels: [...conv, ...depth] },
    { name: "conv3d", f: (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, 1, "valid"), at: [[1, 3, 3, 3, 1], [2, 2, 2, 1, 2]], notOn: "wasm" },
  ],
  pooling: [
    pointwise("maxPool", (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "same"), image),
    pointwise("maxPool, overlapping", (x) => tf.maxPool(x as tf.Tensor4D, 3, 1, "valid"), image),
    pointwise("avgPool", (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, "same"), image),
    pointwise("avgPool, overlapping", (x) => tf.avgPool(x as tf.Tensor4D, 3, 1, "valid"), image),
    pointwise("avgPool3d", (x) => tf.avgPool3d(x as tf.Tensor5D, 2, 1, "valid"), [1, 3, 3, 3, 1]),
    pointwise("image.resizeBilinear", (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [7, 8]), image),
    pointwise("image.resizeNearestNeighbor", (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [7, 8]), image),
  ],
  "moving entries": [
    pointwise("reshape", (x) => tf.reshape(x, [4, 3]), [3, 4]),
    pointwise("transpose", (x) => tf.transpose(x), [3, 4]),
    pointwise("slice", (x) => tf.slice(x, [1, 0], [2, 3]), [3, 4]),
    pointwise("stridedSlice", (x) => tf.stridedSlice(x, [0, 3], [3, 0], [2, -2]), [3, 4]),
    pointwise("pad", (x) => tf.pad(x, [[1, 0], [0, 2]]), [3, 4]),
    pointwise("tile", (x) => tf.tile(x, [2, 3]), [3, 4]),
    pointwise("reverse", (x) => tf.reverse(x, 1), [3, 4]),
    pointwise("gather", (x) => tf.gather(x, [2, 0, 2]), [3, 4], ["UnsortedSegmentSum"]),
    pointwise("gatherND", (x) => tf.gatherND(x, tf.tensor2d([[0, 1], [2, 3], [0, 1]], [3, 2], "int32")), [3, 4]),
    pointwise("topk", (x) => tf.topk(x, 2).values, [3, 4]),
    { name: "concat", f: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.concat([a, b], 1), at: [[3, 4], [3, 2]] },
    { name: "stack", f: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.stack([a, b], 1), at: [[3, 4], [3, 4]] },
  ],
  "complex numbers": [
    { name: "spectral.rfft", f: (x: tf.Tensor) => tf.abs(tf.spectral.rfft(x)), at: [[2, 6]], kernels: complex },
    { name: "spectral.irfft", f: (a: tf.Tensor, b: tf.Tensor) => tf.spectral.irfft(tf.mul(tf.complex(a, b), tf.complex(b, a))), at: [[2, 5], [2, 5]], kernels: complex },
  ],
  compositions: [
    pointwise("swish", (x) => tf.mul(x, tf.sigmoid(x))),
    pointwise("gelu", (x) => tf.mul(x, tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1))),
    { name: "layer normalization", f: layerNormalized, at: [[3, 4], [4], [4]] },
    { name: "attention", f: attention, at: [[3, 4], [4, 4], [4, 4], [4, 4]] },
    { name: "an LSTM cell, twice", f: (x: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor1D) => lstm(lstm(x, w, b), w, b), at: [[3, 4], [4, 8], [8]] },
    { name: "an embedding under softmax", f: (table: tf.Tensor2D, w: tf.Tensor2D) => tf.softmax(tf.matMul(tf.gather(table, [1, 0, 1]), w)), at: [[3, 2], [2, 3]], kernels: ["UnsortedSegmentSum"] },
  ],
};

/** What tfjs alone does with the same loss: answer with something else, */
const wrongAlone = new Set(["exp", "tanh", "sigmoid", "softmax", "logSoftmax", "losses.softmaxCrossEntropy", "losses.sigmoidCrossEntropy", "losses.logLoss", "fused.matMul with sigmoid", "swish", "attention", "an LSTM cell, twice", "an embedding under softmax"]);

/** or throw. For the rest it is right. */
const throwsAlone = new Set([
  "pow", "squaredDifference", "maximum", "minimum", "where", "relu6", "elu", "selu",
  "leakyRelu", "prelu", "clipByValue", "max", "min", "logSumExp", "batchNorm without scale", "losses.huberLoss",
  "einsum", "conv1d", "conv2d", "conv2d, strides 2", "conv2d, dilations 2", "fused.conv2d", "fused.conv2d, dilations 2", "conv2dTranspose",
  "depthwiseConv2d", "depthwiseConv2d, dilations 2", "separableConv2d", "conv3d", "maxPool", "maxPool, overlapping", "avgPool", "avgPool, overlapping",
  "avgPool3d", "image.resizeBilinear", "image.resizeNearestNeighbor", "stridedSlice", "gatherND", "topk", "spectral.rfft", "spectral.irfft",
]);

export const alone = (name: string): "right" | "throws" | "wrong" => (throwsAlone.has(name) ? "throws" : wrongAlone.has(name) ? "wrong" : "right");

/** The README's table. */
export function operationsTable(): string {
  const names = (list: readonly Operation[], kind: string) => list.flatMap(({ name }) => (alone(name) === kind ? [`\`${name}\``] : [])).join(", ");
  const rows = Object.entries(operations).map(([group, list]) => `| ${group} | ${names(list, "right")} | ${names(list, "throws")} | ${names(list, "wrong")} |`);
  return ["| | right in tfjs too | tfjs throws | tfjs is silently wrong |", "| --- | --- | --- | --- |", ...rows].join("\n").replaceAll("|  |", "| |");
}
