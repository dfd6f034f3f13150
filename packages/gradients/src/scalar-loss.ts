import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
import { GradientsError } from "./errors.js";
import { refusePromise } from "./refuse-promise.js";

/** What a loss returned, if it is a scalar. @throws ASYNC, NOT_SCALAR. */
export function scalarLoss(where: string, value: Tensor): Scalar {
  refusePromise(value, `${where}: loss must be synchronous, got one that returns a promise. Prepare its data outside.`);
  if (!(value instanceof tf.Tensor) || value.shape.length > 0 || value.dtype !== "float32") {
    const got = value instanceof tf.Tensor ? `${value.dtype} of shape [${value.shape}]` : typeof value;
    throw new GradientsError("NOT_SCALAR", `${where}: loss must return a float32 scalar, got ${got}. Take the mean or the sum.`);
  }
  return value as Scalar;
}
