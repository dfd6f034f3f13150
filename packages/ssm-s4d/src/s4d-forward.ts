// The whole sequence at once: kernel, convolution, skip (`FFTConv` of the authors' code, without its activation).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import { WarmstartError } from "@warmstart/init-core";
import { bidirectionalConv, bothWays, causalConv, type CausalConvOptions } from "./causal-conv.js";
import { requireChoice, requireInteger, requirePositive, requireShape } from "./check.js";
import { bandLimited, damped, s4dKernel, type S4DKernelOptions } from "./s4d-kernel.js";
import { scan } from "./scan.js";
import { complete, requireSsm, type ComplexPair, type Ssm } from "./ssm.js";
import { chooseForward } from "./choose-convolution.js";
import type { Discretization, DiscretizeOptions } from "./discretize.js";
import { requireState, stateResponse, type State } from "./state.js";

export interface S4DForwardOptions extends S4DKernelOptions {
  /** Skip weights D, `"H"`; default none. */
  readonly d?: Tensor1D;
  /** The kernel has round(lMax / rate) entries at most: older inputs are forgotten, which a recurrence would not do. Default the length of `u`. */
  readonly lMax?: number | null;
  /** C is `"2 H M"`: a causal and an anticausal output (bidirectionalConv). Default false. */
  readonly bidirectional?: boolean;
  /** The state before `u`, `"B H M"`; not with `bidirectional`, "dss" or `lMax`. Default zeros. */
  readonly state?: State;
  /**
   * "scan" goes through the sequence by chunks and hands the state on, in time and memory of order L; it needs a kernel as long as the sequence and no "dss". The others make the whole
   * kernel and convolve, by causalConv's algorithm of that name. Default "auto": what was measured to be faster.
   */
  readonly convolution?: "auto" | "scan" | "fft" | "toeplitz";
  /** True lengths of the sequences: what follows is set to 0 in `u`. A causal model needs none to be right up to them. Default all. */
  readonly lengths?: readonly number[];
}

/**
 * Entries of the kernel for a sequence of `length`: min(length, round(lMax / rate)), at least 1.
 *
 * @throws {WarmstartError} INVALID_OPTION for lengths below 1 or a rate that is not above 0.
 */
export function kernelLength(length: number, { lMax = null, rate = 1 }: { readonly lMax?: number | null; readonly rate?: number } = {}): number {
  requireInteger("kernelLength", "length", length, 1, "It counts the steps of the sequence.");
  requirePositive("kernelLength", "rate", rate, "2 stands for data at half the sampling frequency.");
  if (lMax === null) return length;
  requireInteger("kernelLength", "lMax", lMax, 1, "It counts the entries of the kernel at rate 1; null takes the length of the sequence.");
  return Math.max(1, Math.min(length, Math.round(lMax / rate)));
}

/**
 * y = u ∗ K + D u for a whole sequence, plus what an initial state adds. Differentiable in everything.
 *
 * @param u `"B H L"`; integers are cast to float32; NaN and infinity are passed on.
 * @returns `"B H L"`; the caller disposes it.
 * @throws {WarmstartError} SHAPE_MISMATCH for other shapes; INVALID_OPTION for `state` with `bidirectional`, "dss" or `lMax`, lengths outside 0 … L, and what {@link s4dKernel} refuses.
 *
 * @example
 * const y = s4dForward(u, ssm, { d });
 */
export function s4dForward(u: Tensor3D, ssm: Ssm, options: S4DForwardOptions = {}): Tensor3D {
  const { features, modes } = requireSsm("s4dForward", ssm);
  requireShape("s4dForward", "u", u.shape, [null, features, null], "Its axes are batch, features and time.");
  const { d, lMax = null, bidirectional = false, state, lengths, convolution = "auto", bandlimit = null, ...kernelOptions } = options;
  const { method = "zoh", rate = 1 } = kernelOptions;
  const [batch, , length] = u.shape;
  requireShape("s4dForward", "cRe", ssm.cRe.shape, bidirectional ? [2, features, modes] : [features, modes], "Two channels are for `bidirectional`: one causal, one anticausal.");
  if (d !== undefined) requireShape("s4dForward", "d", d.shape, [features], "It holds one skip weight a feature.");
  const taps = kernelLength(length, { lMax, rate });
  const mask = lengths === undefined ? undefined : maskOf(lengths, batch, length);
  if (state !== undefined) {
    if (bidirectional || method === "dss" || taps < length) {
      throw new WarmstartError("INVALID_OPTION", `s4dForward: \`state\` must be left out with \`bidirectional\`, "dss" or a kernel shorter than the sequence, got bidirectional ${bidirectional}, method "${method}", a kernel of ${taps} for ${length} steps. Such a model has no state; use the causal one.`, { bidirectional, method, taps });
    }
    requireState("s4dForward", state, batch, features, modes);
  }
  requireChoice("s4dForward", "convolution", convolution, ["auto", "scan", "fft", "toeplitz"]);
  const scannable = method !== "dss" && taps === length;
  if (convolution === "scan" && !scannable) {
    throw new WarmstartError("INVALID_OPTION", `s4dForward: \`convolution\` "scan" must have a kernel as long as the sequence, and not that of "dss", got method "${method}" and a kernel of ${taps} for ${length} steps. Leave \`convolution\` out.`, { convolution, method, taps });
  }
  return tf.tidy(() => {
    const whole = tf.cast(u, "float32");
    const input = mask === undefined ? whole : (tf.mul(whole, tf.tensor3d(mask, [batch, 1, length])) as Tensor3D);
    const model = bandLimited("s4dForward", ssm, bandlimit);
    const algorithm = convolution === "auto" && scannable ? chooseForward(length) : convolution;
    const y = algorithm === "scan" ? scanned(input, model, { method: method as Discretization, rate }, state) : convolved(input, model, taps, kernelOptions, state, { algorithm });
    return (d === undefined ? y : tf.add(y, tf.mul(input, tf.expandDims(d, 1)))) as Tensor3D;
  });
}

/** By chunks, with one channel or two. */
function scanned(u: Tensor3D, ssm: Ssm, { method, rate }: { method: Discretization; rate: number }, state: State | undefined): Tensor {
  const full = damped(complete("s4dForward", ssm, rate));
  const channel = (k: number): ComplexPair => ({ re: tf.squeeze(tf.slice(full.c.re, k, 1), [0]), im: tf.squeeze(tf.slice(full.c.im, k, 1), [0]) });
  const forth = scan(u, full, channel(0), method, state);
  return full.oneChannel ? forth : bothWays(forth, tf.reverse(scan(tf.reverse(u, 2), full, channel(1), method, undefined), 2));
}

/** By the whole kernel. */
function convolved(u: Tensor3D, ssm: Ssm, taps: number, options: S4DKernelOptions, state: State | undefined, convolution: CausalConvOptions): Tensor {
  const kernel = s4dKernel(ssm, taps, options);
  if (kernel.rank === 3) return bidirectionalConv(u, ...(tf.unstack(kernel) as [Tensor2D, Tensor2D]), convolution);
  const y = causalConv(u, kernel as Tensor2D, convolution);
  return state === undefined ? y : tf.add(y, stateResponse(ssm, state, u.shape[2], options as DiscretizeOptions));
}

/** 1 up to each length, 0 after it, `"B 1 L"`. */
function maskOf(lengths: readonly number[], batch: number, length: number): Float32Array {
  if (lengths.length !== batch || lengths.some((each) => !Number.isInteger(each) || each < 0 || each > length)) {
    throw new WarmstartError("INVALID_OPTION", `s4dForward: \`lengths\` must hold ${batch} integers from 0 to ${length}, got [${lengths.join(", ")}]. Give the true length of each sequence of the batch.`, { lengths });
  }
  return Float32Array.from({ length: batch * length }, (_, i) => (i % length < lengths[Math.floor(i / length)]! ? 1 : 0));
}
