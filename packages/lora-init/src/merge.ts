import type { LayersModel } from "@tensorflow/tfjs-layers";
import { requireLoraLayers } from "./layers/lora-layers.js";

/**
 * Adds every adapter's product to its kernel, in place: inference then costs what the base's does, and the output stays what it
 * was, to rounding. The old kernels are kept for `unmerge`, so the memory of the adapted kernels doubles. A merged model does not
 * train. Merging twice is fine. PEFT's `merge_adapter`; its `merge_and_unload` is `detach`.
 *
 * @throws {WarmstartError} MODEL_STATE for a model without adapters.
 */
export function merge(model: LayersModel): void {
  for (const [, layer] of requireLoraLayers(model, "merge")) layer.merge();
}

/**
 * Takes the products out again, in place: the kernels are what they were, bit by bit (in a model that was saved merged and
 * loaded, by subtraction, to rounding). PEFT's `unmerge_adapter`.
 *
 * @throws {WarmstartError} MODEL_STATE for a model without adapters.
 */
export function unmerge(model: LayersModel): void {
  for (const [, layer] of requireLoraLayers(model, "unmerge")) layer.unmerge();
}
