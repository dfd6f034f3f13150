import { WarmstartError } from "./errors.js";

/** The nonlinearities of torch's `calculate_gain`, in tfjs' spelling or torch's. */
export type Nonlinearity = "linear" | "identity" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "leaky_relu" | "selu";

const fixed: Readonly<Record<string, number>> = { linear: 1, identity: 1, sigmoid: 1, tanh: 5 / 3, relu: Math.SQRT2, selu: 3 / 4 };

/**
 * By what a kernel's standard deviation must exceed 1/√fan so that the signal keeps its size through the nonlinearity that
 * follows: `std = gain / sqrt(fan)`, a variance scale of gain².
 *
 * By name the values are torch's `calculate_gain`, customs included: tanh has 5/3 (1.59 would keep a unit normal signal), selu
 * 3/4 (1 would), sigmoid 1. For any other nonlinearity pass the function: the gain is then 1 / sqrt(E f(z)²) for a standard
 * normal z, by quadrature.
 *
 * @param slope of the negative half of leakyRelu; default 0.01.
 * @throws {WarmstartError} INVALID_OPTION for an unknown name, or a function whose E f(z)² is 0 or not finite.
 *
 * @example
 * calculateGain("relu");                                          // 1.414
 * calculateGain((x) => x / (1 + Math.exp(-x)));                   // swish: 1.677
 */
export function calculateGain(nonlinearity: Nonlinearity | ((x: number) => number), slope = 0.01): number {
  if (typeof nonlinearity === "function") return gainOfFunction(nonlinearity);
  if (nonlinearity === "leakyRelu" || nonlinearity === "leaky_relu") {
    if (!Number.isFinite(slope)) throw new WarmstartError("INVALID_OPTION", `calculateGain: slope must be a finite number, got ${slope}.`, { slope });
    return Math.sqrt(2 / (1 + slope ** 2));
  }
  const gain = Object.hasOwn(fixed, nonlinearity) ? fixed[nonlinearity] : undefined;
  if (gain === undefined) {
    throw new WarmstartError("INVALID_OPTION", `calculateGain: no gain is known for "${nonlinearity}". Known: ${[...Object.keys(fixed), "leakyRelu"].join(", ")}; for another one pass the function itself.`, { nonlinearity });
  }
  return gain;
}

/** 1 / sqrt(E f(z)²), by the trapezoidal rule: exact to about 1e-4 also with a kink or a step anywhere. */
function gainOfFunction(f: (x: number) => number): number {
  const steps = 40_000;
  const bound = 10;
  const width = (2 * bound) / steps;
  let moment = 0;
  for (let i = 0; i <= steps; i++) {
    const z = -bound + i * width;
    moment += f(z) ** 2 * Math.exp((-z * z) / 2);
  }
  moment *= width / Math.sqrt(2 * Math.PI);
  if (!(moment > 0) || !Number.isFinite(moment)) throw new WarmstartError("INVALID_OPTION", `calculateGain: the function has E f(z)² = ${moment} for a standard normal z, so no gain keeps a signal through it.`, { moment });
  return 1 / Math.sqrt(moment);
}
