// What tfjs 4.22 leaves out of a layer's configuration or writes wrongly, put right: without it the layer comes back with other shapes, without its constraint, or not at all.
import type { serialization } from "@tensorflow/tfjs-core";
import type { LayerConfig } from "./rewrite-model.js";
import type { Layer } from "./structure.js";

/** A configuration from which the layer can be built again. */
export function repairConfig({ className, config }: LayerConfig, layer: Layer | undefined): LayerConfig {
  if (className === "SeparableConv2D" && config.depthMultiplier === undefined) {
    const kernel = layer?.weights.find(({ originalName }) => originalName.endsWith("depthwise_kernel"));
    if (kernel !== undefined) return { className, config: { ...config, depthMultiplier: kernel.shape.at(-1) } };
  }
  if (className === "DepthwiseConv2D" && layer !== undefined) return { className, config: { ...config, depthwiseConstraint: constraintOf(layer) } }; // tfjs writes the regularizer there
  return { className, config };
}

function constraintOf(layer: Layer): LayerConfig | null {
  const { depthwiseConstraint: constraint } = layer as Layer & { readonly depthwiseConstraint?: serialization.Serializable | null };
  return constraint ? { className: constraint.getClassName(), config: constraint.getConfig() } : null;
}
