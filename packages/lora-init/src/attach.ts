// Adapters into a model, their product into the kernels and out again, and the plain model back.
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layersOf, networkOf, rewriteModel, WarmstartError, type LayerConfig } from "@warmstart/init-core";
import { factorsOf, type AdapterSpec, type LoraPlan } from "./adapter.js";
import { LoraLayer, type LiveFactors, type LoraLayerConfig } from "./layers/lora-layer.js";
import { registerLayers } from "./layers/register-layers.js";
import { matchesLayer } from "./select-sites.js";

const adapted: Readonly<Record<string, string>> = { Dense: "LoraDense", Embedding: "LoraEmbedding", Conv2D: "LoraConv2d" };

/**
 * A new, uncompiled model in which the plan's layers carry their adapters. Everything else is frozen, but for the plan's
 * `modulesToSave`. The base is left alone; unchanged weights share its buffers. The plan stays its owner's.
 *
 * @throws {WarmstartError} PLAN_MISMATCH when the model has no such layer or another shape, MODEL_STATE for a layer class that cannot be adapted; nothing was built then.
 */
export function attach(model: LayersModel, plan: LoraPlan): LayersModel {
  registerLayers();
  const specs = new Map(plan.details.adapters.map((spec) => [spec.layer, spec]));
  checkTargets(model, specs);
  const values: Record<string, Tensor> = {};
  for (const spec of specs.values()) {
    const { down, core, up, base } = factorsOf(plan, spec);
    values[`${spec.layer}/lora_down`] = down;
    values[`${spec.layer}/lora_up`] = up;
    if (core) values[`${spec.layer}/lora_core`] = core;
    if (base) values[spec.kernel] = base;
  }
  const saved = plan.details.modulesToSave;
  return rewriteModel(model, {
    values,
    edit: (path, layer) => {
      const spec = specs.get(path);
      if (spec !== undefined) return { ...layer, className: adapted[layer.className]!, config: loraConfig(layer, spec, values[`${path}/lora_core`] !== undefined) };
      return saved.some((name) => matchesLayer(name, path)) ? undefined : { ...layer, config: { ...layer.config, trainable: false } };
    },
  });
}

function loraConfig(base: LayerConfig, { r, loraAlpha, scale, trainable }: AdapterSpec, core: boolean): Record<string, unknown> {
  const config: LoraLayerConfig = { name: base.config.name as string, trainable: true, base: { className: base.className, config: base.config }, r, loraAlpha, scale, core, trainDown: trainable.down, trainCore: trainable.core, trainUp: trainable.up };
  return config as unknown as Record<string, unknown>;
}

function checkTargets(model: LayersModel, specs: ReadonlyMap<string, AdapterSpec>): void {
  const kernels = new Map(networkOf(model).sites.map(({ layer, kernel }) => [layer, kernel]));
  const classes = new Map(layersOf(model).map(({ path, layer }) => [path, layer]));
  for (const { layer, kernel, shape } of specs.values()) {
    const found = kernels.get(layer);
    if (found === undefined || found.path !== kernel || found.shape.join() !== shape.join()) {
      throw new WarmstartError("PLAN_MISMATCH", `attach: the plan adapts "${kernel}" of shape [${shape}], the model has ${found === undefined ? "no such layer" : `"${found.path}" of shape [${found.shape}]`}. Apply a plan to the model it was made for; loadPlan(bytes, networkOf(model)) matches one to the same code built again.`, { kernel, shape });
    }
    const className = classes.get(layer)!.getClassName();
    if (adapted[className] === undefined) throw new WarmstartError("MODEL_STATE", `attach: layer "${layer}" is a ${className}; adapters stand beside Dense, Embedding and Conv2D layers. ${className.startsWith("Lora") ? "It carries one already: detach(model) first." : "Leave it out with excludeLayers."}`, { layer, className });
    if ((classes.get(layer)! as { dataFormat?: string }).dataFormat === "channelsFirst") throw new WarmstartError("MODEL_STATE", `attach: layer "${layer}" has its channels first; adapters need channels last. Leave it out with excludeLayers.`, { layer });
  }
}

/** A layer's adapter in a model: its figures and its live factors (never dispose them). */
export interface AttachedAdapter extends LiveFactors {
  readonly layer: string;
  readonly r: number;
  readonly loraAlpha: number;
  readonly scale: number;
  readonly merged: boolean;
}

/** The adapters of a model, in its order; empty for a plain model. */
export function adaptersOf(model: LayersModel): AttachedAdapter[] {
  return loraLayers(model).map(([path, layer]) => {
    const { r, loraAlpha, scale } = layer.settings;
    return { layer: path, r, loraAlpha, scale, merged: layer.merged, ...layer.factors() };
  });
}

/** Adds every adapter's product to its kernel, in place: inference then costs what the base costs. The output stays what it was (to rounding). PEFT's `merge_adapter`. */
export function merge(model: LayersModel): void {
  for (const [, layer] of requireAdapters(model, "merge")) layer.merge();
}

/** Takes the products out again: the kernels are what they were, bit by bit (after saving and loading a merged model, to rounding). PEFT's `unmerge_adapter`. */
export function unmerge(model: LayersModel): void {
  for (const [, layer] of requireAdapters(model, "unmerge")) layer.unmerge();
}

/**
 * A new plain model without adapters, the adapted one left alone. With `merged: true` (default) the adapters' products stand in
 * its kernels (PEFT's `merge_and_unload`), else they are left out (`unload`): the base model again, or what PiSSA made of it.
 */
export function detach(model: LayersModel, { merged = true }: { readonly merged?: boolean } = {}): LayersModel {
  const values: Record<string, Tensor> = {};
  const own: Tensor[] = [];
  for (const [path, layer] of requireAdapters(model, "detach")) {
    if (merged === layer.merged) continue;
    const kernel = merged ? layer.mergedKernel() : layer.plainKernel();
    own.push(kernel);
    values[`${path}/${layer.settings.base.className === "Embedding" ? "embeddings" : "kernel"}`] = kernel;
  }
  try {
    return rewriteModel(model, { values, edit: (_, layer) => (layer.className in loraNames ? { ...layer, ...(layer.config as unknown as LoraLayerConfig).base } : undefined) });
  } finally {
    for (const tensor of own) tensor.dispose();
  }
}

const loraNames: Readonly<Record<string, true>> = { LoraDense: true, LoraEmbedding: true, LoraConv2d: true };

function loraLayers(model: LayersModel): [string, LoraLayer][] {
  return layersOf(model).flatMap(({ path, layer }): [string, LoraLayer][] => (layer instanceof LoraLayer ? [[path, layer]] : []));
}

function requireAdapters(model: LayersModel, caller: string): [string, LoraLayer][] {
  const found = loraLayers(model);
  if (found.length === 0) throw new WarmstartError("MODEL_STATE", `${caller}: the model "${model.name}" carries no adapters. Attach some first: initialize(model, kaiming({ r: 8 })).`);
  return found;
}
