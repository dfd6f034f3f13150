// The shape of one entry of this package: a gradient configuration as tfjs has them, and what tfjs' own cannot say.
import type { GradConfig, NamedAttrMap, Tensor } from "@tensorflow/tfjs-core";

export type NamedGradients = Record<string, () => Tensor>;

/** The two real tensors of a complex one, or of the gradient towards it: that of the real part and that of the imaginary part. */
export type Pair = { readonly real: Tensor; readonly imag: Tensor };

/**
 * A gradient for a kernel with complex inputs or outputs: from one entry an output to one entry an input, a pair where that is complex.
 * A real tensor as the gradient towards a complex input stands for a pair without imaginary part.
 */
export type PairGradient = (dys: readonly (Pair | Tensor)[], saved: Tensor[], attrs: NamedAttrMap) => Record<string, Pair | Tensor>;

/** For a fused convolution, which tfjs wraps in a gradient of its own: what ours is, or undefined to leave it to tfjs. */
export type FusedGradient = (dy: Tensor, x: Tensor, filter: Tensor, attrs: NamedAttrMap) => { readonly x: () => Tensor; readonly filter: () => Tensor } | undefined;

// On the configurations themselves, so that two copies of this package (ESM and CJS, say) understand each other's.
export const pairsKey = Symbol.for("@warmstart/gradients/pairs");
export const optionalKey = Symbol.for("@warmstart/gradients/optional");
export const fusedKey = Symbol.for("@warmstart/gradients/fused");

export interface Gradient extends GradConfig {
  /** Used in place of `gradFunc` where a tensor is complex. */
  readonly [pairsKey]?: PairGradient;
  /** Inputs that may be missing: saved after all others where they are there. */
  readonly [optionalKey]?: readonly string[];
  /** Used in place of the gradient that tfjs gives to the fused operation around this kernel. */
  readonly [fusedKey]?: FusedGradient;
}

/** One entry of the package: "add" it only where tfjs has none, or "replace" its own. */
export interface Entry {
  readonly mode: "add" | "replace";
  readonly gradient: Gradient;
  /** What has to change with it outside of the registry. Both may be called again. */
  readonly beside?: { readonly repair: () => void; readonly restore: () => void };
}
