// EVA (Paischer, Hauzenberger, et al., arXiv:2410.07170). Where the paper, the authors' code and PEFT differ: inputs are centred and ratios taken of
// the total variance (both codes); alpha follows the rank so that the scale stays (paper, PEFT; under rank stabilisation by √, where PEFT errs);
// |cos| instead of the signed cosine; ties in the order of the network; there is a maximum number of batches.
import type { Tensor } from "@tensorflow/tfjs-core";
import { observeInputs, subSeed, WarmstartError, type Data, type InitOptions, type ModelInitializer, type Network, type Plan, type ReportPlot, type Site } from "@warmstart/init-core";
import { matrixShape, type LoraPlanDetails } from "../adapter.js";
import { disposeMade, loraInitializer, planOf, resolveTargets, type LoraOptions, type MadeAdapter, type Target } from "../initializer.js";
import { defaultFactors } from "../kaiming.js";
import { TrackedInput, type Similarity } from "./convergence.js";
import { evaFactors } from "./factors.js";
import { redistributeRanks, roundHalfEven, type RankDistribution } from "./redistribute-ranks.js";
import { createStatistics, type StatisticsOptions } from "./statistics.js";

export interface EvaOptions<Batch = EvaBatch> extends LoraOptions, Omit<StatisticsOptions, "seed"> {
  /** Batches of the data to be trained on; labels are not needed. Gone through again until all layers have converged, if they can be. */
  readonly data: Data<Batch>;
  /** A layer may get up to ρ times its rank; 1 keeps ranks uniform. Default 2. */
  readonly rho?: number;
  /** A layer is done when |cos| of each of its directions with itself one batch earlier is at least τ. 1 never is: all `maxBatches` are used. Default 0.99. */
  readonly tau?: number;
  /** |cos| (default), or the signed cosine as in the authors' code. */
  readonly similarity?: Similarity;
  readonly minBatches?: number;
  /** Default 200. */
  readonly maxBatches?: number;
  /** Every layer keeps at least this rank. Default 0: a layer may lose its adapter. */
  readonly minRank?: number;
  /** Adjusts alpha with the rank so that every layer's scale stays `loraAlpha / r`. Default true. */
  readonly adjustScale?: boolean;
  readonly whiten?: boolean;
  readonly scaleBySingularValues?: boolean;
  /** The model's inputs in a batch. Default: the batch itself, or its `xs`. */
  readonly inputs?: (batch: Batch) => Tensor | Tensor[];
  /** Which rows count, `"batch time"` (see `rowMask`). Default all. */
  readonly rowMask?: (batch: Batch) => Tensor | undefined;
}

export interface EvaPlanDetails extends LoraPlanDetails {
  /** Explained variance ratios of every chosen layer's directions, descending, also where the layer lost its adapter. */
  readonly ratios: Readonly<Record<string, readonly number[]>>;
  readonly batches: number;
  readonly converged: boolean;
}

export type EvaBatch = Tensor | Tensor[] | { readonly xs: Tensor | Tensor[] };

/**
 * Adapters that start in the directions in which each layer's inputs vary most, with ranks moved to the layers where few
 * directions explain much. Needs forward passes only. The output starts equal to the base's.
 *
 * @throws {WarmstartError} INSUFFICIENT_DATA when fewer rows than `r + 1` arrive, NOT_FINITE for NaN with layer and batch, and as all
 *   methods NO_MATCH, INVALID_OPTION, MODEL_STATE. The model is left as it was.
 *
 * @example
 * const { result: model, report } = await initialize(base, eva({ r: 8, rho: 2, data: batches }));
 */
export function eva<Batch = EvaBatch>(options: EvaOptions<Batch>): ModelInitializer<Plan<EvaPlanDetails>> {
  checkOptions(options);
  return loraInitializer<EvaPlanDetails>("eva", async (network, init) => {
    // `up` starts at zero, so a rank above the layer's width out loses nothing but numbers: the inputs alone set the limit.
    const chosen = resolveTargets(network, options, "eva", { limit: "in" });
    const targets = chosen.filter(({ site }) => readsRows(site));
    const others = chosen.filter(({ site }) => !readsRows(site));
    const observation = new Observation(targets, options, init);
    const made: MadeAdapter[] = [];
    try {
      const { batches, converged, distribution } = await observation.run(network);
      const kept = targets.filter(({ spec }) => distribution.ranks[spec.layer]! > 0);
      for (const target of kept) made.push(observation.adapter(target, distribution));
      for (const { site, spec, position } of others) made.push({ spec, factors: defaultFactors(site, { r: spec.r, seed: subSeed(init.seed ?? 0, position) }) });
      const lost = targets.filter(({ spec }) => distribution.ranks[spec.layer] === 0).map(({ spec }) => spec.layer);
      const notes = [
        ...(converged ? [] : [`stopped after ${batches} batches before all directions had settled to |cos| ≥ ${options.tau ?? 0.99}`]),
        ...(lost.length > 0 ? [`no adapter on ${lost.join(", ")}: their variance is spread too thin (minRank keeps them)`] : []),
        ...(lost.length > targets.length / 2 ? ["more than half of the layers lost their adapter: lower rho, or set minRank"] : []),
        ...(others.length > 0 ? [`default start for ${others.map(({ spec }) => spec.layer).join(", ")}: an embedding multiplies no rows whose variance could be explained`] : []),
        ...observation.notes,
      ];
      return planOf("eva", network, made, options, init, {
        facts: { batches, converged, "rank budget": distribution.budget, rho: options.rho ?? 2, tau: options.tau ?? 0.99, "state bytes": observation.bytes },
        notes,
        plots: observation.plots(distribution),
        details: { ratios: observation.ratios(), batches, converged },
      });
    } catch (error) {
      disposeMade(made);
      throw error;
    } finally {
      observation.dispose();
    }
  });
}

/** One run over the data: statistics by input, ranks dealt out anew after every batch. */
class Observation<Batch> {
  readonly notes: string[] = [];
  private readonly targets: readonly Target[];
  private readonly options: EvaOptions<Batch>;
  private readonly init: InitOptions;
  private readonly tracked = new Map<string, TrackedInput>();
  private distribution: RankDistribution | undefined;
  private converged = false;
  private peakBytes = 0;

  constructor(targets: readonly Target[], options: EvaOptions<Batch>, init: InitOptions) {
    this.targets = targets;
    this.options = options;
    this.init = init;
    const rho = options.rho ?? 2;
    for (const { site, spec, position } of targets) {
      const width = matrixShape(site).in;
      const wanted = roundHalfEven(spec.r * rho);
      if (wanted > width) this.notes.push(`${spec.layer}: ${wanted} directions (rho·r) asked of ${width} inputs; at most ${width} are used`);
      const k = Math.min(wanted, width);
      const old = this.tracked.get(site.input);
      // Layers with one input share its statistics; the highest rank decides how many directions are followed.
      if (old === undefined || old.k < k) this.tracked.set(site.input, new TrackedInput(createStatistics(width, k, { ...options, seed: subSeed(init.seed ?? 0, position) }), k));
    }
  }

  async run(network: Network): Promise<{ batches: number; converged: boolean; distribution: RankDistribution }> {
    const { tau = 0.99, minBatches = 0, maxBatches = 200, data } = this.options;
    let batches = 0;
    const active = () => this.targets.filter(({ site }) => !this.settled(site.input, tau)).map(({ site }) => site);
    do {
      batches += await observeInputs<Batch>(
        network,
        data,
        {
          caller: "eva",
          // Settled inputs drop out, and come back when ranks move so that unsettled directions of theirs are needed.
          sites: () => (batches < minBatches ? this.targets.map(({ site }) => site) : active()),
          maxBatches: maxBatches - batches,
          ...(this.options.inputs ? { inputs: this.options.inputs } : {}),
          ...(this.options.rowMask ? { rowMask: this.options.rowMask } : {}),
          ...this.init,
        },
        async (rows, index) => {
          for (const [input, matrix] of rows) {
            const tracked = this.tracked.get(input)!;
            await tracked.statistics.update(matrix);
            if (tau < 1) await tracked.refresh({ polish: this.options.similarity === "signed" });
            this.init.signal?.throwIfAborted();
          }
          if (tau >= 1) return true;
          this.deal();
          this.converged = batches + index + 1 >= minBatches && active().length === 0;
          return !this.converged;
        },
      );
    } while (!this.converged && batches < maxBatches && repeatable(data));
    this.peakBytes = [...this.tracked.values()].reduce((sum, { statistics }) => sum + statistics.bytes, 0);
    this.requireRows(batches);
    for (const tracked of this.tracked.values()) await tracked.refresh();
    if (tau >= 1) this.deal();
    return { batches, converged: this.converged, distribution: this.distribution! };
  }

  get bytes(): number {
    return this.peakBytes;
  }

  private deal(): void {
    const { rho = 2, useRslora = false, adjustScale, minRank, loraAlpha = 8 } = this.options;
    if (this.targets.some(({ site }) => this.tracked.get(site.input)!.components === undefined)) return;
    const entries = this.targets.map(({ site, spec }) => [spec.layer, Array.from(this.tracked.get(site.input)!.ratio)] as const);
    const distribution = redistributeRanks(Object.fromEntries(entries), { r: Object.fromEntries(this.targets.map(({ spec }) => [spec.layer, spec.r])), rho, loraAlpha, useRslora, ...(adjustScale === undefined ? {} : { adjustScale }), ...(minRank === undefined ? {} : { minRank }) });
    this.distribution = distribution;
  }

  /** An input has settled when the directions that its layers' ranks need have. Before ranks are dealt out all must. */
  private settled(input: string, tau: number): boolean {
    const tracked = this.tracked.get(input)!;
    const needed = this.distribution === undefined ? tracked.k : Math.max(...this.targets.filter(({ site }) => site.input === input).map(({ spec }) => this.distribution!.ranks[spec.layer]!));
    return tracked.settled(needed, tau, this.options.similarity ?? "absolute");
  }

  private requireRows(batches: number): void {
    for (const { site, spec } of this.targets) {
      const { rows } = this.tracked.get(site.input)!.statistics;
      if (rows < spec.r + 1) throw new WarmstartError("INSUFFICIENT_DATA", `eva: the data ended after ${batches} batch(es) with ${rows} row(s) for layer "${spec.layer}"; rank ${spec.r} needs at least ${spec.r + 1}. Give more data, or look at rowMask.`, { layer: spec.layer, rows });
    }
  }

  adapter({ site, spec }: Target, distribution: RankDistribution): MadeAdapter {
    const tracked = this.tracked.get(site.input)!;
    const [r, loraAlpha, scale] = [distribution.ranks[spec.layer]!, distribution.alphas[spec.layer]!, distribution.scales[spec.layer]!];
    const { whiten, scaleBySingularValues } = this.options;
    const factors = evaFactors(tracked.components!, tracked.singularValues, { r, out: matrixShape(site).out, ...(whiten === undefined ? {} : { whiten }), ...(scaleBySingularValues === undefined ? {} : { scaleBySingularValues }) });
    const explained = tracked.ratio.slice(0, r).reduce((sum, ratio) => sum + ratio, 0);
    return { spec: { ...spec, r, loraAlpha, scale }, factors, figures: { "base r": spec.r, "variance explained": explained } };
  }

  ratios(): Record<string, number[]> {
    return Object.fromEntries(this.targets.map(({ site, spec }) => [spec.layer, Array.from(this.tracked.get(site.input)!.ratio)]));
  }

  plots(distribution: RankDistribution): ReportPlot[] {
    const layers = this.targets.map(({ spec }) => spec.layer);
    const curves = [...new Map(this.targets.map(({ site, spec }) => [site.input, spec.layer]))].map(([input, layer]) => {
      const { ratio } = this.tracked.get(input)!;
      let sum = 0;
      return { name: layer, x: Array.from(ratio, (_, j) => j + 1), y: Array.from(ratio, (value) => (sum += value)) };
    });
    return [
      { kind: "bar", title: "Ranks after redistribution", xLabel: "layer", yLabel: "r", series: [{ name: "r", x: layers, y: layers.map((layer) => distribution.ranks[layer]!) }] },
      { kind: "line", title: "Variance explained by the first directions", xLabel: "directions", yLabel: "share of the variance", series: curves },
    ];
  }

  dispose(): void {
    for (const tracked of this.tracked.values()) tracked.dispose();
  }
}

const readsRows = ({ kind }: Site): boolean => kind === "dense" || kind === "conv1d" || kind === "conv2d";

function checkOptions({ rho = 2, tau = 0.99, maxBatches = 200, algorithm, center }: Pick<EvaOptions, "rho" | "tau" | "maxBatches" | "algorithm" | "center">): void {
  const refuse = (option: string, needed: string, received: unknown) => new WarmstartError("INVALID_OPTION", `eva: \`${option}\` must be ${needed}, got ${String(received)}.`, { [option]: received });
  if (!(rho >= 1)) throw refuse("rho", "at least 1 (1 keeps ranks uniform)", rho);
  if (!(tau >= 0 && tau <= 1)) throw refuse("tau", "from 0 to 1", tau);
  if (!Number.isInteger(maxBatches) || maxBatches < 1) throw refuse("maxBatches", "a whole number of at least 1", maxBatches);
  if (algorithm === "incremental" && center === false) throw refuse("center", 'true with algorithm "incremental"', center);
}

/** Arrays, functions and datasets can be gone through again; an iterator cannot. */
function repeatable(data: unknown): boolean {
  return Array.isArray(data) || typeof data === "function" || (typeof data === "object" && data !== null && typeof (data as { iterator?: unknown }).iterator === "function");
}
