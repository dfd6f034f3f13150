// The variance scaling family: std² = scale / fan.
import type { Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";
import { fansOf } from "../fans.js";
import type { Fans } from "../network.js";
import { randomNormal, randomTruncatedNormal } from "../random/normal.js";
import { randomUniform } from "../random/uniform.js";
import { defineShapeInitializer, type SeedOption, type ShapeInitializer } from "./shape-initializer.js";

const modes = ["fanIn", "fanOut", "fanAvg"] as const;
const distributions = ["uniform", "normal", "truncatedNormal"] as const;
const kernels = ["dense", "depthwise", "transposed", "lstm", "gru", "embedding"] as const;

/** What a shape alone does not tell about the kernel's fans: see `fansOf`. "dense" means dense or convolution. */
export type KernelKind = (typeof kernels)[number];

export interface VarianceScalingOptions {
  /** Variance times fan. Default 1; `calculateGain(f) ** 2` for the nonlinearity that follows. */
  readonly scale: number;
  /** Default "fanIn"; "fanAvg" is the mean of both. */
  readonly mode: (typeof modes)[number];
  /** Default "truncatedNormal": cut at two standard deviations of the uncut law, and widened so that the variance is right. */
  readonly distribution: (typeof distributions)[number];
  /** Default "dense". `fill` reads it off the network. */
  readonly kernel: KernelKind;
}

export type KernelOptions = Pick<VarianceScalingOptions, "kernel"> & SeedOption;

function oneOf<T extends string>(caller: string, name: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw new WarmstartError("INVALID_OPTION", `${caller}: ${name} must be one of ${known.map((word) => `"${word}"`).join(", ")}, got ${JSON.stringify(value)}.`, { [name]: value });
}

/**
 * Weights with variance `scale / fan`. As Keras' and jax' `variance_scaling`; tfjs' own forgets that cutting a normal shrinks
 * it, and starts 12 % too small.
 *
 * @throws {WarmstartError} INVALID_OPTION for a scale that is not positive, or an unknown word.
 *
 * @example
 * tf.layers.dense({ units: 64, activation: "relu", kernelInitializer: varianceScaling({ scale: 2, mode: "fanIn", seed: 1 }) });
 */
export const varianceScaling = /* @__PURE__ */ defineShapeInitializer<VarianceScalingOptions>({
  className: "WarmstartVarianceScaling",
  options({ scale = 1, mode = "fanIn", distribution = "truncatedNormal", kernel = "dense" }) {
    if (!Number.isFinite(scale) || scale <= 0) throw new WarmstartError("INVALID_OPTION", `varianceScaling: scale must be positive and finite, got ${scale}.`, { scale });
    oneOf("varianceScaling", "mode", mode, modes);
    oneOf("varianceScaling", "distribution", distribution, distributions);
    oneOf("varianceScaling", "kernel", kernel, kernels);
    return { scale, mode, distribution, kernel };
  },
  values: (shape, { scale, mode, distribution, kernel }, { seed, fans = fansOfKernel(kernel, shape) }) => {
    const fan = mode === "fanIn" ? fans.fanIn : mode === "fanOut" ? fans.fanOut : (fans.fanIn + fans.fanOut) / 2;
    return drawWithStd(distribution, shape, Math.sqrt(scale / Math.max(1, fan)), seed);
  },
});

function drawWithStd(distribution: VarianceScalingOptions["distribution"], shape: readonly number[], std: number, seed: number): Tensor {
  if (distribution === "normal") return randomNormal(shape, { std, seed });
  if (distribution === "truncatedNormal") return randomTruncatedNormal(shape, { std, seed });
  const bound = Math.sqrt(3) * std; // a uniform law on ±b has variance b²/3
  return randomUniform(shape, { minval: -bound, maxval: bound, seed });
}

function fansOfKernel(kernel: KernelKind, shape: readonly number[]): Fans {
  if (shape.length < 2) throw new WarmstartError("SHAPE_MISMATCH", `varianceScaling: a kernel has at least two axes, this shape is [${shape}]. Use it as kernelInitializer; for a bias take "zeros".`, { shape });
  if (kernel === "depthwise") return fansOf("depthwise-kernel", shape)!;
  if (kernel === "embedding") return fansOf("embedding", shape)!;
  return fansOf("kernel", shape, { dense: "Dense", transposed: "Conv2DTranspose", lstm: "LSTM", gru: "GRU" }[kernel])!;
}

type Family = (options?: Partial<KernelOptions>) => ShapeInitializer;
const family =
  (scale: number, mode: VarianceScalingOptions["mode"], distribution: VarianceScalingOptions["distribution"]): Family =>
  (options = {}) =>
    varianceScaling({ ...options, scale, mode, distribution });

/** Variance 1 / mean fan, uniform (Glorot and Bengio 2010, eq. 16): for tanh and linear layers; tfjs' default. */
export const glorotUniform = /* @__PURE__ */ family(1, "fanAvg", "uniform");
/** Variance 1 / mean fan, truncated normal with the variance right. */
export const glorotNormal = /* @__PURE__ */ family(1, "fanAvg", "truncatedNormal");
/** Variance 2 / fan-in, uniform (He et al. 2015, eq. 10): for relu. */
export const heUniform = /* @__PURE__ */ family(2, "fanIn", "uniform");
/** Variance 2 / fan-in, truncated normal with the variance right. */
export const heNormal = /* @__PURE__ */ family(2, "fanIn", "truncatedNormal");
/** Variance 1 / fan-in, uniform (LeCun et al. 1998): for linear layers and selu. */
export const leCunUniform = /* @__PURE__ */ family(1, "fanIn", "uniform");
/** Variance 1 / fan-in, truncated normal with the variance right. */
export const leCunNormal = /* @__PURE__ */ family(1, "fanIn", "truncatedNormal");
