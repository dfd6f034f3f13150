// SynFlow (Tanaka, Kunin, Yamins, Ganguli, NeurIPS 2020, arXiv:2006.05467): weights by the flow of ones through the network of absolute weights.
// No data. Here biases count as zero and batch normalization as the identity unless told otherwise; the authors' code takes |bias| (zero at
// initialization) and runs batch normalization in evaluation mode (`bn: "scale"`). It prunes ties too, so keeps fewer than asked; here counts are exact.
// Their float32 overflows at about thirty residual layers; here the flow is divided by its mean where all of it passes through one tensor.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { withGradients } from "@warmstart/gradients";
import { networkOf, WarmstartError, type Initializer, type Network, type Parameter } from "@warmstart/init-core";
import { maskInitializer, type IterativeOptions, type MaskOptions, type PrunePlan, type Pruned } from "../masks/mask-initializer.js";
import type { MaskMap, ScoreMap } from "../masks/select-masks.js";
import { prunableParameters, type PrunableOptions } from "./prunable.js";
import { requireKernelGradients } from "./require-kernel-gradients.js";
import { absoluteSum, allFinite, readScores, requireScores } from "./read-scores.js";
import { flowGraph, type FlowGraph, type FlowOptions } from "./synflow/flow-graph.js";
import { networkFlow } from "./synflow/network-flow.js";

export interface SynflowScoreOptions extends Partial<FlowOptions>, Pick<PrunableOptions, "include"> {
  /** Batch normalization as the identity (default), or as the scale |γ| / √(moving variance + ε). */
  readonly bn?: "identity" | "scale";
  /** Biases as zero (default), or their absolute values. */
  readonly bias?: "zero" | "abs";
  /** Divides the scores by their sum. Default true; raw scores of a deep network are beyond float32. */
  readonly normalize?: boolean;
}

/** Scores of SynFlow, and the flow. */
export interface SynflowScores {
  /** |w| · ∂R/∂|w|, over their sum unless told otherwise. */
  readonly scores: ScoreMap;
  /** log10 of that sum; -Infinity where nothing flows. */
  readonly log10Sum: number;
  /** log10 of the flow R, the sum of the outputs. */
  readonly log10R: number;
}

/**
 * SynFlow's scores. In a chain each layer's add up to R, and what goes into a unit is what comes out of it.
 *
 * @param target a LayersModel, whose layers are made linear; or a network by hand, which is run as it is, with absolute kernels, `inputShape`, zero (or
 *   absolute) biases and shifts, scales of 1, means of 0 and variances of 1 (with `bn: "scale"` absolute, 0 and as they are). Its flow is not scaled.
 * @throws {WarmstartError} MODEL_STATE naming a layer that cannot be made linear (recurrent, embedding, custom), or for a network by hand that bends; INVALID_OPTION;
 *   INSUFFICIENT_DATA where nothing flows; NOT_FINITE where raw scores are beyond float32.
 *
 * @example
 * const { scores, log10R } = await synflowScores(model);
 */
export async function synflowScores(target: LayersModel | Network, options: SynflowScoreOptions = {}): Promise<SynflowScores> {
  const network = "sites" in target ? target : networkOf(target);
  const graph = flowOf(target, network, options);
  const parameters = prunableParameters(network, options, "synflowScores").filter(graph.reaches);
  const magnitudes = await magnitudesOf(parameters);
  await checkFlow(graph, parameters, magnitudes);
  const { scores, log10R, log10Scale } = await scoreSynflow("synflowScores", graph, parameters, magnitudes);
  const sum = absoluteSum(scores);
  requireFlow("synflowScores", scores);
  const factor = options.normalize === false ? 10 ** log10Scale : 1 / sum;
  for (const [path, values] of scores) {
    for (let i = 0; i < values.length; i++) values[i] = values[i]! * factor;
    if (!allFinite(values)) throw new WarmstartError("NOT_FINITE", `synflowScores: raw scores of "${path}" are beyond float32; leave \`normalize\` on.`, { path });
  }
  return { scores, log10R, log10Sum: Math.log10(sum) + log10Scale };
}

/** The flow of a model, whose layers are made linear, or of a network by hand, which has to be. */
const flowOf = (target: LayersModel | Network, network: Network, options: SynflowScoreOptions): FlowGraph => ("sites" in target ? networkFlow(target, flowOptions(options)) : flowGraph(target, network, flowOptions(options)));

async function checkFlow({ check }: FlowGraph, parameters: readonly Parameter[], magnitudes: Magnitudes): Promise<void> {
  if (check === undefined) return;
  const kernels = kernelsOf(parameters, magnitudes);
  try {
    await check(kernels);
  } finally {
    tf.dispose(kernels);
  }
}

const flowOptions = ({ bn = "identity", bias = "zero", inputShape }: SynflowScoreOptions): FlowOptions => ({ bn, bias, ...(inputShape ? { inputShape } : {}) });

const requireFlow = (caller: string, scores: ScoreMap) => requireScores(caller, scores, "Nothing flows from the inputs to the outputs: a layer's weights are all zero.");

/** Absolute weights by path, on the host. */
type Magnitudes = ReadonlyMap<string, Float32Array>;

async function magnitudesOf(parameters: readonly Parameter[]): Promise<Magnitudes> {
  const values = await Promise.all(parameters.map(({ variable }) => variable.data<"float32">()));
  return new Map(parameters.map(({ path }, i) => [path, values[i]!.map(Math.abs)]));
}

/** Writes zeros where the masks have them: what is pruned stays so, and the same arrays serve all rounds. */
function zero(magnitudes: Magnitudes, masks: MaskMap): void {
  for (const [path, values] of magnitudes) {
    const mask = masks.get(path)!;
    for (let i = 0; i < values.length; i++) values[i] = mask[i]! * values[i]!;
  }
}

/** The kernels as tensors by path, of whatever scope is open. */
const kernelsOf = (parameters: readonly Parameter[], magnitudes: Magnitudes): Record<string, Tensor> => Object.fromEntries(parameters.map(({ path, shape }) => [path, tf.tensor(magnitudes.get(path)!, [...shape])]));

/** Scores over 10^log10Scale, at the absolute kernels given. */
async function scoreSynflow(caller: string, graph: FlowGraph, parameters: readonly Parameter[], magnitudes: Magnitudes) {
  requireKernelGradients(parameters, caller);
  const scales: Tensor[] = [];
  const [flow, ...gradients] = freeing(scales, () => {
    const named = kernelsOf(parameters, magnitudes);
    const kernels = Object.values(named);
    let failure: { readonly error: unknown } | undefined;
    const flowing = (): Scalar => {
      try {
        return graph.run(named, scales);
      } catch (error) {
        failure = { error }; // thrown from in here, it would leave on tfjs' tape what the layers have saved
        return tf.scalar(0);
      }
    };
    const { value, grads } = graph.differentiate(named, (by) => withGradients(() => tf.engine().gradients(flowing, by, undefined as unknown as Scalar, true) as { value: Tensor; grads: (Tensor | undefined)[] }));
    if (failure !== undefined) throw failure.error;
    return [value, ...kernels.map((kernel, i) => grads[i] ?? tf.zerosLike(kernel))];
  });
  const flowed = await readFlow(flow!, scales);
  const scores = await readScores(caller, Object.fromEntries(parameters.map(({ path }, i) => [path, gradients[i]!])));
  for (const [path, values] of scores) {
    const weights = magnitudes.get(path)!;
    for (let i = 0; i < values.length; i++) values[i] = values[i]! * weights[i]!;
  }
  return { scores, ...flowed };
}

/** `f` in a tidy; `scales`, which are kept, are freed when it throws. */
function freeing<T extends Tensor | Tensor[]>(scales: readonly Tensor[], f: () => T): T {
  try {
    return tf.tidy(f);
  } catch (error) {
    tf.dispose([...scales]);
    throw error;
  }
}

/** log10 of the flow and of the product of its scales, all disposed. */
async function readFlow(flow: Tensor, scales: readonly Tensor[]): Promise<{ log10R: number; log10Scale: number }> {
  const all = tf.tidy(() => tf.stack([flow, ...scales]));
  tf.dispose([flow, ...scales]);
  const [scaledFlow, ...read] = await all.data();
  all.dispose();
  const log10Scale = read.reduce((sum, scale) => sum + Math.log10(scale), 0);
  return { log10R: Math.log10(scaledFlow!) + log10Scale, log10Scale };
}

export interface SynflowOptions extends MaskOptions, IterativeOptions, Omit<SynflowScoreOptions, "normalize"> {}

/**
 * Masks by SynFlow, without data, in `iterations` rounds (default 100, which are what keeps layers from emptying; the authors' program
 * defaults to 1). The layers of a LayersModel are made linear. A network
 * by hand is run as it is, with absolute kernels and `inputShape`, and refused where that is not linear.
 *
 * @example
 * const { result: pruned } = await initialize(model, synflow({ compression: 100 }));
 */
export function synflow(options: SynflowOptions): Initializer<LayersModel | Network, PrunePlan, Pruned> {
  return maskInitializer<LayersModel | Network>(
    "synflow",
    options,
    async ({ settings: { network, parameters, signal }, prune }, target) => {
      const graph = flowOf(target, network, options);
      let vanished = 0;
      let round = 0;
      const magnitudes = await magnitudesOf(parameters);
      await checkFlow(graph, parameters, magnitudes);
      const pruning = await prune(async (masks) => {
        signal?.throwIfAborted();
        if (masks !== undefined) zero(magnitudes, masks);
        const { scores, log10R } = await scoreSynflow("synflow", graph, parameters, magnitudes);
        if (round++ === 0) requireFlow("synflow", scores);
        else if (log10R === -Infinity) vanished ||= round;
        return { scores, figure: log10R };
      }, { figure: "log10R" });
      const scales: Tensor[] = [];
      zero(magnitudes, pruning.masks);
      const flow = freeing(scales, () => graph.run(kernelsOf(parameters, magnitudes), scales));
      const { log10R } = await readFlow(flow, scales);
      const gates = prunableParameters(network, options, "synflow").filter((parameter) => !parameters.includes(parameter));
      const notes = [
        ...(vanished > 0 ? [`Nothing flowed any more from round ${vanished} on; what was pruned later was chosen by position alone.`] : []),
        ...(gates.length > 0 ? [`Left as they are, since gates count as 1: ${gates.map(({ path }) => path).join(", ")}.`] : []),
      ];
      return { ...pruning, log10R, notes };
    },
    { usualIterations: 100, choose: (target, network, all) => all.filter(flowOf(target, network, options).reaches) },
  );
}
