// A plan's adapters into a model: the same model again, with some layers replaced and the rest frozen.
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layersOf, networkOf, rewriteModel, WarmstartError, type LayerConfig } from "@warmstart/init-core";
import { factorsOf, type AdapterSpec, type LoraPlan } from "./adapter.js";
import { loraLayers } from "./layers/lora-layers.js";
import type { LoraLayerConfig } from "./layers/lora-layer.js";
import { registerLayers } from "./layers/register-layers.js";
import { isTrainable, setTrainable } from "./layers/trainable.js";

const adapted: Readonly<Record<string, string>> = { Dense: "LoraDense", Embedding: "LoraEmbedding", Conv2D: "LoraConv2d" };

/**
 * A new, uncompiled model in which the plan's layers carry their adapters. Everything else is frozen, but for the plan's
 * `modulesToSave`. The base is left alone; unchanged weights share its buffers. The plan stays its owner's.
 *
 * @throws {WarmstartError} PLAN_MISMATCH when the model has no such layer or another shape, MODEL_STATE when it has adapters already or a layer's class cannot have one; nothing was built then.
 *
 * @example
 * const plan = await pissa({ r: 8 }).plan(base);
 * const model = attach(base, plan);
 */
export function attach(model: LayersModel, plan: LoraPlan): LayersModel {
  registerLayers();
  checkPlan(model, plan);
  const values: Record<string, Tensor> = {};
  for (const spec of plan.details.adapters) {
    const { down, core, up, base } = factorsOf(plan, spec);
    values[`${spec.layer}/lora_down`] = down;
    values[`${spec.layer}/lora_up`] = up;
    if (core) values[`${spec.layer}/lora_core`] = core;
    if (base) values[spec.kernel] = base;
  }
  const specs = new Map(plan.details.adapters.map((spec) => [spec.layer, spec]));
  const frozen: { readonly name: string }[] = [];
  const edit = (path: string, layer: LayerConfig): LayerConfig | undefined => {
    const spec = specs.get(path);
    if (spec !== undefined) {
      const first = path === plan.details.adapters[0]!.layer;
      return { ...layer, className: adapted[layer.className]!, config: loraConfig(layer, spec, values[`${path}/lora_core`] !== undefined, first ? frozen : undefined) };
    }
    if (plan.details.modulesToSave.includes(path) || !isTrainable(layer)) return undefined;
    frozen.push({ name: path });
    return setTrainable(layer, false);
  };
  return rewriteModel(model, { values, edit });
}

function loraConfig(base: LayerConfig, { r, loraAlpha, scale, trainable }: AdapterSpec, core: boolean, frozen: LoraLayerConfig["frozen"]): Record<string, unknown> {
  const config: LoraLayerConfig = {
    name: base.config.name as string,
    trainable: true,
    base: { className: base.className, config: base.config },
    r,
    loraAlpha,
    scale,
    core,
    trainDown: trainable.down,
    trainCore: trainable.core,
    trainUp: trainable.up,
    // Still growing while the configuration is edited; read when the layers are built from it.
    ...(frozen === undefined ? {} : { frozen }),
  };
  return config as unknown as Record<string, unknown>;
}

/** Everything about the plan that the model could contradict. */
function checkPlan(model: LayersModel, { details: { adapters, modulesToSave } }: LoraPlan): void {
  const [carrier] = loraLayers(model);
  if (carrier !== undefined) throw new WarmstartError("MODEL_STATE", `attach: layer "${carrier[0]}" carries an adapter already. Detach first (detach(model)), or start from the base model; adapt all layers in one call.`, { layer: carrier[0] });
  const kernels = new Map(networkOf(model).sites.map(({ layer, kernel }) => [layer, kernel]));
  const layers = new Map(layersOf(model).map(({ path, layer }) => [path, layer]));
  const advice = "Apply a plan to the model it was made for; loadPlan(bytes, networkOf(model)) matches one to the same code built again.";
  for (const { layer, kernel, shape } of adapters) {
    const found = kernels.get(layer);
    if (found === undefined || found.path !== kernel || found.shape.join() !== shape.join()) {
      throw new WarmstartError("PLAN_MISMATCH", `attach: the plan adapts "${kernel}" of shape [${shape}], the model has ${found === undefined ? "no such layer" : `"${found.path}" of shape [${found.shape}]`}. ${advice}`, { kernel, shape });
    }
    const className = layers.get(layer)!.getClassName();
    if (adapted[className] === undefined) throw new WarmstartError("MODEL_STATE", `attach: layer "${layer}" is a ${className}; adapters stand beside Dense, Embedding and Conv2D layers. Leave it out with excludeLayers.`, { layer, className });
    if ((layers.get(layer)! as { dataFormat?: string }).dataFormat === "channelsFirst") throw new WarmstartError("MODEL_STATE", `attach: layer "${layer}" has its channels first; adapters need channels last. Leave it out with excludeLayers.`, { layer });
  }
  const missing = modulesToSave.find((path) => !layers.has(path));
  if (missing !== undefined) throw new WarmstartError("PLAN_MISMATCH", `attach: the plan lets "${missing}" train as a whole, the model has no such layer. ${advice}`, { layer: missing });
}
