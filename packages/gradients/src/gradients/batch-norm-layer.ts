// tf.layers.batchNormalization in training: reads gamma and beta also where it was built without (`scale: false`, `center: false`) and so
// throws before any gradient, and makes the normalization of eight operations. An instance without gamma or beta finds one here that reads as
// nothing, and the normalization is one operation. The class is reached through tfjs-core's registry of classes, so that this package needs no tfjs-layers.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D } from "@tensorflow/tfjs-core";
import { normalizeBatch } from "./batch-norm-in-training.js";

const absentKey = Symbol.for("@warmstart/gradients/absent");
const originalKey = Symbol.for("@warmstart/gradients/original");
const weights = ["gamma", "beta"] as const;

interface Weight {
  read(): Tensor1D | null;
  write(value: Tensor): void;
}

/** The part of the layer that is used here. */
interface BatchNormalization {
  readonly axis: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly gamma: Weight;
  readonly beta: Weight;
  readonly movingMean: Weight;
  readonly movingVariance: Weight;
}

type Call = (this: BatchNormalization, inputs: Tensor | Tensor[], kwargs: { readonly training?: boolean }) => Tensor | Tensor[];
type OurCall = Call & { readonly [originalKey]?: Call };

function layerPrototype(): (Record<string, unknown> & { call: OurCall }) | undefined {
  return tf.serialization.SerializationMap.getMap().classNameMap.BatchNormalization?.[0].prototype as unknown as ReturnType<typeof layerPrototype>;
}

/** Does nothing where tfjs-layers has not been imported, and the second time. */
export function repairBatchNormLayer(): void {
  const prototype = layerPrototype();
  if (prototype === undefined) return;
  for (const name of weights) if (!(name in prototype)) Object.defineProperty(prototype, name, { value: { read: () => null, [absentKey]: true }, configurable: true, writable: true });
  if (prototype.call[originalKey] === undefined) prototype.call = Object.assign(normalizing(prototype.call), { [originalKey]: prototype.call });
}

export function restoreBatchNormLayer(): void {
  const prototype = layerPrototype();
  if (prototype === undefined) return;
  for (const name of weights) if ((prototype[name] as { [absentKey]?: true } | undefined)?.[absentKey]) delete prototype[name];
  prototype.call = prototype.call[originalKey] ?? prototype.call;
}

/** In training over all axes but the last, as the layer computes it; everything else is the layer's own affair. */
function normalizing(original: Call): Call {
  return function (inputs, kwargs) {
    const [x, ...others] = [inputs].flat() as [Tensor, ...Tensor[]];
    const last = x.rank - 1;
    if (!kwargs.training || others.length > 0 || x.dtype !== "float32" || x.size === 0 || last < 1 || last > 3 || (this.axis !== -1 && this.axis !== last)) return original.call(this, inputs, kwargs);
    return tf.tidy(() => {
      const { y, mean, variance } = normalizeBatch(x, this.gamma.read(), this.beta.read(), this.epsilon);
      move(this.movingMean, mean, this.momentum);
      move(this.movingVariance, variance, this.momentum);
      return y;
    });
  };
}

function move(average: Weight, value: Tensor, momentum: number): void {
  const old = average.read()!;
  average.write(tf.sub(old, tf.mul(tf.sub(old, value), 1 - momentum)));
}
