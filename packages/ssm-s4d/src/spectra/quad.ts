/** S4D-Quad, an ablation: Im A_m = (1 + 2m)² / π. Gu et al. 2022 (arXiv:2206.11893). */
export const quad = (m: number): number => (1 + 2 * m) ** 2 / Math.PI;
