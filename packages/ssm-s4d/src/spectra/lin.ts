/** S4D-Lin: Im A_m = π m. Gu et al. 2022 (arXiv:2206.11893), §4. */
export const lin = (m: number): number => Math.PI * m;
