// Widths that follow densities of layers, given by another method or by hand. Derived here; the paper does not say how it is done.
import type { KernelTerms } from "./cost-terms.js";

export interface MappingProblem {
  readonly kernels: readonly KernelTerms[];
  /** Wanted density of each kernel's layer. */
  readonly density: (layer: string) => number;
  /** Largest `s_g`; groups with 1 and `fixed` stay. */
  readonly upper: readonly number[];
  readonly fixed: readonly boolean[];
}

/** Weight of `(log s)²` in the fit: makes it unique where kernels alone leave a direction open. */
const ridge = 1e-6;

/**
 * Bounded least squares: `Σ over kernels (log s_in + log s_out − log p)² + 1e-6·Σ over groups (log s)²` under `log s ≤ log upper`.
 *
 * @returns scales by group and the value of the sum.
 */
export function leastSquaresScales({ kernels, density, upper, fixed }: MappingProblem): { scales: number[]; fit: number } {
  const free = upper.flatMap((_, group) => (fixed[group] ? [] : [group]));
  const rows = kernels.map(({ layer, sides }) => ({ target: Math.log(density(layer)), share: free.map((group) => sides.reduce((sum, side) => sum + (side.get(group) ?? 0), 0)) }));
  const normal = free.map((_, i) => free.map((_, j) => rows.reduce((sum, { share }) => sum + share[i]! * share[j]!, i === j ? ridge : 0)));
  const right = free.map((_, i) => rows.reduce((sum, { share, target }) => sum + share[i]! * target, 0));
  const logs = boundedQuadratic(normal, right, free.map((group) => Math.log(upper[group]!)));
  const residuals = rows.map(({ share, target }) => share.reduce((sum, value, i) => sum + value * logs[i]!, -target));
  const scales = upper.map(() => 1);
  for (const [i, group] of free.entries()) scales[group] = Math.exp(logs[i]!);
  return { scales, fit: residuals.reduce((sum, value) => sum + value * value, 0) + ridge * logs.reduce((sum, value) => sum + value * value, 0) };
}

/** `s_out = √p` of the layer that produces the channels, geometric mean over several; a depthwise layer, which has one side, gives `p`. */
export function squareRootScales({ kernels, density, upper, fixed }: MappingProblem): number[] {
  const logs = upper.map((): [sum: number, count: number] => [0, 0]);
  for (const { layer, sides } of kernels) {
    for (const [group, share] of sides.at(-1)!) {
      logs[group]![0] += (share * Math.log(density(layer))) / sides.length;
      logs[group]![1] += share;
    }
  }
  return upper.map((most, group) => (fixed[group] || logs[group]![1] === 0 ? 1 : Math.min(most, Math.exp(logs[group]![0] / logs[group]![1]))));
}

/**
 * Minimises `½ xᵀHx − rᵀx` under `x ≤ bound` by an active set (Lawson and Hanson's scheme for `bound − x ≥ 0`); H is positive definite.
 */
function boundedQuadratic(h: readonly (readonly number[])[], r: readonly number[], bound: readonly number[]): number[] {
  const n = r.length;
  const x = [...bound];
  const loose = new Set<number>();
  /** Downhill along −x_i at the bound. */
  const pull = (i: number) => h[i]!.reduce((sum, value, j) => sum + value * x[j]!, -r[i]!);
  for (let round = 0; round < 10 * n + 10; round++) {
    let next = -1;
    let strongest = 1e-12;
    for (let i = 0; i < n; i++) {
      if (loose.has(i)) continue;
      const value = pull(i);
      if (value > strongest) [next, strongest] = [i, value];
    }
    if (next < 0) break;
    loose.add(next);
    for (;;) {
      const set = [...loose].toSorted((a, b) => a - b);
      const solved = solve(set.map((i) => set.map((j) => h[i]![j]!)), set.map((i) => h[i]!.reduce((sum, value, j) => (loose.has(j) ? sum : sum - value * x[j]!), r[i]!)));
      const crossing = set.map((i, k) => (solved[k]! > bound[i]! ? (bound[i]! - x[i]!) / (solved[k]! - x[i]!) : 1));
      const step = Math.min(1, ...crossing);
      for (const [k, i] of set.entries()) x[i]! += step * (solved[k]! - x[i]!);
      if (step >= 1) break;
      for (const [k, i] of set.entries()) {
        if (crossing[k]! > step) continue;
        x[i] = bound[i]!;
        loose.delete(i);
      }
      if (loose.size === 0) break;
    }
  }
  return x;
}

/** Gaussian elimination with pivoting. */
function solve(matrix: number[][], right: number[]): number[] {
  const n = right.length;
  const a = matrix.map((row, i) => [...row, right[i]!]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) if (Math.abs(a[row]![column]!) > Math.abs(a[pivot]![column]!)) pivot = row;
    [a[column], a[pivot]] = [a[pivot]!, a[column]!];
    for (let row = column + 1; row < n; row++) {
      const factor = a[row]![column]! / a[column]![column]!;
      for (let k = column; k <= n; k++) a[row]![k]! -= factor * a[column]![k]!;
    }
  }
  const x = Array.from<number>({ length: n });
  for (let row = n - 1; row >= 0; row--) {
    let value = a[row]![n]!;
    for (let k = row + 1; k < n; k++) value -= a[row]![k]! * x[k]!;
    x[row] = value / a[row]![row]!;
  }
  return x;
}
