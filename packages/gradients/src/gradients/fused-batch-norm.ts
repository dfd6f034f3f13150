import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { sumTo } from "../broadcast.js";
import { optionalKey, type Entry } from "../gradient.js";
import { onceForAll } from "../once-for-all.js";
import { repairBatchNormLayer, restoreBatchNormLayer } from "./batch-norm-layer.js";

/**
 * y = (x − mean) r scale + offset with r = 1 / √(variance + ε): two sums over the batch, of dy and of dy (x − mean), give the
 * gradients towards all four parameters, each of the shape of its own. Scale and offset may be missing (tfjs throws then).
 */
export const fusedBatchNorm: Entry = {
  mode: "replace",
  beside: { repair: repairBatchNormLayer, restore: restoreBatchNormLayer },
  gradient: {
    kernelName: "FusedBatchNorm",
    inputsToSave: ["x", "mean", "variance"],
    [optionalKey]: ["scale"],
    gradFunc: (gradient, saved, attrs) => {
      const dy = gradient as Tensor;
      const [x, mean, variance, scale] = saved as [Tensor, Tensor, Tensor, Tensor?];
      const r = tf.rsqrt(tf.add(variance, attrs.varianceEpsilon as number));
      const slope = scale ? tf.mul(r, scale) : r;
      const sum = onceForAll(() => sumTo(dy, mean.shape));
      const centred = onceForAll(() => sumTo(tf.mul(dy, tf.sub(x, mean)), mean.shape));
      return {
        x: () => tf.mul(dy, slope),
        mean: () => tf.neg(tf.mul(sum(), slope)),
        variance: () => tf.mul(tf.mul(tf.mul(centred(), slope), tf.square(r)), -0.5),
        scale: () => tf.mul(centred(), r),
        offset: () => tf.clone(sum()),
      };
    },
  },
};
