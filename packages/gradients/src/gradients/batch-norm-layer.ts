// tf.layers.batchNormalization, in training, reads gamma and beta also where it was built without (`scale: false`, `center: false`)
// and so throws before any gradient. An instance without the one or the other finds one here that reads as nothing. The class is
// reached through tfjs-core's registry of classes, so that this package needs no tfjs-layers.
import { serialization } from "@tensorflow/tfjs-core";

const absentKey = Symbol.for("@warmstart/gradients/absent");
const weights = ["gamma", "beta"] as const;

function layerPrototype(): Record<string, unknown> | undefined {
  return serialization.SerializationMap.getMap().classNameMap.BatchNormalization?.[0].prototype as unknown as Record<string, unknown> | undefined;
}

/** Does nothing where tfjs-layers has not been imported, and the second time. */
export function repairBatchNormLayer(): void {
  const prototype = layerPrototype();
  if (prototype === undefined) return;
  for (const name of weights) if (!(name in prototype)) Object.defineProperty(prototype, name, { value: { read: () => null, [absentKey]: true }, configurable: true, writable: true });
}

export function restoreBatchNormLayer(): void {
  const prototype = layerPrototype();
  if (prototype === undefined) return;
  for (const name of weights) if ((prototype[name] as { [absentKey]?: true } | undefined)?.[absentKey]) delete prototype[name];
}
