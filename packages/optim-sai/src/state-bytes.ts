import { util } from "@tensorflow/tfjs-core";

/**
 * Bytes of state that an optimizer of this package keeps for float32 variables of these shapes, without accumulation. SGD-SaI: a
 * buffer and a scalar a tensor, 4N + 4V. Momentum SGD: 4N. AdamW: 8N, 12N with amsgrad.
 *
 * @example
 * stateBytes("sgdSai", model.trainableWeights.map(({ shape }) => shape as number[])) / 2 ** 20; // MiB
 */
export function stateBytes(optimizer: "sgdSai" | "sgd" | "adamW", shapes: readonly (readonly number[])[], { momentum = 0.9, amsgrad = false }: { readonly momentum?: number; readonly amsgrad?: boolean } = {}): number {
  const elements = shapes.reduce((sum, shape) => sum + util.sizeFromShape(shape as number[]), 0);
  if (optimizer === "adamW") return 4 * elements * (amsgrad ? 3 : 2);
  const buffer = momentum > 0 ? 4 * elements : 0;
  return optimizer === "sgd" ? buffer : buffer + 4 * shapes.length;
}
