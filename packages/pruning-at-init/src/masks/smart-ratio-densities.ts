import { WarmstartError } from "@warmstart/init-core";
import { checkDensity } from "./density.js";
import type { KernelShape } from "./erk-densities.js";

export interface SmartRatioOptions {
  /** Divides by the square of a layer's place, as the authors do for VGG. Default false. */
  readonly vggLike?: boolean;
  /** Density of the last layer where it is dense. Default 0.3. */
  readonly fcKeep?: number;
}

/**
 * One density a kernel by its place alone: k² + k, k counted from the last layer up (Su et al., Sanity-checking pruning methods:
 * random tickets can win the jackpot, NeurIPS 2020). The last dense layer keeps `fcKeep`; what would exceed 1 goes to the next layers.
 * The budget is `int(density · N)`, as in the authors' code.
 *
 * @param kernels in the order of the network.
 * @throws {WarmstartError} INVALID_OPTION, also where the last layer alone uses up the density.
 *
 * @example
 * smartRatioDensities(kernels, 0.1, { vggLike: true });
 */
export function smartRatioDensities(kernels: readonly KernelShape[], density: number, { vggLike = false, fcKeep = 0.3 }: SmartRatioOptions = {}): number[] {
  checkDensity("smartRatioDensities", density);
  if (!(fcKeep > 0 && fcKeep <= 1)) throw new WarmstartError("INVALID_OPTION", `smartRatioDensities: \`fcKeep\` must be above 0 and at most 1, got ${fcKeep}.`, { fcKeep });
  const count = kernels.length;
  const sizes = kernels.map(({ shape }) => shape.reduce((all, size) => all * size, 1));
  const hasHead = count > 1 && kernels.at(-1)!.shape.length === 2;
  const body = hasHead ? count - 1 : count;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const budget = Math.floor(density * total) - (hasHead ? fcKeep * sizes.at(-1)! : 0);
  if (budget <= 0) throw new WarmstartError("INVALID_OPTION", `smartRatioDensities: at density ${density} the last layer alone, kept at \`fcKeep\` ${fcKeep}, uses up the budget. Lower \`fcKeep\` or raise the density.`, { density, fcKeep });
  const raw = Array.from({ length: body }, (_, i) => {
    const k = count - i; // 1 is the last layer
    return (k * k + k) / (vggLike ? (i + 1) ** 2 : 1);
  });
  const factor = budget / raw.reduce((sum, ratio, i) => sum + ratio * sizes[i]!, 0);
  const densities: number[] = [];
  let surplus = 0; // in weights
  for (const [i, ratio] of raw.entries()) {
    const wanted = ratio * factor + surplus / sizes[i]!;
    densities.push(Math.min(1, wanted));
    surplus = Math.max(0, wanted - 1) * sizes[i]!;
  }
  return hasHead ? [...densities, fcKeep] : densities;
}
