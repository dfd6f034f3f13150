// The thermometer by which every start is judged: how large activations and gradients are from layer to layer, which units are dead, how uneven kernels are.
// What to look for: He et al. 2015 (mean squares that neither grow nor shrink with depth), Glorot and Bengio 2010 (the same of gradients), Saxe et al. 2014 (condition).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { requireGradients } from "./backend/require-gradients.js";
import { WarmstartError } from "./errors.js";
import { networkOf } from "./layers/network-of.js";
import type { Network, Site } from "./network.js";
import type { Loss } from "./observe/gradient-sums.js";
import { createReport, type Cell, type Report, type ReportPlot } from "./report.js";
import { conditionNumber } from "./signal/condition-number.js";
import { measureActivations } from "./signal/measure-activations.js";
import { measureGradients } from "./signal/measure-gradients.js";
import { withValues } from "./with-values.js";

export interface SignalReportOptions {
  /** With `labels`: gradients are measured too. The mean over the batch; tfjs' argument order, labels first. */
  readonly loss?: Loss;
  readonly labels?: Tensor | Tensor[];
  /** Dropout on, batch statistics in use (which are put back afterwards). Default false. */
  readonly training?: boolean;
}

/** What was measured where one kernel reads its input; null where it could not be, the report's notes say why. */
export interface LayerSignal {
  readonly layer: string;
  /** Path of the kernel. */
  readonly path: string;
  readonly shape: readonly number[];
  /** Mean square of what the kernel reads. */
  readonly input: number | null;
  /** Mean square of the layer's output before its activation. */
  readonly output: number | null;
  /** Share of the units read (a dense layer's features, an image's channels) that are zero for the whole batch; null for the data themselves. */
  readonly deadInputs: number | null;
  /** Mean square of the loss gradient of the kernel; null without a loss, or where the loss does not depend on the kernel. */
  readonly gradient: number | null;
  /** Largest over smallest singular value of the kernel, all axes but the last as rows; Infinity where it is singular to float32. */
  readonly condition: number;
}

export interface SignalReport extends Report {
  /** The layers in the order in which the forward pass meets them. */
  readonly layers: readonly LayerSignal[];
}

/**
 * One batch through a network, and what it looks like inside, layer by layer. Works on a LayersModel and on networks written by
 * hand; nothing is changed, and nothing is kept. Figures are measured without overflow, so that an exploding net is shown, up to
 * float32's own infinity.
 *
 * @param batch the network's input, or one tensor an input; it stays the caller's, as `labels` do.
 * @throws {WarmstartError} NOT_FINITE naming the first layer whose input or output, or the kernel whose gradient has NaN or
 *   infinity; INVALID_OPTION for a loss without labels or the reverse; BACKEND where no gradients are registered.
 *
 * @example
 * const report = await signalReport(model, xs, { loss: tf.losses.softmaxCrossEntropy, labels });
 * console.log(report.toString());
 */
export async function signalReport(target: LayersModel | Network, batch: Tensor | Tensor[], options: SignalReportOptions = {}): Promise<SignalReport> {
  const { loss, labels, training = false } = options;
  if ((loss === undefined) !== (labels === undefined)) throw new WarmstartError("INVALID_OPTION", `signalReport: \`loss\` and \`labels\` belong together; got ${loss === undefined ? "labels" : "a loss"} alone.`);
  if (loss !== undefined) requireGradients("signalReport with a loss");
  const network = "sites" in target ? target : networkOf(target);
  if (network.sites.length === 0) throw new WarmstartError("NO_MATCH", "signalReport: the network has no site, a place where a kernel reads its input. Recurrent and custom layers hide theirs.");
  return withValues(network, {}, async () => {
    const activations = await measureActivations(network, batch, training);
    const gradients = loss === undefined ? undefined : await measureGradients(network, batch, labels!, loss, training);
    const layers: LayerSignal[] = [];
    for (const { site, input, output, deadInputs } of activations) {
      const condition = await kernelCondition(site);
      layers.push({ layer: site.layer, path: site.path, shape: site.kernel.shape, input, output, deadInputs, gradient: gradients?.bySite.get(site) ?? null, condition });
    }
    return { ...describe(network, layers, batch, training, gradients?.loss), layers };
  });
}

async function kernelCondition({ kernel }: Site): Promise<number> {
  const matrix = tf.reshape(kernel.variable, [-1, kernel.shape.at(-1)!]) as Tensor2D;
  try {
    return await conditionNumber(matrix);
  } finally {
    matrix.dispose();
  }
}

function describe(network: Network, layers: readonly LayerSignal[], batch: Tensor | Tensor[], training: boolean, loss: number | undefined): Report {
  const columns = ["layer", "kernel", "input", "output", "dead inputs", ...(loss === undefined ? [] : ["gradient"]), "condition"];
  const rows = layers.map(({ layer, shape, input, output, deadInputs, gradient, condition }): Cell[] => [layer, shape.join("×"), input, output, deadInputs, ...(loss === undefined ? [] : [gradient]), condition === Infinity ? "singular" : condition]);
  const seen = new Set(layers.map(({ path }) => path));
  const unmet = network.sites.filter(({ path }) => !seen.has(path)).map(({ layer }) => layer);
  const hidden = network.parameters.filter(({ role, path }) => role.endsWith("kernel") && role !== "pointwise-kernel" && !network.sites.some((site) => site.path === path)).map(({ path }) => path);
  const unmeasured = layers.filter(({ output }) => output === null).map(({ layer }) => layer);
  const unconnected = loss === undefined ? [] : layers.filter(({ gradient }) => gradient === null).map(({ layer }) => layer);
  const notes = [
    `${loss === undefined ? "Input and output" : "Input, output and gradient"} are mean squares: of what the kernel reads, of the layer's output before its activation${loss === undefined ? "" : ", of the kernel's gradient"}. Dead inputs: the share of the units read that are zero for the whole batch; not given for the data themselves.`,
    "Condition: largest over smallest singular value of the kernel, all axes but the last as rows; estimated from below where the shorter side is above 128.",
    ...list("The output is not computed for this kind of layer", unmeasured),
    ...list("The loss does not depend on", unconnected),
    ...list("Not met in the forward pass", unmet),
    ...list("Recurrent and custom layers hide what their kernels read; left out", hidden),
  ];
  const plot = (title: string, yLabel: string, series: readonly (readonly [string, (layer: LayerSignal) => number | null])[]): ReportPlot[] => {
    const drawn = series.map(([name, figure]) => ({ name, of: layers.filter((layer) => figure(layer) !== null), figure })).filter(({ of }) => of.length > 0);
    return drawn.length === 0 ? [] : [{ kind: "bar", title, xLabel: "layer", yLabel, yScale: "log", series: drawn.map(({ name, of, figure }) => ({ name, x: of.map(({ layer }) => layer), y: of.map((layer) => figure(layer)!) })) }];
  };
  return createReport({
    title: "Signal",
    facts: { layers: layers.length, batch: [batch].flat()[0]?.shape[0] ?? null, pass: training ? "training" : "evaluation", ...(loss === undefined ? {} : { loss }) },
    tables: [{ title: "Layers", columns, rows }],
    plots: [...plot("Activations by layer", "mean square", [["input", ({ input }) => input], ["output, before the activation", ({ output }) => output]]), ...plot("Gradients by layer", "mean square", [["gradient", ({ gradient }) => gradient]])],
    notes,
  });
}

const list = (what: string, layers: readonly string[]): string[] => (layers.length === 0 ? [] : [`${what}: ${[...new Set(layers)].join(", ")}.`]);
