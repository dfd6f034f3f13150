// How positive quantities (−Re A, Im A, Δ) are kept in unbounded parameters: `param_transform` and `inv_transform` of the authors' code.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { requireChoice } from "./check.js";

/** p of θ. "none": θ itself; "exp": e^θ; "relu": max(θ, 0) + 1e-4; "sigmoid"; "softplus": log(1 + e^θ). */
export type Transform = "none" | "exp" | "relu" | "sigmoid" | "softplus";

const transforms: readonly Transform[] = ["none", "exp", "relu", "sigmoid", "softplus"];
const least = 1e-4;

/**
 * The positive quantity p that a parameter θ stands for; differentiable.
 *
 * @param theta any shape.
 * @returns a tensor of the same shape; the caller disposes it.
 * @throws {WarmstartError} INVALID_OPTION for an unknown transform.
 */
export function fromParameter<T extends Tensor>(theta: T, transform: Transform): T {
  requireChoice("fromParameter", "transform", transform, transforms);
  return tf.tidy((): Tensor => {
    switch (transform) {
      case "none":
        return tf.clone(theta);
      case "exp":
        return tf.exp(theta);
      case "relu":
        return tf.add(tf.relu(theta), least);
      case "sigmoid":
        return tf.sigmoid(theta);
      case "softplus":
        return tf.softplus(theta);
    }
  }) as T;
}

/**
 * The parameter θ that stands for the positive quantity `p`, on the host in float64; `p` is clamped to at least 1e-4 first, as in the authors' code. (For "relu" θ = p, theirs too: it gives p + 1e-4 back.)
 *
 * @throws {WarmstartError} INVALID_OPTION for an unknown transform.
 */
export function toParameter(p: number, transform: Transform): number {
  requireChoice("toParameter", "transform", transform, transforms);
  const clamped = Math.max(least, p);
  switch (transform) {
    case "none":
    case "relu":
      return clamped;
    case "exp":
      return Math.log(clamped);
    case "sigmoid":
      return Math.log(clamped) - Math.log1p(-clamped);
    case "softplus":
      return clamped + Math.log(-Math.expm1(-clamped));
  }
}
