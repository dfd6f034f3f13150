// Runners of the pruning operations on masks. A case names a kernel by its layer, the network by a path.
import * as tf from "@tensorflow/tfjs";
import { networkOf, type LabelledBatch, type Role } from "@warmstart/init-core";
import { erkDensities, force, graspScores, magnitudeScores, selectMasks, smartRatioDensities, snip, snipScores, synflow, synflowScores, type ErkMode, type KernelShape, type MaskMap, type PruneDetails, type PrunePlan, type Schedule, type Scope, type ScoreMap } from "@warmstart/pruning-at-init";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import type { ReferenceCase } from "./cases.js";
import { buildNetwork } from "./networks.js";
import { toTensor, type Runner } from "./runner.js";
import type { Entries, Value } from "./values.js";

type Results = Record<string, Value>;
type BnMode = "train" | "eval";

/** "c1/kernel" and "dw/depthwise_kernel" are "c1" and "dw", "d1/bias" stays. */
const shortName = (path: string): string => path.replace(/\/(depthwise_)?kernel$/, "");

/** A map of flat values as tensors of a case. */
function entriesOf(prefix: string, values: ReadonlyMap<string, Float32Array | Uint8Array>, shapeOf: (name: string) => readonly number[]): Results {
  return Object.fromEntries([...values].map(([name, data]) => [`${prefix}/${shortName(name)}`, { shape: shapeOf(name), data }]));
}

const count = (mask: Uint8Array): number => mask.reduce((sum, kept) => sum + kept, 0);
const countAll = (masks: MaskMap): number[] => [...masks.values()].map(count);
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

/** Runs `f` on the model of a case, with its batches, and frees both. */
async function onNetwork(reference: ReferenceCase, f: (model: tf.LayersModel, batches: LabelledBatch[], shapeOf: (path: string) => readonly number[]) => Promise<Results>): Promise<Results> {
  if (tf.getBackend() === "wasm") registerTrainingKernels(); // gradients of convolutions
  const model = buildNetwork(reference);
  const { inputs } = reference;
  const keys = ["", "0", "1", "2", "3"].filter((key) => inputs[`x${key}`] !== undefined);
  const batches = keys.map((key) => ({ xs: toTensor(inputs[`x${key}`]), ys: toTensor(inputs[`labels${key}`]) }));
  const shapes = new Map(networkOf(model).parameters.map(({ path, shape }) => [path, shape]));
  try {
    return await f(model, batches, (path) => shapes.get(path)!);
  } finally {
    tf.dispose(batches as unknown as tf.TensorContainer);
    model.dispose();
  }
}

/** `mask@0.3/c1` and `kept@0.3` for each density that the case asks for. */
function masksAtDensities({ options }: ReferenceCase, scores: ScoreMap, shapeOf: (path: string) => readonly number[]): Results {
  const results: Results = {};
  for (const density of (options.densities ?? []) as number[]) {
    const masks = selectMasks(scores, { density, scope: options.scope as Scope });
    Object.assign(results, entriesOf(`mask@${density}`, masks, shapeOf), { [`kept@${density}`]: countAll(masks) });
  }
  return results;
}

/** The masks of a plan, which is disposed, and what it says about its rounds. */
async function readPlan(plan: PrunePlan, reference: ReferenceCase, prefix = "mask"): Promise<Results> {
  const { details } = plan;
  const results: Results = {};
  for (const [path, mask] of Object.entries(plan.tensors)) results[`${prefix}/${shortName(path)}`] = { shape: mask.shape, data: await mask.data<"float32">() };
  plan.dispose();
  return { ...results, ...roundsOf(details, reference), kept: Object.values(details.kept) };
}

function roundsOf({ rounds, figure, log10R }: PruneDetails, { expected }: ReferenceCase): Results {
  const perRound = (expected.keptPerRound as Entries | undefined)?.shape;
  const kept: Results = perRound === undefined ? {} : { keptPerRound: { shape: perRound, data: rounds.flatMap((round) => (perRound.length === 1 ? [sum(round.kept)] : round.kept)) } };
  const figures = rounds.map((round) => round.figure ?? -Infinity);
  return { ...kept, ...(figure === "loss" ? { lossPerRound: figures } : { log10RPerRound: figures, log10R: log10R ?? -Infinity }) };
}

const loop = ({ options }: ReferenceCase) => ({ density: options.density as number, iterations: options.iterations as number, schedule: options.schedule as Schedule, scope: (options.scope ?? "global") as Scope });
const flow = ({ options }: ReferenceCase) => ({ bn: options.bn as "identity" | "scale", bias: options.bias as "zero" | "abs" });

const snipRunner: Runner = (reference) =>
  onNetwork(reference, async (model, batches, shapeOf) => {
    const { options } = reference;
    const scoring = { bnMode: options.bnMode as BnMode, includeBiases: options.includeBiases === true };
    if (options.iterations !== undefined) return readPlan(await snip({ ...loop(reference), ...scoring, data: batches }).plan(model), reference);
    const { scores, sum: total, loss } = await snipScores(model, batches, scoring);
    return { ...entriesOf("scores", scores, shapeOf), ...masksAtDensities(reference, scores, shapeOf), sum: total, loss };
  });

const graspRunner: Runner = (reference) =>
  onNetwork(reference, async (model, batches, shapeOf) => {
    const { options } = reference;
    const { scores, norm, loss, squaredGradientNorms } = await graspScores(model, batches, { bnMode: options.bnMode as BnMode, temperature: options.temperature as number, normalize: options.normalize as "signedSum" | "absSum" });
    return { ...entriesOf("scores", scores, shapeOf), ...masksAtDensities(reference, scores, shapeOf), loss, log10Norm: Math.log10(norm), layerSums: [...scores.values()].map(sum), negSquaredGradNorms: Object.values(squaredGradientNorms).map((square) => -square) };
  });

const synflowRunner: Runner = (reference) =>
  onNetwork(reference, async (model, _batches, shapeOf) => {
    const { options } = reference;
    if (options.iterations !== undefined) return readPlan(await synflow({ ...loop(reference), ...flow(reference) }).plan(model), reference);
    const { scores, log10Sum, log10R } = await synflowScores(model, { ...flow(reference), normalize: options.normalize === true });
    return { ...entriesOf("scores", scores, shapeOf), ...masksAtDensities(reference, scores, shapeOf), log10Sum, log10R, layerSums: [...scores.values()].map(sum) };
  });

const collapse: Runner = (reference) =>
  onNetwork(reference, async (model, batches) => {
    const { density, iterations, schedule } = loop(reference);
    const { kept: keptSnip, ...masksSnip } = await readPlan(await snip({ density, bnMode: reference.options.bnMode as BnMode, data: batches }).plan(model), reference, "maskSnip");
    const { kept: keptSynflow, ...masksSynflow } = await readPlan(await synflow({ density, iterations, schedule, ...flow(reference) }).plan(model), reference, "maskSynflow");
    return { ...masksSnip, ...masksSynflow, keptSnip: keptSnip!, keptSynflow: keptSynflow! };
  });

const forceRunner: Runner = (reference) => onNetwork(reference, async (model, batches) => readPlan(await force({ ...loop(reference), method: reference.options.method as "force" | "grasp-it", data: batches }).plan(model), reference));

const magnitudeRunner: Runner = async ({ options, inputs }) => {
  const layers = options.layers as string[];
  const variables = layers.map((layer) => tf.tidy(() => tf.variable(toTensor(inputs[`${layer}/kernel`]))));
  const parameters = variables.map((variable, i) => ({ path: `${layers[i]!}/kernel`, layer: layers[i]!, role: "kernel" as const, shape: variable.shape, variable, trainable: true }));
  const scores = await magnitudeScores({ parameters, sites: [], forward: () => [] });
  tf.dispose(variables);
  const masks = selectMasks(scores, { density: options.density as number, scope: options.scope as Scope });
  const shapeOf = (path: string) => inputs[path]!.shape;
  return { ...entriesOf("scores", scores, shapeOf), ...entriesOf("mask", masks, shapeOf), kept: countAll(masks) };
};

/** Selection from given numbers. */
const selection = (prefix: string): Runner => async ({ options, inputs }) => {
  const layers = options.layers as string[];
  const given = (from: string) => layers.flatMap((layer) => (inputs[`${from}/${layer}`] === undefined ? [] : [[layer, inputs[`${from}/${layer}`]!.data as number[]] as const]));
  const previous = given("previous");
  const density = (options.densities ?? options.density) as number | Record<string, number>;
  const masks = selectMasks(new Map(given(prefix).map(([layer, data]) => [layer, Float32Array.from(data)])), { density, scope: options.scope as Scope, ...(previous.length > 0 ? { previous: new Map(previous.map(([layer, data]) => [layer, Uint8Array.from(data)])) } : {}) });
  return { ...entriesOf("mask", masks, (layer) => inputs[`${prefix}/${layer}`]!.shape), kept: countAll(masks) };
};

function kernelsOf({ options }: ReferenceCase): KernelShape[] {
  return (options.layers as { type: string; kernelShape: number[] }[]).map(({ type, kernelShape }) => ({ shape: kernelShape, role: (type === "depthwiseConv2d" ? "depthwise-kernel" : "kernel") satisfies Role }));
}

/** The counts that a random mask of these densities has. */
function keptAt(kernels: readonly KernelShape[], densities: readonly number[]): number[] {
  const names = kernels.map((_, i) => `kernel ${i}`);
  const masks = selectMasks(new Map(kernels.map(({ shape }, i) => [names[i]!, new Float32Array(shape.reduce((all, size) => all * size, 1))])), { density: Object.fromEntries(densities.map((density, i) => [names[i]!, density])) });
  return countAll(masks);
}

const erk: Runner = async (reference) => {
  const kernels = kernelsOf(reference);
  const densities = erkDensities(kernels, reference.options.density as number, reference.options.mode as ErkMode);
  const expectedTotal = sum(kernels.map(({ shape }, i) => densities[i]! * shape.reduce((all, size) => all * size, 1)));
  return { densities, keptCounts: keptAt(kernels, densities), expectedTotal };
};

const smartRatio: Runner = async (reference) => {
  const { density, vggLike, fcKeep } = reference.options;
  const kernels = kernelsOf(reference);
  const densities = smartRatioDensities(kernels, density as number, { vggLike: vggLike === true, fcKeep: fcKeep as number });
  return { densities, keptCounts: keptAt(kernels, densities) };
};

export const pruningRunners: Readonly<Record<string, Runner>> = {
  "pruning/collapse": collapse,
  "pruning/erk": erk,
  "pruning/force": forceRunner,
  "pruning/grasp": graspRunner,
  "pruning/magnitude": magnitudeRunner,
  "pruning/mask": selection("scores"),
  "pruning/random": selection("draws"),
  "pruning/smart-ratio": smartRatio,
  "pruning/snip": snipRunner,
  "pruning/synflow": synflowRunner,
};
