import type { LayersModel } from "@tensorflow/tfjs-layers";
import { loraLayers } from "./layers/lora-layers.js";
import type { LiveFactors } from "./layers/lora-layer.js";

/** A layer's adapter in a model: its figures and its live factors (never dispose them). */
export interface AttachedAdapter extends LiveFactors {
  /** Path of the layer. */
  readonly layer: string;
  readonly r: number;
  readonly loraAlpha: number;
  /** The factor in front of the product. */
  readonly scale: number;
  /** Whether the product stands in the kernel. */
  readonly merged: boolean;
}

/**
 * The adapters of a model, in its order; empty for a plain model.
 *
 * @example
 * adaptersOf(model).map(({ layer, r }) => `${layer}: ${r}`);
 */
export function adaptersOf(model: LayersModel): AttachedAdapter[] {
  return loraLayers(model).map(([path, layer]) => {
    const { r, loraAlpha, scale } = layer.settings;
    return { layer: path, r, loraAlpha, scale, merged: layer.merged, ...layer.factors() };
  });
}
