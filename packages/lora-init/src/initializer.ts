// What all LoRA methods share: which layers, which ranks, one adapter a layer, a report, a plan; and how the plan becomes a model.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { createReport, expectPlan, networkOf, WarmstartError, type Cell, type InitOptions, type ModelInitializer, type Network, type Plan, type ReportPlot, type Site } from "@warmstart/init-core";
import { createLoraPlan, matrixShape, type AdapterSpec, type LoraFactors, type LoraPlan, type LoraPlanDetails, type TrainableFactors } from "./adapter.js";
import { attach } from "./attach.js";
import { loraScale } from "./scale.js";
import { checkPatternKeys, layersToSave, patternValue, resolveRank, selectSites, type LoraTargetOptions } from "./select-sites.js";

/** Options of every method, by PEFT's names. */
export interface LoraOptions extends LoraTargetOptions {
  /** Rank. Default 8. */
  readonly r?: number;
  /** The product is multiplied by `loraAlpha / r`. Default 8. */
  readonly loraAlpha?: number;
  /** Multiplies by `loraAlpha / √r` instead. Default false. */
  readonly useRslora?: boolean;
  /** Other ranks for some layers: by path, last name or pattern. */
  readonly rankPattern?: Readonly<Record<string, number>>;
  /** Other alphas for some layers, likewise. */
  readonly alphaPattern?: Readonly<Record<string, number>>;
}

/** A chosen layer with its rank and scale. */
export interface Target {
  readonly site: Site;
  readonly spec: AdapterSpec;
  /** Position of the kernel in the whole network: the source of sub-seeds, the same whatever the layers are called. */
  readonly position: number;
}

/** One adapter as a method made it, with figures for the report. */
export interface MadeAdapter {
  readonly spec: AdapterSpec;
  readonly factors: LoraFactors;
  readonly figures?: Readonly<Record<string, Cell>>;
}

const trainBoth: TrainableFactors = { down: true, core: false, up: true };

/** The layers that `options` choose, with rank, alpha and scale. @throws NO_MATCH, INVALID_OPTION, MODEL_STATE. */
export function resolveTargets(network: Network, options: LoraOptions, caller: string, { trainable = trainBoth, limit = "both" }: { trainable?: TrainableFactors; limit?: "both" | "in" } = {}): Target[] {
  const { r = 8, loraAlpha = 8, useRslora = false, rankPattern = {}, alphaPattern = {} } = options;
  checkPatternKeys(rankPattern, "rankPattern", network, caller);
  checkPatternKeys(alphaPattern, "alphaPattern", network, caller);
  return selectSites(network, options, caller).map((site) => {
    const rank = resolveRank(patternValue(rankPattern, site.layer) ?? r, site, caller, limit);
    const alpha = patternValue(alphaPattern, site.layer) ?? loraAlpha;
    const spec: AdapterSpec = { layer: site.layer, kernel: site.kernel.path, kind: site.kind, shape: site.kernel.shape, r: rank, loraAlpha: alpha, scale: loraScale({ r: rank, loraAlpha: alpha, useRslora }), trainable };
    return { site, spec, position: network.parameters.indexOf(site.kernel) };
  });
}

/** The network of a target that is a model, or the network itself. */
function asNetwork(target: LayersModel | Network): Network {
  return "sites" in target ? target : networkOf(target);
}

/** Trainable numbers of one adapter. */
function trainableCount(spec: AdapterSpec): number {
  const { in: rows, out } = matrixShape({ kernel: { shape: spec.shape } as Site["kernel"] });
  return (spec.trainable.down ? rows * spec.r : 0) + (spec.trainable.up ? spec.r * out : 0) + (spec.trainable.core ? spec.r * spec.r : 0);
}

/** Plan and report from made adapters, which the plan owns from now on. */
export function planOf<More extends object = object>(method: string, network: Network, adapters: readonly MadeAdapter[], options: LoraOptions, { seed = 0 }: InitOptions, extra: { facts?: Record<string, Cell>; notes?: readonly string[]; plots?: readonly ReportPlot[]; details?: More } = {}): Plan<LoraPlanDetails & More> {
  const figures = [...new Set(adapters.flatMap((adapter) => Object.keys(adapter.figures ?? {})))];
  const report = createReport({
    title: `LoRA, started by ${method}`,
    facts: { method, layers: adapters.length, "trainable parameters": adapters.reduce((sum, { spec }) => sum + trainableCount(spec), 0), seed, ...extra.facts },
    tables: [{ title: "Adapters", columns: ["layer", "kernel", "r", "scale", "trainable", ...figures], rows: adapters.map(({ spec, figures: own = {} }) => [spec.layer, spec.shape.join("×"), spec.r, spec.scale, trainableCount(spec), ...figures.map((name) => own[name] ?? null)]) }],
    plots: extra.plots ?? [],
    notes: extra.notes ?? [],
  });
  const modulesToSave = layersToSave(network, options.modulesToSave, method);
  const kernels = new Set(adapters.map(({ spec }) => spec.kernel));
  const targets = network.parameters.flatMap(({ path, layer, shape }, position) => (kernels.has(path) || modulesToSave.includes(layer) ? [{ path, shape, position }] : []));
  return createLoraPlan(method, adapters, { useRslora: options.useRslora ?? false, modulesToSave, report, targets, ...(extra.details ? { details: extra.details } : {}) });
}

/** A method that makes each layer's adapter from its kernel alone. */
export function perLayer(name: string, options: LoraOptions, make: (target: Target, seed: number) => MadeAdapter | Promise<MadeAdapter>): ModelInitializer<LoraPlan> {
  return loraInitializer(name, async (network, init) => {
    const targets = resolveTargets(network, options, name);
    const made: MadeAdapter[] = [];
    try {
      for (const target of targets) {
        init.signal?.throwIfAborted();
        made.push(await make(target, init.seed ?? 0));
        init.onProgress?.({ stage: `${name}: factors`, done: made.length, total: targets.length });
      }
      return planOf(name, network, made, options, init);
    } catch (error) {
      disposeMade(made);
      throw error;
    }
  });
}

export function loraInitializer<Details extends LoraPlanDetails = LoraPlanDetails>(name: string, plan: (network: Network, init: InitOptions) => Promise<Plan<Details>>): ModelInitializer<Plan<Details>> {
  return {
    name,
    plan: (target, init = {}) => plan(asNetwork(target), init),
    apply: (model, made) => attach(model, expectPlan<LoraPlanDetails>(made, name, name)),
  };
}

export function disposeMade(adapters: readonly MadeAdapter[]): void {
  for (const { factors } of adapters) for (const tensor of Object.values(factors)) tensor?.dispose();
}

/** Throws unless every entry of a kernel is finite. */
export function requireFinite(sumOfSquares: number, { site }: Target, caller: string): void {
  if (!Number.isFinite(sumOfSquares)) throw new WarmstartError("NOT_FINITE", `${caller}: the kernel of "${site.layer}" has NaN or infinity. Check how the model was trained or loaded.`, { layer: site.layer });
}
