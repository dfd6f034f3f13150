// The shared matrix: every initializer that a package exports has a row here, and passes every check of checks.ts on every backend.
import * as tf from "@tensorflow/tfjs";
import { createGraph, gcnConv, virgo, virgoInitializer } from "@warmstart/gnn-virgo";
import { deltaOrthogonal, fill, glorotNormal, glorotUniform, heNormal, heUniform, leCunNormal, leCunUniform, lsuv, orthogonal, truncatedNormal, varianceScaling, type Initializer, type Plan, type SeedOption, type ShapeInitializer } from "@warmstart/init-core";
import { eva, gaussian, kaiming, loraSb, orthogonal as orthogonalLora, pissa, type LoraOptions } from "@warmstart/lora-init";
import { force, grasp, layerLottery, magnitude, preConfig, preCrop, prospr, randomMasks, snip, synflow, type MaskOptions, type Pruned } from "@warmstart/pruning-at-init";
import { mamba2ALog, mambaALog, mambaDtBias, s4dAImag, s4dBIm, s4dBRe, s4dCIm, s4dCRe, s4dLogAReal, s4dLogDt, s4dSkip, s5B, s5C, s5LambdaIm } from "@warmstart/ssm-s4d";
import { registerTrainingKernels } from "@warmstart/wasm-training";

/** In place (void), or as a new model. */
export type AnyInitializer = Initializer<tf.LayersModel, Plan, tf.LayersModel | void>;

/** Inputs and labels that fit the target; disposed by the check. */
export interface Batch {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
}

export interface Target {
  /** The same weights every time, under new automatic names. */
  readonly model: () => tf.LayersModel;
  readonly batch: () => Batch;
  /** The same with wider layers: what was planned for `model` does not fit. */
  readonly wider: () => tf.LayersModel;
}

export interface InitializerRow {
  /** "package/export". */
  readonly name: string;
  readonly target: Target;
  readonly make: (batch: Batch) => AnyInitializer;
  /** Refused, when they are made or when they plan. */
  readonly bad: readonly ((batch: Batch) => AnyInitializer)[];
  /** The model's output after applying: the target's (to 1e-5), or another. */
  readonly atStart: "same" | "moved";
  /** Whether the model built has weights of other shapes. */
  readonly reshapes?: true;
  /** Whether the model built lacks some of the weights. */
  readonly removes?: true;
  /** Whether another seed gives other numbers. */
  readonly drawn: boolean;
}

const normal = (shape: readonly number[], seed: number) => tf.randomNormal([...shape], 0, 0.5, "float32", seed);

/** Weights by position, so that a model built twice starts alike. */
function withWeights(layers: tf.layers.Layer[]): tf.LayersModel {
  return fillByPosition(tf.sequential({ layers }));
}

function fillByPosition(model: tf.LayersModel): tf.LayersModel {
  tf.tidy(() => model.setWeights(model.getWeights().map(({ shape }, i) => normal(shape, i + 1))));
  return model;
}

const dense = (width: number) => withWeights([tf.layers.dense({ units: width, inputShape: [4], activation: "tanh" }), tf.layers.dense({ units: 3 })]);
const convolution = (filters: number) => withWeights([tf.layers.conv2d({ filters, kernelSize: 2, inputShape: [3, 3, 2], activation: "tanh" }), tf.layers.flatten(), tf.layers.dense({ units: 3 })]);

export const denseTarget: Target = { model: () => dense(5), wider: () => dense(6), batch: () => ({ xs: normal([12, 4], 11), ys: normal([12, 3], 12) }) };
const convolutionTarget: Target = { model: () => convolution(3), wider: () => convolution(4), batch: () => ({ xs: normal([6, 3, 3, 2], 11), ys: normal([6, 3], 12) }) };

/** Two residual blocks of one dense layer. */
function residual(width: number): tf.LayersModel {
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) => layer.apply(x) as tf.SymbolicTensor;
  const input = tf.input({ shape: [4] });
  let x = apply(tf.layers.dense({ units: width, activation: "tanh" }), input);
  for (let i = 0; i < 2; i++) x = apply(tf.layers.add(), [x, apply(tf.layers.dense({ units: width, activation: "tanh" }), x)]);
  return fillByPosition(tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 3 }), x) }));
}
const residualTarget: Target = { ...denseTarget, model: () => residual(5), wider: () => residual(6) };

/** A ring of the nodes that a batch has, with a chord. */
const graph = createGraph({ numNodes: 12, src: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0], dst: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 6], undirected: true });
function convolutions(width: number): tf.LayersModel {
  if (tf.getBackend() === "wasm") registerTrainingKernels(); // products with sparse matrices
  return withWeights([gcnConv({ units: width, inputShape: [4], activation: "relu", graph }), gcnConv({ units: 3, graph })]);
}
const graphTarget: Target = { ...denseTarget, model: () => convolutions(5), wider: () => convolutions(6) };

const meanSquaredError = (labels: tf.Tensor, predictions: tf.Tensor) => tf.losses.meanSquaredError(labels, predictions) as tf.Scalar;

/** An initializer that needs a shape only, put into a built model by `fill`. */
const shapeRow = (name: string, factory: (options: SeedOption) => ShapeInitializer, target = denseTarget): InitializerRow => ({
  name: `init-core/${name}`,
  target,
  make: () => fill(({ role, shape }) => (role === "kernel" && shape.length === (target === denseTarget ? 2 : 4) ? factory({}) : undefined)),
  bad: [() => fill(factory({ seed: 0.5 }))],
  atStart: "moved",
  drawn: true,
});

/** A layer with a kernel whose last axis is real and imaginary part. */
const parts = (width: number) => withWeights([tf.layers.conv1d({ filters: width, kernelSize: 1, inputShape: [4, 3], activation: "tanh" }), tf.layers.conv1d({ filters: 2, kernelSize: 2 }), tf.layers.flatten(), tf.layers.dense({ units: 3 })]);
const partsTarget: Target = { model: () => parts(5), wider: () => parts(6), batch: () => ({ xs: normal([6, 4, 3], 11), ys: normal([6, 3], 12) }) };

/** A start of a state space model, in place of every weight of that many axes; with three, of two parts. */
const ssmRow = (name: string, axes: 1 | 2 | 3, factory: (options: SeedOption) => ShapeInitializer, drawn: boolean): InitializerRow => {
  const target = axes === 3 ? partsTarget : denseTarget;
  return { ...shapeRow(name, factory, target), name: `ssm-s4d/${name}`, make: () => fill(({ shape }) => (shape.length === axes && (axes < 3 || shape[2] === 2) ? factory({}) : undefined)), drawn };
};

/** A start of LoRA adapters; `make` gets the options that all of them share. */
const loraRow = (name: string, make: (options: LoraOptions, batch: Batch) => AnyInitializer, more: Partial<InitializerRow> = {}): InitializerRow => ({
  name: `lora-init/${name}`,
  target: denseTarget,
  make: (batch) => make({ r: 2 }, batch),
  atStart: "same",
  drawn: false,
  ...more,
  bad: [(batch) => make({ r: 0 }, batch), (batch) => make({ r: 2, targetLayers: "nowhere" }, batch), ...(more.bad ?? [])],
});

const inPlaceOf = ({ apply, ...method }: Initializer<tf.LayersModel, Plan, Pruned>): AnyInitializer => ({ ...method, apply: (model, plan) => apply(model, plan).dispose() });

/** Masks at half density: written in place, the result is freed. `make` gets what all of them take. */
const maskRow = (name: string, make: (options: MaskOptions, batch: Batch) => Initializer<tf.LayersModel, Plan, Pruned>, more: Partial<InitializerRow> = {}): InitializerRow => {
  const inPlace = (options: MaskOptions) => (batch: Batch) => inPlaceOf(make(options, batch));
  return { name: `pruning-at-init/${name}`, target: denseTarget, make: inPlace({ density: 0.5 }), atStart: "moved", drawn: false, ...more, bad: [inPlace({ density: 0 }), inPlace({ density: 0.5, include: () => false }), ...(more.bad ?? [])] };
};

const first = { learningRate: 0.01, loss: meanSquaredError };

export const rows: readonly InitializerRow[] = [
  shapeRow("varianceScaling", (options) => varianceScaling({ scale: 2, mode: "fanAvg", ...options })),
  shapeRow("glorotNormal", glorotNormal),
  shapeRow("glorotUniform", glorotUniform),
  shapeRow("heNormal", heNormal),
  shapeRow("heUniform", heUniform),
  shapeRow("leCunNormal", leCunNormal),
  shapeRow("leCunUniform", leCunUniform),
  shapeRow("truncatedNormal", (options) => truncatedNormal({ std: 0.2, ...options })),
  shapeRow("orthogonal", orthogonal),
  shapeRow("deltaOrthogonal", deltaOrthogonal, convolutionTarget),
  { name: "init-core/fill", target: convolutionTarget, make: () => fill(heNormal()), bad: [() => fill(() => undefined), () => fill(deltaOrthogonal())], atStart: "moved", drawn: true },
  { name: "init-core/lsuv", target: denseTarget, make: ({ xs }) => lsuv({ data: [xs] }), bad: [() => lsuv({ data: [] }), ({ xs }) => lsuv({ data: [xs], tolerance: 0 })], atStart: "moved", drawn: true },
  ssmRow("s4dLogAReal", 2, s4dLogAReal, false),
  ssmRow("s4dAImag", 2, (options) => s4dAImag({ init: "rand", ...options }), true),
  ssmRow("s4dBRe", 2, s4dBRe, false),
  ssmRow("s4dBIm", 2, (options) => s4dBIm({ init: "inv", bInit: "random", ...options }), true),
  ssmRow("s4dCRe", 2, s4dCRe, true),
  ssmRow("s4dCIm", 2, s4dCIm, true),
  ssmRow("s4dLogDt", 1, s4dLogDt, true),
  ssmRow("s4dSkip", 1, s4dSkip, true),
  ssmRow("mambaALog", 2, mambaALog, false),
  ssmRow("mambaDtBias", 1, mambaDtBias, true),
  ssmRow("mamba2ALog", 1, mamba2ALog, true),
  ssmRow("s5LambdaIm", 1, (options) => s5LambdaIm({ blocks: 1, ...options }), false),
  ssmRow("s5B", 3, (options) => s5B({ blocks: 1, ...options }), true),
  ssmRow("s5C", 3, (options) => s5C({ blocks: 1, ...options }), true),
  { ...shapeRow("virgoInitializer", (options) => virgoInitializer({ variance: 0.3, ...options })), name: "gnn-virgo/virgoInitializer" },
  { name: "gnn-virgo/virgo", target: graphTarget, make: ({ xs }) => virgo({ features: xs as tf.Tensor2D, reduce: "frobenius" }), bad: [() => virgo({ mode: "normal" as never }), () => virgo({ features: new Float32Array(13) }), () => virgo({ numClasses: 0 })], atStart: "moved", drawn: true },
  loraRow("kaiming", kaiming, { drawn: true }),
  loraRow("gaussian", gaussian, { drawn: true }),
  loraRow("orthogonal", orthogonalLora, { drawn: true, bad: [() => orthogonalLora({ r: 3 })] }),
  loraRow("pissa", pissa),
  loraRow("eva", (options, batch) => eva({ ...options, data: [batch] }), { bad: [() => eva({ r: 2, data: [] })] }),
  loraRow("loraSb", (options, batch) => loraSb({ ...options, ...first, data: [batch] }), { atStart: "moved", bad: [() => loraSb({ r: 2, ...first, data: [] })] }),
  maskRow("magnitude", magnitude),
  maskRow("randomMasks", randomMasks, { drawn: true, bad: [() => inPlaceOf(randomMasks({ density: 0.5, distribution: {} }))] }),
  maskRow("snip", (options, batch) => snip({ ...options, loss: meanSquaredError, data: [batch] }), { bad: [() => inPlaceOf(snip({ density: 0.5, data: [] }))] }),
  maskRow("grasp", (options, batch) => grasp({ ...options, loss: meanSquaredError, data: [batch] }), { bad: [() => inPlaceOf(grasp({ density: 0.5, data: [] }))] }),
  maskRow("synflow", synflow, { bad: [() => inPlaceOf(synflow({ density: 0.5, iterations: 0 }))] }),
  maskRow("force", (options, batch) => force({ ...options, iterations: 3, loss: meanSquaredError, data: [batch] })),
  maskRow("prospr", (options, batch) => prospr({ ...options, steps: 1, loss: meanSquaredError, data: [batch, batch] }), { bad: [(batch) => inPlaceOf(prospr({ density: 0.5, loss: meanSquaredError, data: [batch] }))] }),
  { name: "pruning-at-init/preCrop", target: convolutionTarget, make: () => preCrop({ budget: { params: 0.7 } }), bad: [() => preCrop({ budget: {} }), () => preCrop({ budget: { params: 1e-6 } }), () => preCrop({ budget: { flops: 0.7 }, exclude: ["nowhere"] })], atStart: "moved", drawn: true, reshapes: true },
  { name: "pruning-at-init/preConfig", target: denseTarget, make: () => preConfig({ budget: { params: 0.7 } }), bad: [() => preConfig({ maxExpand: 0 }), () => preConfig({ budget: { params: NaN } })], atStart: "moved", drawn: true, reshapes: true },
  {
    name: "pruning-at-init/layerLottery",
    target: residualTarget,
    make: (batch) => layerLottery({ remove: 1, minBlocksPerStage: 1, weights: "reinit", criterion: "snip", loss: meanSquaredError, data: [batch] }),
    bad: [(batch) => layerLottery({ remove: -1, data: [batch] }), (batch) => layerLottery({ remove: 2, data: [batch] }), () => layerLottery({ remove: 1, minBlocksPerStage: 1, data: [] })],
    atStart: "moved",
    drawn: true,
    removes: true,
  },
];
