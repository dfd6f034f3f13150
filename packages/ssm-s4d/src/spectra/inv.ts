/** S4D-Inv: Im A_m = (N/π)(N/(2m+1) − 1), where N is the whole state size, not the number of pairs. Gu et al. 2022 (arXiv:2206.11893), §4. */
export const inv = (m: number, dState: number): number => (dState / Math.PI) * (dState / (2 * m + 1) - 1);
