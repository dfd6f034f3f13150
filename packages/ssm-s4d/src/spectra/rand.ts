/** S4D-Rand: Im A = e^ξ with ξ ~ N(0, 1), as `init="rand"` of the authors' code. */
export const rand = (xi: number): number => Math.exp(xi);
