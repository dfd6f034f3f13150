import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { rewriteModel, type LayerConfig } from "@warmstart/init-core";
import { loraClasses, requireLoraLayers } from "./layers/lora-layers.js";
import type { LoraLayerConfig } from "./layers/lora-layer.js";
import { setTrainable } from "./layers/trainable.js";

export interface DetachOptions {
  /** Whether the adapters' products stand in the new model's kernels. Default true. */
  readonly merged?: boolean;
}

/**
 * A new plain model without adapters, of stock layers; the adapted one is left alone. What `attach` froze may train again.
 *
 * With `merged: true` (default) it computes what the adapted model computes (PEFT's `merge_and_unload`). With `merged: false` the
 * adapters are left out (`unload`): that is the base, bit by bit, unless the method moved a part of the kernels into the factors.
 * After PiSSA it is the residual, which nobody wants by itself: keep the base model.
 *
 * @throws {WarmstartError} MODEL_STATE for a model without adapters.
 *
 * @example
 * const plain = detach(model);
 * await plain.save("file://./adapted");
 */
export function detach(model: LayersModel, { merged = true }: DetachOptions = {}): LayersModel {
  const found = requireLoraLayers(model, "detach");
  const thawed = new Set(found.flatMap(([, layer]) => (layer.settings.frozen ?? []).map(({ name }) => name)));
  const kernels: Record<string, Tensor> = {};
  try {
    for (const [path, layer] of found) {
      if (merged !== layer.merged) kernels[`${path}/${layer.kernelName}`] = merged ? layer.mergedKernel() : layer.plainKernel();
    }
    const edit = (path: string, layer: LayerConfig): LayerConfig | undefined => {
      if (loraClasses.has(layer.className)) return { ...layer, ...(layer.config as unknown as LoraLayerConfig).base };
      return thawed.has(path) ? setTrainable(layer, true) : undefined;
    };
    return rewriteModel(model, { values: kernels, edit });
  } finally {
    for (const kernel of Object.values(kernels)) kernel.dispose();
  }
}
