import type { LayerCall } from "@warmstart/init-core";

const layers: Readonly<Record<string, (config: Record<string, unknown>) => string>> = {
  Activation: ({ activation }) => String(activation),
  ReLU: ({ maxValue }) => (maxValue === null || maxValue === undefined ? "relu" : `relu${String(maxValue)}`),
  LeakyReLU: ({ alpha }) => `leakyRelu ${String(alpha)}`,
  ELU: ({ alpha }) => (alpha === 1 ? "elu" : `elu ${String(alpha)}`),
  Softmax: () => "softmax",
};

/** The function that an activation layer computes, by a name under which equal functions are equal; undefined for other layers. */
export function activationLayer({ layer }: LayerCall): string | undefined {
  return layers[layer.getClassName()]?.(layer.getConfig() as Record<string, unknown>);
}

/** The same, and for a layer with an activation of its own that one: what was done last to the call's output. */
export function lastActivation(call: LayerCall): string | undefined {
  return activationLayer(call) ?? ((call.layer.getConfig() as { activation?: string }).activation || undefined);
}
