// Erdős–Rényi densities: Mocanu et al., Scalable training of artificial neural networks with adaptive sparse connectivity, 2018 (er); Evci et al., Rigging the lottery,
// ICML 2020 (erk). The official loop (Random_Pruning, core.py) divides by zero at density 1, and its uniform+ undershoots the density; here neither.
import { WarmstartError, type Role } from "@warmstart/init-core";
import { checkDensity } from "./density.js";

/** A kernel as the densities see it; a `Parameter` is one. */
export interface KernelShape {
  /** In tfjs' layout. */
  readonly shape: readonly number[];
  readonly role: Role;
}

/** "erk": by all axes of the kernel. "er": by its two channel axes. "uniform": the same everywhere. "uniformPlus": the first convolution dense, the last dense layer at 0.2 or more, the rest alike. */
export type ErkMode = "erk" | "er" | "uniform" | "uniformPlus";

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** The axes as in torch, where a depthwise kernel is `[in·multiplier, 1, height, width]`. Channels first. */
function axesOf({ shape, role }: KernelShape): number[] {
  const channels = shape.slice(-2);
  return [...(role === "depthwise-kernel" ? [product(channels), 1] : channels), ...shape.slice(0, -2)];
}

/**
 * One density a kernel, such that together `density` of all weights stay: in proportion to (sum of the axes) / (product of the
 * axes), so that small and narrow kernels keep more. What would exceed 1 is 1, and the others share the rest.
 *
 * @param kernels in the order of the network.
 * @returns densities in (0, 1], in that order.
 * @throws {WarmstartError} INVALID_OPTION.
 *
 * @example
 * erkDensities(networkOf(model).parameters.filter(({ role }) => role === "kernel"), 0.1);
 */
export function erkDensities(kernels: readonly KernelShape[], density: number, mode: ErkMode = "erk"): number[] {
  checkDensity("erkDensities", density);
  if (!["erk", "er", "uniform", "uniformPlus"].includes(mode)) throw new WarmstartError("INVALID_OPTION", `erkDensities: \`mode\` must be "erk", "er", "uniform" or "uniformPlus", got "${String(mode)}".`, { mode });
  if (mode === "uniform") return kernels.map(() => density);
  const sizes = kernels.map(({ shape }) => product(shape));
  const fixed = mode === "uniformPlus" ? ends(kernels, density) : new Map<number, number>();
  const raw = kernels.map((kernel) => {
    const axes = mode === "erk" ? axesOf(kernel) : axesOf(kernel).slice(0, 2);
    return mode === "uniformPlus" ? 1 : axes.reduce((sum, size) => sum + size, 0) / product(axes);
  });
  return share(raw, sizes, density, fixed);
}

/** Densities in proportion to `raw`, some fixed, that keep `density` of all weights. */
function share(raw: readonly number[], sizes: readonly number[], density: number, fixed: Map<number, number>): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  for (;;) {
    const free = sizes.flatMap((_, i) => (fixed.has(i) ? [] : [i]));
    if (free.length === 0) break;
    const budget = density * total - [...fixed].reduce((sum, [i, own]) => sum + own * sizes[i]!, 0);
    if (budget <= 0) throw new WarmstartError("INVALID_OPTION", `erkDensities: the density ${density} is used up by the layers that uniformPlus keeps; raise it, or take another mode.`, { density });
    const factor = budget / free.reduce((sum, i) => sum + raw[i]! * sizes[i]!, 0);
    const largest = Math.max(...free.map((i) => raw[i]!));
    if (largest * factor <= 1) return sizes.map((_, i) => fixed.get(i) ?? raw[i]! * factor);
    for (const i of free) if (raw[i] === largest) fixed.set(i, 1);
  }
  return sizes.map((_, i) => fixed.get(i)!);
}

/** What uniform+ fixes: the first layer where it is a convolution, the last where it is dense. */
function ends(kernels: readonly KernelShape[], density: number): Map<number, number> {
  const fixed = new Map<number, number>();
  if ((kernels[0]?.shape.length ?? 0) > 2) fixed.set(0, 1);
  if (kernels.length > 1 && kernels.at(-1)!.shape.length === 2) fixed.set(kernels.length - 1, Math.max(density, 0.2));
  return fixed;
}
