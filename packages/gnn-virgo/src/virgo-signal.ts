// The paper's stability plots for a model: how large the signal is behind every graph layer, and the gradient before it.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import type { layers, LayersModel } from "@tensorflow/tfjs-layers";
import { createReport, layersOf, requireGradients, WarmstartError, type Cell, type Loss, type Report, type ReportPlot } from "@warmstart/init-core";
import { isGraphConvolution } from "./layers/graph-convolution.js";
import { measure, type Tap } from "./measure-variance.js";

export interface GraphSignalOptions {
  /** With `labels`: gradients are measured too; tfjs' argument order, labels first. */
  readonly loss?: Loss;
  readonly labels?: Tensor;
}

/** One graph layer. */
export interface GraphLayerSignal {
  readonly layer: string;
  /** Mean square of its output before the activation; null where the layer was not met, or its output is beyond float32. */
  readonly meanSquare: number | null;
  /** Mean square of the loss gradient towards what it reads; null without a loss, or beyond float32. */
  readonly gradMeanSquare: number | null;
}

export interface GraphSignalReport extends Report {
  /** First to last. */
  readonly layers: readonly GraphLayerSignal[];
}

/**
 * Sends node features through a model once, and says how large the signal is behind each of its graph layers and, with a loss, the
 * gradient before each. Level curves are what Virgo is for. Nothing is changed or kept; a layer that is applied twice shows its
 * last use. init-core's `signalReport` does the same for dense and convolution layers.
 *
 * @param x the model's input, `"nodes features"`; it stays the caller's, as `labels` do.
 * @throws {WarmstartError} NO_MATCH for a model without graph layers; INVALID_OPTION for a loss without labels or the reverse.
 *
 * @example
 * const report = await graphSignal(model, x, { loss: tf.losses.softmaxCrossEntropy, labels });
 * console.log(report.toString());
 */
export async function graphSignal(model: LayersModel, x: Tensor2D, { loss, labels }: GraphSignalOptions = {}): Promise<GraphSignalReport> {
  if ((loss === undefined) !== (labels === undefined)) throw new WarmstartError("INVALID_OPTION", `graphSignal: \`loss\` and \`labels\` belong together; got ${loss === undefined ? "labels" : "a loss"} alone.`);
  if (loss !== undefined) requireGradients("graphSignal with a loss");
  const found = layersOf(model).filter(({ layer }) => isGraphConvolution(layer));
  if (found.length === 0) throw new WarmstartError("NO_MATCH", `graphSignal: the model "${model.name}" has no graph layer. For other layers there is init-core's signalReport.`, { model: model.name });
  const linear = found.map(({ layer }) => withoutActivation(layer));
  try {
    const { meanSquare, gradMeanSquare, loss: value } = await measure(found.length, loss !== undefined, (tap) => {
      const restore = found.map(({ layer }, i) => watch(layer, linear[i], i, tap));
      try {
        const output = model.apply(x) as Tensor;
        return loss === undefined ? output : (loss(labels!, output) as Tensor);
      } finally {
        for (const undo of restore) undo();
      }
    });
    const known = (figure: number | undefined) => (figure === undefined || Number.isNaN(figure) ? null : figure);
    const signals = found.map(({ path }, i): GraphLayerSignal => ({ layer: path, meanSquare: known(meanSquare[i]), gradMeanSquare: known(gradMeanSquare?.[i]) }));
    return { ...describe(signals, x, value), layers: signals };
  } finally {
    for (const one of linear) for (const weight of one?.weights ?? []) weight.dispose();
  }
}

/** The layer again with its activation left out, weights shared; undefined where it has none. */
function withoutActivation(layer: layers.Layer): layers.Layer | undefined {
  const config = layer.getConfig();
  if (typeof config.activation !== "string" || config.activation === "linear") return undefined;
  const Class = layer.constructor as typeof layers.Layer & { fromConfig: (cls: unknown, config: object) => layers.Layer };
  const twin = Class.fromConfig(Class, { ...config, activation: "linear" });
  twin.build([null, layer.weights[0]!.shape[0]!]);
  twin.setWeights(layer.getWeights());
  return twin;
}

/** Has the layer's calls seen, until the function returned is called. */
function watch(layer: layers.Layer, linear: layers.Layer | undefined, i: number, tap: Tap): () => void {
  const call = layer.call;
  layer.call = (inputs, kwargs) => {
    const h = tap.input(i, [inputs].flat()[0]!);
    const output = call.call(layer, Array.isArray(inputs) ? [h, ...inputs.slice(1)] : h, kwargs);
    if (linear !== undefined && isGraphConvolution(layer)) (linear as { graph?: unknown }).graph = layer.graph;
    tap.output(i, linear === undefined ? [output].flat()[0]! : tf.tidy(() => [linear.call(h, {})].flat()[0]!));
    return output;
  };
  return () => void delete (layer as Partial<layers.Layer>).call; // the class's own is behind it
}

function describe(signals: readonly GraphLayerSignal[], x: Tensor2D, loss: number | undefined): Report {
  const rows = signals.map(({ layer, meanSquare, gradMeanSquare }, i): Cell[] => {
    const before = signals[i - 1]?.meanSquare ?? null;
    return [layer, meanSquare, meanSquare === null || before === null ? null : meanSquare / before, ...(loss === undefined ? [] : [gradMeanSquare])];
  });
  return createReport({
    title: "Signal through the graph layers",
    facts: { layers: signals.length, nodes: x.shape[0], ...(loss === undefined ? {} : { loss }) },
    tables: [{ title: "Graph layers", columns: ["layer", "output", "to the layer before", ...(loss === undefined ? [] : ["gradient"])], rows }],
    plots: plotsOf({ signal: signals }),
    notes: [`Output is the mean square before the activation${loss === undefined ? "" : ", gradient that of the loss towards what the layer reads"}.`],
  });
}

/**
 * Several starts of one model in one report, the paper's figures of stability: mean squares over depth, a line a start. It is data;
 * `@warmstart/report` makes a page of it.
 *
 * @param signals by the name of the start.
 * @throws {WarmstartError} INSUFFICIENT_DATA for none.
 *
 * @example
 * const report = compareGraphSignals({ Kaiming: await graphSignal(a, x), Virgo: await graphSignal(b, x) });
 */
export function compareGraphSignals(signals: Readonly<Record<string, Pick<GraphSignalReport, "layers">>>): Report {
  const starts = Object.entries(signals);
  if (starts.length === 0) throw new WarmstartError("INSUFFICIENT_DATA", "compareGraphSignals: there is nothing to compare. Give at least one report of graphSignal, under the name of its start.", {});
  const [, { layers: first }] = starts[0]!;
  const table = (title: string, of: (one: GraphLayerSignal) => number | null) => ({ title, columns: ["layer", ...starts.map(([name]) => name)], rows: first.map(({ layer }, i): Cell[] => [layer, ...starts.map(([, one]) => (one.layers[i] === undefined ? null : of(one.layers[i]!)))]) });
  const gradients = starts.some(([, one]) => one.layers.some(({ gradMeanSquare }) => gradMeanSquare !== null));
  return createReport({
    title: "Stability through depth",
    facts: { starts: starts.length, layers: first.length },
    tables: [table("Mean square of outputs, before the activation", ({ meanSquare }) => meanSquare), ...(gradients ? [table("Mean square of gradients, towards what the layer reads", ({ gradMeanSquare }) => gradMeanSquare)] : [])],
    plots: plotsOf(Object.fromEntries(starts.map(([name, one]) => [name, one.layers]))),
  });
}

function plotsOf(starts: Readonly<Record<string, readonly GraphLayerSignal[]>>): ReportPlot[] {
  const plot = (title: string, of: (one: GraphLayerSignal) => number | null): ReportPlot[] => {
    const series = Object.entries(starts).flatMap(([name, signals]) => {
      const points = signals.flatMap((one, i) => (of(one) === null ? [] : [{ x: i + 1, y: of(one)! }]));
      return points.length === 0 ? [] : [{ name, x: points.map(({ x }) => x), y: points.map(({ y }) => y) }];
    });
    return series.length === 0 ? [] : [{ kind: "line", title, xLabel: "graph layer", yLabel: "mean square", yScale: "log", series }];
  };
  return [...plot("Outputs, before the activation", ({ meanSquare }) => meanSquare), ...plot("Gradients of the loss", ({ gradMeanSquare }) => gradMeanSquare)];
}
