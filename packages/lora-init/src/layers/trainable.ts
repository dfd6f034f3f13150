import type { LayerConfig } from "@warmstart/init-core";

/** Whether a layer in a model's configuration trains; a Bidirectional does what the layer inside it says. */
export function isTrainable({ config }: LayerConfig): boolean {
  const inner = config.layer as LayerConfig | undefined;
  return inner === undefined ? config.trainable !== false : isTrainable(inner);
}

/** The layer's configuration with another `trainable`. */
export function setTrainable({ className, config }: LayerConfig, trainable: boolean): LayerConfig {
  const inner = config.layer as LayerConfig | undefined;
  return { className, config: { ...config, trainable, ...(inner === undefined ? {} : { layer: setTrainable(inner, trainable) }) } };
}
