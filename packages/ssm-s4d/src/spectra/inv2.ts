/** S4D-Inv2, an ablation: Im A_m = (N/π)(N/(m+1) − 1), N the whole state size. Gu et al. 2022 (arXiv:2206.11893). */
export const inv2 = (m: number, dState: number): number => (dState / Math.PI) * (dState / (m + 1) - 1);
