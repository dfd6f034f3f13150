// Runners of the Virgo operations: edges to graphs, settings to plans, draws to kernels.
import * as tf from "@tensorflow/tfjs";
import { activationGain, createGraph, measureVariance, propagate, virgoPlan, type Gain, type Graph, type OperatorName, type Reduce, type VirgoMode, type VirgoPlan, type VirgoPlanOptions } from "@warmstart/gnn-virgo";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import type { ReferenceCase } from "./cases.js";
import { toEntries, toTensor, type Runner } from "./runner.js";
import type { Entries, Value } from "./values.js";

interface Settings {
  readonly numNodes: number;
  readonly dims: readonly number[];
  readonly numClasses: number;
  readonly operator: OperatorName;
  readonly reduce: Reduce;
  readonly selfLoops: boolean;
  readonly gain: Gain;
  readonly eps?: number;
  readonly compat?: "official";
  readonly degrees?: "both" | "in";
  readonly rootWeight?: boolean;
}

const settingsOf = ({ options }: ReferenceCase) => options as unknown as Settings;
const numbers = (input: Entries): number[] => Array.from(input.data) as number[];

function graphOf({ inputs, options }: ReferenceCase): Graph {
  if (tf.getBackend() === "wasm") registerTrainingKernels(); // products with sparse matrices
  return createGraph({ numNodes: options.numNodes as number, src: numbers(inputs.src!), dst: numbers(inputs.dst!), ...(inputs.edgeWeight === undefined ? {} : { weight: numbers(inputs.edgeWeight) }) });
}

function planOf(reference: ReferenceCase, graph: Graph, mode: VirgoMode): VirgoPlan {
  const { dims, numClasses, operator, reduce, selfLoops, gain, eps, compat, degrees, rootWeight } = settingsOf(reference);
  const { x } = reference.inputs;
  const operatorOptions = { ...(operator === "sum" ? {} : { selfLoops }), ...(eps === undefined ? {} : { eps }), ...(degrees === undefined ? {} : { degrees }) };
  const options: VirgoPlanOptions = { dims, mode, numClasses, operator, operatorOptions, reduce, gain, ...(compat === undefined ? {} : { compat }), ...(rootWeight === undefined ? {} : { rootWeight }), ...(x === undefined ? {} : { features: Float64Array.from(numbers(x)) }) };
  return virgoPlan(graph, options);
}

const modes = ["forward", "backward", "harmonic", "arithmetic"] as const;

const variance: Runner = async (reference) => {
  const graph = graphOf(reference);
  const results: Record<string, Value> = {};
  for (const mode of modes) {
    const { f, g, variance, bound, std } = planOf(reference, graph, mode);
    Object.assign(results, { f: [...f], g: [...g], [mode]: [...variance], [`${mode}Bound`]: [...bound], [`${mode}Std`]: [...std] });
  }
  return results;
};

const gain: Runner = async ({ options }) =>
  Object.fromEntries(
    (options.activations as string[]).map((name) => {
      const [, word, slope] = /^([a-zA-Z]+)([\d.]*)$/.exec(name)!;
      return [name, slope === "" ? activationGain(word as Gain) : activationGain(word as Gain, Number(slope))];
    }),
  );

/** Bounds of uniform weights by the method of a case. */
function boundsOf(reference: ReferenceCase, graph: Graph): number[] {
  const { dims } = settingsOf(reference);
  const method = reference.options.method as VirgoMode | "xavier" | "kaiming";
  if (method !== "xavier" && method !== "kaiming") return [...planOf(reference, graph, method).bound];
  return dims.slice(1).map((width, i) => Math.sqrt(6 / (method === "xavier" ? width + dims[i]! : dims[i]!)));
}

const signal: Runner = async (reference) => {
  const { inputs, options } = reference;
  const { dims, numClasses } = settingsOf(reference);
  const [draws, kind] = [options.draws as number, options.layer as "gcn" | "sage" | "gin"];
  const operators = { gcn: { operator: "gcn" }, sage: { operator: "mean", selfLoops: false }, gin: { operator: "sum" } } as const;
  const graph = graphOf(reference);
  const bound = boundsOf(reference, graph);
  const x = toTensor<tf.Rank.R2>(inputs.x);
  const labels = tf.tidy(() => tf.oneHot(tf.cast(toTensor(inputs.labels), "int32"), numClasses));
  const layersOf = (draw: number) =>
    dims.slice(1).map((_, i) => {
      const of = (weight: tf.Tensor) => tf.mul(bound[i]!, weight) as tf.Tensor2D;
      const u = tf.unstack(toTensor(inputs[`u${i + 1}`]))[draw]!;
      const [kernel, root] = kind === "sage" ? tf.unstack(u) : [u];
      return { kernel: of(kernel!), ...(root === undefined ? {} : { root: of(root) }) };
    });
  const loss = (truth: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(truth, logits, undefined, 0, tf.Reduction.SUM) as tf.Scalar;
  const measured: { meanSquare: readonly number[]; gradMeanSquare?: readonly number[]; loss?: number }[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const layers = tf.tidy(() => layersOf(draw));
    measured.push(await measureVariance(layers, graph, x, { ...operators[kind], loss, labels }));
    tf.dispose(layers as unknown as tf.TensorContainer);
  }
  tf.dispose([x, labels]);
  graph.dispose();
  const mean = (of: (one: (typeof measured)[number]) => readonly number[]) => dims.slice(1).map((_, l) => measured.reduce((sum, one) => sum + of(one)[l]! / draws, 0));
  return {
    bound,
    meanSquare: mean((one) => one.meanSquare),
    meanSquarePerDraw: { shape: [draws, dims.length - 1], data: measured.flatMap(({ meanSquare }) => [...meanSquare]) },
    gradMeanSquare: mean((one) => one.gradMeanSquare!),
    loss: measured.map(({ loss: value }) => value!),
  };
};

const train: Runner = async (reference) => {
  const { inputs, options } = reference;
  const { dims, numClasses } = settingsOf(reference);
  const { optimizer: kind, learningRate, beta1, beta2, epsilon, steps } = options as { optimizer: "sgd" | "adam" } & Record<string, number>;
  const graph = graphOf(reference);
  const bound = boundsOf(reference, graph);
  const kernels = bound.map((b, i) => tf.tidy(() => tf.variable(tf.mul(b, toTensor<tf.Rank.R2>(inputs[`u${i + 1}`])))));
  const biases = bound.map((_, i) => tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R1>([dims[i + 1]!]))));
  const x = toTensor<tf.Rank.R2>(inputs.x);
  const { labels, mask } = tf.tidy(() => ({ labels: tf.oneHot(tf.cast(toTensor(inputs.labels), "int32"), numClasses), mask: toTensor(inputs.trainMask) }));
  const logits = () => kernels.reduce((h: tf.Tensor2D, kernel, i) => tf.add(tf.matMul(propagate(graph, i === 0 ? h : tf.relu(h)), kernel), biases[i]!), x);
  const loss = () => tf.losses.softmaxCrossEntropy(labels, logits(), mask, 0, tf.Reduction.SUM_BY_NONZERO_WEIGHTS) as tf.Scalar;
  const optimizer = kind === "sgd" ? tf.train.sgd(learningRate!) : tf.train.adam(learningRate, beta1, beta2, epsilon);
  const gradNormStep0 = await toEntries(
    tf.tidy(() => {
      const { grads } = tf.variableGrads(loss, kernels);
      return tf.stack(kernels.map(({ name }) => tf.norm(grads[name]!)));
    }),
  );
  const losses: number[] = [];
  const record = async (scalar: tf.Scalar) => {
    losses.push((await scalar.data())[0]!);
    scalar.dispose();
  };
  for (let i = 0; i < steps!; i++) await record(optimizer.minimize(loss, true, [...kernels, ...biases])!);
  await record(tf.tidy(loss));
  const results: Record<string, Value> = { bound, losses, gradNormStep0 };
  const right = await toEntries(tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.argMax(logits(), 1), tf.argMax(labels, 1)), "float32"))));
  results.accuracy = right.data[0]!;
  results.logits = await toEntries(tf.tidy(logits));
  for (const [i, kernel] of kernels.entries()) Object.assign(results, { [`kernel${i + 1}`]: await toEntries(tf.clone(kernel)), [`bias${i + 1}`]: await toEntries(tf.clone(biases[i]!)) });
  optimizer.dispose();
  tf.dispose([...kernels, ...biases, x, labels, mask]);
  graph.dispose();
  return results;
};

export const virgoRunners: Readonly<Record<string, Runner>> = {
  "virgo/expected-signal": signal,
  "virgo/gain": gain,
  "virgo/train": train,
  "virgo/variance": variance,
};
