// What Mamba starts from (Gu, Dao 2023, arXiv:2312.00752, §3.6; mamba_ssm/modules/mamba_simple.py): S4D-Real with a softplus step.
import { requireInteger, requirePositive, requireSteps } from "./check.js";
import { sampleLogDt, type SampleLogDtOptions } from "./draws.js";
import { real } from "./spectra/real.js";
import { toParameter } from "./transform.js";

export interface MambaInitOptions extends SampleLogDtOptions {
  /** `N` states a channel; all real, so odd numbers are fine. Default 16. */
  readonly dState?: number;
  /** Steps below this are raised to it. Default 1e-4. */
  readonly dtInitFloor?: number;
}

/** Starting values of one Mamba block, row-major. */
export interface MambaStart {
  /** `"dInner N"`: log(n + 1); A = −exp(aLog). */
  readonly aLog: Float64Array;
  /** `"dInner"`: bias of the step's projection, Δ = softplus(… + dtBias). Keep it out of anything that zeroes biases. */
  readonly dtBias: Float64Array;
  /** `"dInner"`: 1. */
  readonly d: Float64Array;
}

/**
 * A, the step's bias and D of a Mamba block with `dInner` channels. Neither `aLog` nor `d` takes weight decay.
 *
 * @throws {WarmstartError} INVALID_OPTION for sizes below 1 or step bounds that are not `0 < dtMin <= dtMax`.
 */
export function mambaInit(dInner: number, { dState = 16, dtMin = 1e-3, dtMax = 1e-1, dtInitFloor = 1e-4, seed = 0 }: MambaInitOptions = {}): MambaStart {
  requireInteger("mambaInit", "dInner", dInner, 1, "It counts the channels of the block.");
  requireInteger("mambaInit", "dState", dState, 1, "It counts the states of a channel.");
  requireSteps("mambaInit", dtMin, dtMax);
  requirePositive("mambaInit", "dtInitFloor", dtInitFloor, "It is the smallest step.");
  return {
    aLog: Float64Array.from({ length: dInner * dState }, (_, i) => Math.log(real(i % dState))),
    dtBias: sampleLogDt(dInner, { dtMin, dtMax, seed }).map((logDt) => toParameter(Math.max(dtInitFloor, Math.exp(logDt)), "softplus")),
    d: new Float64Array(dInner).fill(1),
  };
}
