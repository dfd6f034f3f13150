import { WarmstartError } from "@warmstart/init-core";

export interface LoraScaleOptions {
  readonly r: number;
  readonly loraAlpha: number;
  /** Rank-stabilised scaling (rsLoRA, arXiv:2312.03732). Default false. */
  readonly useRslora?: boolean;
}

/**
 * The factor in front of the low-rank product: `loraAlpha / r`, rank-stabilised `loraAlpha / √r`.
 *
 * @throws {WarmstartError} INVALID_OPTION unless r ≥ 1 is whole and loraAlpha > 0.
 */
export function loraScale({ r, loraAlpha, useRslora = false }: LoraScaleOptions): number {
  if (!Number.isInteger(r) || r < 1) throw new WarmstartError("INVALID_OPTION", `loraScale: \`r\` must be a whole number of at least 1, got ${r}.`, { r });
  if (!(loraAlpha > 0) || loraAlpha === Infinity) throw new WarmstartError("INVALID_OPTION", `loraScale: \`loraAlpha\` must be positive and finite, got ${loraAlpha}.`, { loraAlpha });
  return loraAlpha / (useRslora ? Math.sqrt(r) : r);
}

/** The loraAlpha with which another rank keeps the scale of (`r`, `loraAlpha`). */
export function alphaForRank({ r, loraAlpha, useRslora = false }: LoraScaleOptions, rank: number): number {
  return loraAlpha * (useRslora ? Math.sqrt(rank / r) : rank / r);
}
