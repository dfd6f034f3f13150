// A changed copy of a LayersModel: edit the configuration, build it again, take the weights over by path.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { WarmstartError } from "../errors.js";
import { subSeed } from "../random/sub-seed.js";
import { checkValue } from "../with-values.js";
import { bypassLayers } from "./bypass-layers.js";
import { disposeModel } from "./dispose-model.js";
import { repairConfig } from "./repair-config.js";
import { isContainer, layersOf, weightsOf, type Container, type Layer } from "./structure.js";

/** A layer as it stands in a model's configuration. */
export interface LayerConfig {
  className: string;
  config: Record<string, unknown>;
}

export interface RewriteOptions {
  /** Gives the layer at `path` another class or configuration; undefined leaves it as it is. Keep its name. */
  readonly edit?: (path: string, layer: LayerConfig) => LayerConfig | undefined;
  /** Layers that go, by path, each with the number of the input that stands for its output: `{ add: 0, conv: 0 }`. A nested model goes when all its layers do. */
  readonly bypass?: Readonly<Record<string, number>>;
  /** Values by parameter path for weights that are new or changed; shared by reference, they stay the caller's. */
  readonly values?: Readonly<Record<string, Tensor>>;
}

/** A model's configuration, a list of layers in old sequential ones. */
type Config = { layers?: unknown; [key: string]: unknown };

/**
 * A new, uncompiled model with some layers changed. The base is left alone; weights with equal path and shape share their
 * buffers with it until one of the two trains. The caller disposes the result (`disposeModel`).
 *
 * @throws {WarmstartError} MODEL_STATE for a container used in two containers (tfjs would silently untie it) or a model that
 *   tfjs cannot build again from its configuration, or of which a layer that stays would not be read after a `bypass`; NO_MATCH for
 *   a path that is not there, SHAPE_MISMATCH for `values` that do not fit; the base is unchanged.
 */
export function rewriteModel(model: LayersModel, { edit, bypass = {}, values = {} }: RewriteOptions): LayersModel {
  refuseTiedContainers(model);
  const config = JSON.parse(JSON.stringify(model.getConfig())) as Config | unknown[];
  editLayers(config, "", repairing(model, edit));
  bypassLayers(config, bypass);
  const rewritten = buildModel(model, config, "rewriteModel", { fast: true }); // every weight is written below
  try {
    takeWeights(model, rewritten, values);
    return rewritten;
  } catch (error) {
    disposeModel(rewritten);
    throw error;
  }
}

/** `edit`, which sees configurations that tfjs can read back. */
function repairing(model: LayersModel, edit: RewriteOptions["edit"]): NonNullable<RewriteOptions["edit"]> {
  const layers = new Map(layersOf(model).map(({ path, layer }) => [path, layer]));
  return (path, config) => {
    const repaired = repairConfig(config, layers.get(path));
    return edit?.(path, repaired) ?? repaired;
  };
}

function editLayers(config: Config | unknown[], prefix: string, edit: NonNullable<RewriteOptions["edit"]>): void {
  const list = (Array.isArray(config) ? config : config.layers) as LayerConfig[];
  for (const layer of list) {
    const path = `${prefix}${String(layer.config.name)}`;
    if (Array.isArray(layer.config.layers)) editLayers(layer.config, `${path}/`, edit);
    else if (layer.className === "TimeDistributed") {
      const inner = layer.config.layer as LayerConfig;
      layer.config.layer = edit(`${path}/${String(inner.config.name)}`, inner) ?? inner;
    } else Object.assign(layer, edit(path, layer));
  }
}

/** A model of `model`'s class; `fast` skips the random fills. */
function buildModel(model: LayersModel, config: Config | unknown[], caller: string, { fast }: { fast: boolean }): LayersModel {
  const build = model.constructor as unknown as { fromConfig(cls: unknown, config: unknown, customObjects: object, fast: boolean): LayersModel };
  const known = new Set(Object.keys(tf.engine().registeredVariables));
  try {
    return build.fromConfig(build, config, {}, fast);
  } catch (cause) {
    // The layers that were made before tfjs gave up are in nobody's hands.
    for (const [name, variable] of Object.entries(tf.engine().registeredVariables)) if (!known.has(name)) variable.dispose();
    throw new WarmstartError("MODEL_STATE", `${caller}: the model "${model.name}" cannot be built from its configuration (${(cause as Error).message}). Register custom layers with tf.serialization.registerClass first.`, { model: model.name }, { cause });
  }
}

/**
 * Fresh weights for the model that `edit` describes, each drawn by its layer's own initializer; those that have no seed of
 * their own get one derived from `seed` and their position in the model. Nothing else is made.
 *
 * @returns values by parameter path, for `rewriteModel`; the caller disposes them.
 * @throws {WarmstartError} MODEL_STATE as `rewriteModel`.
 */
export function drawWeights(model: LayersModel, { edit, seed }: { readonly edit: NonNullable<RewriteOptions["edit"]>; readonly seed: number }): Record<string, Tensor> {
  refuseTiedContainers(model);
  const config = JSON.parse(JSON.stringify(model.getConfig())) as Config | unknown[];
  editLayers(config, "", repairing(model, edit));
  seedInitializers(config, seed);
  const drawn = buildModel(model, config, "drawWeights", { fast: false });
  const values = Object.fromEntries([...variablesByPath(drawn)].map(([path, variable]) => [path, variable.clone()]));
  disposeModel(drawn);
  return values;
}

/** Every initializer in a configuration, also of cells and wrapped layers. */
function seedInitializers(config: unknown, seed: number): void {
  let position = 0;
  const visit = (node: unknown) => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      const own = key.endsWith("Initializer") ? (value as Partial<LayerConfig> | null)?.config : undefined;
      if (own === undefined) visit(value);
      else own.seed ??= subSeed(seed, position++);
    }
  };
  visit(config);
}

function takeWeights(from: LayersModel, to: LayersModel, values: Readonly<Record<string, Tensor>>): void {
  const old = variablesByPath(from);
  const fresh = variablesByPath(to);
  for (const [path, value] of Object.entries(values)) checkValue("rewriteModel", path, value, fresh.get(path)?.shape, [...fresh.keys()]);
  for (const [path, variable] of fresh) {
    const value = values[path] ?? old.get(path);
    if (value === undefined) throw new WarmstartError("PLAN_MISMATCH", `rewriteModel: the new weight "${path}" has no value. Give it in \`values\`.`, { path });
    checkValue("rewriteModel", path, value, variable.shape, []);
    variable.assign(value);
  }
}

function variablesByPath(model: LayersModel): Map<string, Variable> {
  return new Map(layersOf(model).flatMap(({ path, layer }) => weightsOf(layer).map(({ name, variable }): [string, Variable] => [`${path}/${name}`, variable])));
}

function refuseTiedContainers(model: LayersModel): void {
  const owner = new Map<Layer, Layer>();
  const visit = (container: Container) => {
    for (const layer of container.layers) {
      if (!isContainer(layer)) continue;
      const other = owner.get(layer);
      if (other !== undefined && other !== container) {
        throw new WarmstartError("MODEL_STATE", `rewriteModel: the nested model "${layer.name}" is used inside both "${other.name}" and "${container.name}"; built again it would become two models with separate weights. Use it in one place, or wrap both uses in one model.`, { layer: layer.name });
      }
      owner.set(layer, container);
      visit(layer);
    }
  };
  visit(model as unknown as Container);
}
