/** S4D-Real: −Re A_m = m + 1, Im A = 0; what Mamba starts from. Gu et al. 2022 (arXiv:2206.11893). */
export const real = (m: number): number => m + 1;
