// What tfjs 4.22 leaves out of a layer's configuration or writes wrongly, put right: without it the layer comes back with other shapes, or not at all.
import type { LayerConfig } from "./rewrite-model.js";
import type { Layer } from "./structure.js";

/** A configuration from which the layer can be built again. */
export function repairConfig({ className, config }: LayerConfig, layer: Layer | undefined): LayerConfig {
  if (className === "SeparableConv2D" && config.depthMultiplier === undefined) {
    const kernel = layer?.weights.find(({ originalName }) => originalName.endsWith("depthwise_kernel"));
    if (kernel !== undefined) return { className, config: { ...config, depthMultiplier: kernel.shape.at(-1) } };
  }
  // The regularizer stands in the place of the constraint, which no constraint has the name of.
  const constraint = config.depthwiseConstraint as LayerConfig | null | undefined;
  if (className === "DepthwiseConv2D" && /^L\d/.test(constraint?.className ?? "")) return { className, config: { ...config, depthwiseConstraint: null } };
  return { className, config };
}
