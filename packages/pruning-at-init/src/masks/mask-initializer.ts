// What all mask methods share: options, which kernels, rounds, a plan with a report, and masks put to work.
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { createPlan, createReport, expectPlan, networkOf, subSeed, WarmstartError, type Cell, type Initializer, type InitOptions, type Network, type Parameter, type Plan } from "@warmstart/init-core";
import { freshWeights } from "../blocks/reinitialize.js";
import { openNetwork, prunableParameters, type PrunableOptions } from "../scores/prunable.js";
import type { ScoreSettings } from "../scores/score-settings.js";
import { thinNormalization } from "../scores/thin-normalization.js";
import { findCollapse } from "./collapse.js";
import { densityOf, keepCount, scheduleDensities, type DensityOption, type Schedule } from "./density.js";
import { countKept, maskTensor, pruneInRounds, type Round, type Rounds, type RoundSettings, type ScoreFunction } from "./prune-in-rounds.js";
import { applyMasks, type Pruned } from "./pruned.js";
import type { Scope } from "./select-masks.js";
import { shuffleMasks } from "./shuffle-masks.js";

export type { Pruned } from "./pruned.js";

/** Options of every mask method. */
export interface MaskOptions extends DensityOption, Pick<PrunableOptions, "include"> {
  /** One ranking over all kernels, or each kernel its own share. Default "global". */
  readonly scope?: Scope;
  /** Weights that each kernel keeps at least, out of the same budget. Default 0. */
  readonly minPerLayer?: number;
  /** When no way leads through the network any more: a note in the report (default), or an error. */
  readonly onCollapse?: "warn" | "throw";
  /** Puts the entries of each finished mask in random order: the control that tells weights from densities. Default false. */
  readonly shuffle?: boolean;
  /**
   * Draws all weights of the model anew after scoring, by each layer's own initializer and the seed given to `initialize`: one initialization is scored and another
   * trains, as SNIP's program may have it, and the second control that tells weights from densities. Needs a LayersModel. Default false.
   */
  readonly reinit?: boolean;
}

/** Options of methods that may prune in several rounds. */
export interface IterativeOptions {
  /** Rounds of scoring and pruning. */
  readonly iterations?: number;
  /** How the density falls. Default "exponential". */
  readonly schedule?: Schedule;
}

/** What was pruned, as JSON. */
export interface PruneDetails {
  /** Share of each kernel's weights that stays, by path. */
  readonly density: Readonly<Record<string, number>>;
  /** Weights of each kernel that stay. */
  readonly kept: Readonly<Record<string, number>>;
  /** Layers without any kernel weight left. */
  readonly collapsed: readonly string[];
  /** Whether these sever the inputs from the outputs. */
  readonly disconnected: boolean;
  readonly rounds: readonly Round[];
  /** What `rounds` has as `figure`. */
  readonly figure: "loss" | "log10R" | null;
  /** log10 R with the final masks (SynFlow); null where R is 0, and for other methods. */
  readonly log10R: number | null;
  /** Seed of the weights that are drawn anew; null where they stay. */
  readonly reinit: number | null;
}

export type PrunePlan = Plan<PruneDetails>;

/** How a method prunes, beside the options. */
interface PruneStyle {
  readonly figure?: "loss" | "log10R";
  /** Default: that of the options, else 1. */
  readonly iterations?: number;
  /** Default true. */
  readonly pinned?: boolean;
  readonly scope?: Scope;
  readonly densities?: Readonly<Record<string, number>>;
}

/** Masks before they become a plan. */
interface Pruning extends Rounds {
  readonly style: PruneStyle;
  readonly log10R?: number;
  readonly notes?: readonly string[];
}

/** What a method is given. */
interface MaskContext {
  readonly settings: ScoreSettings;
  readonly init: InitOptions;
  /** Of each scored parameter: its index in the whole network, the source of sub-seeds. */
  readonly positions: readonly number[];
  readonly density: number;
  readonly prune: (score: ScoreFunction, style?: PruneStyle) => Promise<Pruning>;
}

/** An initializer that prunes in place by the masks that `make` finds, of the kernels that `choose` leaves. Options are checked at once. */
export function maskInitializer<Target extends LayersModel | Network>(name: string, options: MaskOptions & IterativeOptions & PrunableOptions, make: (context: MaskContext, target: Target) => Promise<Pruning>, { usualIterations = 1, choose = (_target, _network, all) => all }: { readonly usualIterations?: number; readonly choose?: (target: Target, network: Network, all: readonly Parameter[]) => readonly Parameter[] } = {}): Initializer<Target, PrunePlan, Pruned> {
  const density = densityOf(name, options);
  const { iterations = usualIterations, schedule = "exponential", scope = "global", minPerLayer = 0 } = options;
  scheduleDensities(density, iterations, schedule);
  if (scope !== "global" && scope !== "local") throw new WarmstartError("INVALID_OPTION", `${name}: \`scope\` must be "global" or "local", got "${String(scope)}".`, { scope });
  return {
    name,
    plan: async (target, init = {}) => {
      init.signal?.throwIfAborted();
      if (options.reinit === true) requireModel(name, target);
      const { network, close } = openNetwork(target);
      try {
        const parameters = choose(target, network, prunableParameters(network, options, name));
        let smallestBatch = Infinity;
        const onBatchStatistics = (size: number) => {
          smallestBatch = Math.min(smallestBatch, size);
        };
        const settings: ScoreSettings = { caller: name, network, parameters, onBatchStatistics, ...(init.signal ? { signal: init.signal } : {}) };
        const rounds: RoundSettings = { caller: name, density, iterations, schedule, scope, minPerLayer, pinned: true, init };
        const prune = async (score: ScoreFunction, style: PruneStyle = {}): Promise<Pruning> => ({ ...(await pruneInRounds(score, { ...rounds, ...style })), style });
        const positions = parameters.map((parameter) => network.parameters.indexOf(parameter));
        const pruning = await make({ settings, init, positions, density, prune }, target);
        const masks = options.shuffle === true ? shuffleMasks(pruning.masks, subSeed(init.seed ?? 0, "shuffle")) : pruning.masks;
        const notes = [...(pruning.notes ?? []), ...thinNotes(target, smallestBatch)];
        return planOf(name, target, parameters, positions, { ...pruning, masks, notes }, density, options, init);
      } finally {
        close();
      }
    },
    apply: (target, plan) => {
      const { details, tensors } = expectPlan<PruneDetails>(plan, name, name);
      const fresh = details.reinit === null ? {} : freshWeights(requireModel(name, target), details.reinit);
      try {
        return applyMasks(name, "sites" in target ? target : networkOf(target), tensors, fresh);
      } finally {
        tf.dispose(fresh);
      }
    },
  };
}

/** A warning of batches too small for their own statistics. */
function thinNotes(target: LayersModel | Network, smallestBatch: number): string[] {
  const thin = "sites" in target ? undefined : thinNormalization(target, smallestBatch);
  return thin === undefined ? [] : [`A batch of ${smallestBatch} gives the batch normalization ${thin} one value a channel, whose variance is 0: scores in front of it say nothing. Score by ten samples a class, or with \`bnMode: "eval"\`.`];
}

/** The target, if it has layers that can draw weights. */
function requireModel(caller: string, target: LayersModel | Network): LayersModel {
  if ("sites" in target) throw new WarmstartError("INVALID_OPTION", `${caller}: \`reinit\` needs a LayersModel, whose layers know their initializers; this is a network by hand. Draw its weights anew yourself, between \`plan\` and \`apply\`.`);
  return target;
}

function planOf(method: string, target: LayersModel | Network, parameters: readonly Parameter[], positions: readonly number[], pruning: Pruning, asked: number, { onCollapse = "warn", shuffle = false, reinit = false }: MaskOptions, { seed = 0 }: InitOptions): PrunePlan {
  const { masks, rounds, unscored, style, log10R, notes = [] } = pruning;
  const sizes = parameters.map(({ path }) => masks.get(path)!.length);
  const counts = parameters.map(({ path }) => countKept(masks.get(path)!));
  const byPath = (value: (i: number) => number) => Object.fromEntries(parameters.map(({ path }, i) => [path, value(i)]));
  const kept = byPath((i) => counts[i]!);
  const { empty, disconnected } = findCollapse(target, parameters, kept);
  const [total, left] = [sizes, counts].map((list) => list.reduce((sum, count) => sum + count, 0)) as [number, number];
  if (disconnected && onCollapse === "throw") throw new WarmstartError("INVALID_OPTION", `${method}: at density ${asked} nothing is left of ${empty.map((layer) => `"${layer}"`).join(", ")}, and no way leads through the network any more. Raise the density, prune in more rounds, take synflow, or give \`minPerLayer\`.`, { collapsed: empty });
  const details: PruneDetails = { density: byPath((i) => counts[i]! / sizes[i]!), kept, collapsed: empty, disconnected, rounds, figure: style.figure ?? null, log10R: log10R === undefined || !Number.isFinite(log10R) ? null : log10R, reinit: reinit ? subSeed(seed, "reinit") : null };
  const rows = parameters.map(({ path, shape }, i): Cell[] => [path, shape.join("×"), sizes[i]!, counts[i]!, counts[i]! / sizes[i]!]);
  return createPlan<PruneDetails>({
    method,
    details,
    targets: parameters.map(({ path, shape }, i) => ({ path, shape, position: positions[i]! })),
    tensors: Object.fromEntries(parameters.map(({ path, shape }) => [path, maskTensor(masks.get(path)!, shape)])),
    report: createReport({
      title: `Pruned at initialization by ${method}`,
      facts: { method, density: left / total, "weights kept": left, "of weights": total, rounds: rounds.length, seed, ...(shuffle ? { "shuffled in layers": true } : {}), ...(reinit ? { "weights drawn anew": true } : {}), ...(style.figure === "loss" && rounds[0]?.figure !== undefined ? { "loss before": rounds[0]!.figure } : {}), ...(log10R === undefined ? {} : { "log10 R after": details.log10R }) },
      tables: [{ title: "Weights kept", columns: ["kernel", "shape", "weights", "kept", "density"], rows }],
      plots: [{ kind: "bar", title: "Density of each kernel", xLabel: "kernel", yLabel: "density", yScale: "log", series: [{ name: "density", x: parameters.filter((_, i) => counts[i]! > 0).map(({ path }) => path), y: counts.flatMap((count, i) => (count > 0 ? [count / sizes[i]!] : [])) }] }],
      notes: [
        ...(disconnected ? [`The network has collapsed: nothing is left of ${empty.join(", ")}, and no way leads through it any more.`] : empty.length > 0 ? [`Nothing is left of ${empty.join(", ")}; the network goes around them.`] : []),
        ...(keepCount(asked, total) < parameters.length ? [`Fewer weights are kept than there are kernels: some must be empty.`] : []),
        ...(unscored.length > 0 ? [`All scores of ${unscored.join(", ")} are zero, so these go first: weights that start at zero, perhaps. \`include\` leaves them out.`] : []),
        ...notes,
      ],
    }),
  });
}
