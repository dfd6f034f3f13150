// What Mamba-2 starts from (Dao, Gu 2024, arXiv:2405.21060; mamba_ssm/modules/mamba2.py): one real eigenvalue a head, a softplus step.
import { WarmstartError } from "@warmstart/init-core";
import { requireInteger } from "./check.js";
import { streamOf } from "./draws.js";
import { mambaInit, type MambaInitOptions, type MambaStart } from "./mamba-init.js";

export interface Mamba2InitOptions extends Omit<MambaInitOptions, "dState"> {
  /** Smallest −A. Default 1. */
  readonly aMin?: number;
  /** Largest −A. Default 16. */
  readonly aMax?: number;
}

/**
 * A, the step's bias and D of a Mamba-2 block: −A ~ U[aMin, aMax), kept as a logarithm, one for all channels and states of a head. None of the three takes weight decay.
 *
 * @param heads an integer of at least 1; every array has one number a head. A generator is used up in the order steps, A.
 * @throws {WarmstartError} INVALID_OPTION for no heads, bounds of −A that are not `0 < aMin <= aMax`, or step bounds that are not `0 < dtMin <= dtMax`.
 *
 * @example
 * const { aLog, dtBias, d } = mamba2Init(24, { seed: 1 });
 */
export function mamba2Init(heads: number, { aMin = 1, aMax = 16, seed = 0, ...steps }: Mamba2InitOptions = {}): MambaStart {
  requireInteger("mamba2Init", "heads", heads, 1, "One eigenvalue is drawn per head.");
  if (!(aMin > 0 && aMin <= aMax && Number.isFinite(aMax))) {
    throw new WarmstartError("INVALID_OPTION", `mamba2Init: \`aMin\` and \`aMax\` must be finite with 0 < aMin <= aMax, got ${aMin} and ${aMax}. −A is drawn uniformly between them.`, { aMin, aMax });
  }
  const { dtBias, d } = mambaInit(heads, { ...steps, dState: 1, seed });
  const { uniform } = streamOf(seed, "a");
  return { aLog: Float64Array.from({ length: heads }, () => Math.log(aMin + (aMax - aMin) * uniform())), dtBias, d };
}
