// Layer-sequential unit-variance initialization: D. Mishkin and J. Matas, All you need is a good init, ICLR 2016 (arXiv:1511.06422), algorithm 1.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Initializer, InitOptions, Plan } from "./contract.js";
import { eachBatch, type Data } from "./data.js";
import { WarmstartError } from "./errors.js";
import { orthogonal } from "./initializers/orthogonal.js";
import { networkOf } from "./layers/network-of.js";
import { outputVariances, type SiteVariance, type VarianceSettings } from "./lsuv/output-variances.js";
import type { Network, Site } from "./network.js";
import { createPlan, expectPlan } from "./plan.js";
import { subSeed } from "./random/sub-seed.js";
import { createReport, type Cell } from "./report.js";
import { checkValue, withValues } from "./with-values.js";

export interface LsuvOptions<Batch = Tensor | Tensor[]> {
  /** The first batch is used: the network's inputs, or `{ xs }`. Take some tens of samples or more. */
  readonly data: Data<Batch>;
  /** The model's inputs in a batch. Default: the batch itself, or its `xs`. */
  readonly inputs?: (batch: Batch) => Tensor | Tensor[];
  /** How far a variance may be from the target, as a share of it (the paper's Tol_var). Default 0.1. */
  readonly tolerance?: number;
  /** Passes through the network at most (the paper's T_max). Default 10. */
  readonly maxIterations?: number;
  /** Variance that each layer's output, before its activation, is given. Default 1. */
  readonly targetVariance?: number;
  /** Starts from orthonormal kernels, as the paper does; false keeps the kernels and scales them alone. Default true. */
  readonly orthogonal?: boolean;
  /** Of the orthonormal kernels. Default: the seed given to `initialize`. */
  readonly seed?: number;
}

/** By kernel path: the variance of the layer's output with the kernels that scaling started from (null if float32 could not hold it) and at the end, and what the kernel was multiplied by. */
export type LsuvDetails = Readonly<Record<string, { readonly before: number | null; readonly after: number; readonly scale: number }>>;

/**
 * Gives every layer's output unit variance on a batch of data: orthonormal kernels, then each is divided by the standard
 * deviation of its layer's output, in the order of the forward pass, until all are within `tolerance`. In place; biases and
 * all other weights stay as they are. For dense and convolution layers (1-D, 2-D, depthwise; of a separable one the
 * depthwise kernel); embeddings and other layers are left alone, and the report says so.
 *
 * The variance is over all entries of the output, as in the authors' code. Theirs runs a pass a layer and an iteration; here
 * each pass scales every layer as it meets it, on the backend, with the layers before it scaled already, so that where biases
 * are zero two passes do, one that scales and one that confirms. Theirs draws a new mini-batch every time, this uses one.
 *
 * @throws {WarmstartError} INSUFFICIENT_DATA for no data, or a layer whose output does not vary; NOT_FINITE naming the layer;
 *   NO_MATCH for a network without such layers; INVALID_OPTION. The model is then unchanged, as it is while planning.
 *
 * @example
 * const { report } = await initialize(model, lsuv({ data: batches }), { seed: 1 });
 */
export function lsuv<Batch = Tensor | Tensor[]>(options: LsuvOptions<Batch>): Initializer<LayersModel | Network, Plan<LsuvDetails>> {
  const { tolerance = 0.1, maxIterations = 10, targetVariance = 1 } = options;
  const check = (name: string, value: number, ok: boolean, needed: string) => {
    if (!ok) throw new WarmstartError("INVALID_OPTION", `lsuv: \`${name}\` must be ${needed}, got ${value}.`, { [name]: value });
  };
  check("tolerance", tolerance, tolerance > 0 && Number.isFinite(tolerance), "a positive number, 0.1 for instance");
  check("maxIterations", maxIterations, Number.isInteger(maxIterations) && maxIterations >= 1, "a positive integer");
  check("targetVariance", targetVariance, targetVariance > 0 && Number.isFinite(targetVariance), "a positive number");
  return {
    name: "lsuv",
    plan: (target, init) => planLsuv(asNetwork(target), { ...options, tolerance, maxIterations, targetVariance }, init),
    apply: (target, plan) => applyLsuv(asNetwork(target), plan),
  };
}

const asNetwork = (target: LayersModel | Network): Network => ("sites" in target ? target : networkOf(target));

type Settings<Batch> = LsuvOptions<Batch> & Required<Pick<LsuvOptions, "tolerance" | "maxIterations" | "targetVariance">>;

async function planLsuv<Batch>(network: Network, settings: Settings<Batch>, init: InitOptions = {}): Promise<Plan<LsuvDetails>> {
  const { data, inputs = inputsOf, orthogonal: fresh = true } = settings;
  const seed = settings.seed ?? init.seed ?? 0;
  let plan: Plan<LsuvDetails> | undefined;
  try {
    await eachBatch(data, { caller: "lsuv", signal: init.signal, maxBatches: 1 }, async (batch) => {
      const start = fresh ? orthonormalKernels(network, seed) : {};
      try {
        plan = await withValues(network, start, () => scaleKernels(network, inputs(batch), { ...settings, seed, fresh }, init));
      } finally {
        tf.dispose(start);
      }
    });
    init.signal?.throwIfAborted();
    return plan!;
  } catch (error) {
    plan?.dispose();
    throw error;
  }
}

function inputsOf(batch: unknown): Tensor | Tensor[] {
  if (batch instanceof tf.Tensor || Array.isArray(batch)) return batch as Tensor | Tensor[];
  const { xs } = batch as { xs?: Tensor | Tensor[] };
  if (xs === undefined) throw new WarmstartError("INVALID_OPTION", `lsuv: a batch must be a tensor, an array of tensors (one an input) or { xs }. Give \`inputs\` to say where the model's inputs are.`);
  return xs;
}

const supported = ({ kind }: Site): boolean => kind !== "other" && kind !== "embedding";

function orthonormalKernels(network: Network, seed: number): Record<string, Tensor> {
  const positions = new Map(network.parameters.map(({ path }, position) => [path, position]));
  return Object.fromEntries(network.sites.filter(supported).map(({ path, kernel: { shape } }) => [path, orthogonal().draw(shape, { seed: subSeed(seed, positions.get(path)!) })]));
}

/** Scales the network's kernels in place until all variances are right; the plan has copies. `withValues` puts everything back. */
async function scaleKernels<Batch>(network: Network, inputs: Tensor | Tensor[], settings: Settings<Batch> & { seed: number; fresh: boolean }, { signal, onProgress }: InitOptions): Promise<Plan<LsuvDetails>> {
  const { tolerance, maxIterations, targetVariance } = settings;
  const step: VarianceSettings = { network, inputs, supported, tolerance, targetVariance };
  const first = await outputVariances(step);
  if (first.size === 0) throw new WarmstartError("NO_MATCH", `lsuv: the network has no dense or convolution layer whose input is visible (sites: ${network.sites.map(({ layer, kind }) => `${layer} ${kind}`).join(", ") || "none"}).`);
  const scales = new Map([...first.keys()].map((site) => [site, 1]));
  let last = first;
  let changed = true;
  let passes = 0;
  while (changed && passes < maxIterations) {
    await new Promise((resolve) => setTimeout(resolve, 0)); // lets an abort through
    signal?.throwIfAborted();
    last = await outputVariances(step, first);
    requireVariances(last);
    changed = false;
    for (const [site, { factor }] of last) {
      scales.set(site, scales.get(site)! * factor);
      changed ||= factor !== 1;
    }
    passes++;
    onProgress?.({ stage: "scaling layers", done: passes, total: maxIterations });
  }
  // A pass measures before it scales; one that changed nothing is the result, after any other this look is.
  if (changed) last = await outputVariances(step);
  requireVariances(last);
  const sites = [...first.keys()];
  const details = Object.fromEntries(sites.map((site) => [site.path, { before: finite(first.get(site)!.variance), after: last.get(site)!.variance, scale: scales.get(site)! }]));
  return createPlan<LsuvDetails>({
    method: "lsuv",
    details,
    targets: network.parameters.flatMap(({ path, shape }, position) => (path in details ? [{ path, shape, position }] : [])),
    tensors: Object.fromEntries(sites.map(({ path, kernel }) => [path, kernel.variable.clone()])),
    report: describe(network, sites, details, passes, settings),
  });
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function requireVariances(variances: ReadonlyMap<Site, SiteVariance>): void {
  for (const [{ layer }, { variance }] of variances) {
    if (!Number.isFinite(variance)) throw new WarmstartError("NOT_FINITE", `lsuv: the output of layer "${layer}" has NaN or infinity, though the layers before it were scaled. Look at the batch, and at this layer's kernel and bias.`, { layer });
    if (variance === 0) throw new WarmstartError("INSUFFICIENT_DATA", `lsuv: the output of layer "${layer}" does not vary over the batch, so no scale can give it a variance. Take a batch of different samples; if they are, the kernel is zero, or all units before it are dead.`, { layer });
  }
}

function describe<Batch>(network: Network, sites: readonly Site[], details: LsuvDetails, passes: number, { targetVariance, tolerance, fresh, seed }: Settings<Batch> & { seed: number; fresh: boolean }) {
  const off = sites.filter(({ path }) => !(Math.abs(details[path]!.after / targetVariance - 1) < tolerance)).map(({ layer }) => layer);
  const left = network.sites.filter((site) => !sites.includes(site)).map(({ layer, kind }) => `${layer} (${kind})`);
  return createReport({
    title: "LSUV",
    facts: { method: "lsuv", layers: sites.length, "target variance": targetVariance, tolerance, passes, start: fresh ? "orthonormal" : "kernels as they were", ...(fresh ? { seed } : {}) },
    tables: [{ title: "Variance of each layer's output, before its activation", columns: ["layer", "kernel", "before", "after", "scale"], rows: sites.map(({ layer, path, kernel: { shape } }): Cell[] => [layer, shape.join("×"), details[path]!.before, details[path]!.after, details[path]!.scale]) }],
    plots: [{ kind: "bar", title: "Variance of outputs", xLabel: "layer", yLabel: "variance", yScale: "log", series: (["before", "after"] as const).map((name) => {
      const shown = sites.filter(({ path }) => details[path]![name] !== null);
      return { name, x: shown.map(({ layer }) => layer), y: shown.map(({ path }) => details[path]![name]!) };
    }) }],
    notes: [
      ...(off.length === 0 ? [] : [`Not within the tolerance after ${passes} passes: ${off.join(", ")}. A bias that varies more than the target cannot be scaled away.`]),
      ...(left.length === 0 ? [] : [`Left as they were: ${left.join(", ")}.`]),
    ],
  });
}

function applyLsuv(network: Network, plan: Plan): void {
  const { tensors } = expectPlan<LsuvDetails>(plan, "lsuv", "lsuv");
  const byPath = new Map(network.parameters.map((parameter) => [parameter.path, parameter]));
  for (const [path, value] of Object.entries(tensors)) checkValue("lsuv", path, value, byPath.get(path)?.shape, [...byPath.keys()]);
  // assign shares the buffer, so that the plan may be disposed afterwards.
  for (const [path, value] of Object.entries(tensors)) byPath.get(path)!.variable.assign(value);
}
