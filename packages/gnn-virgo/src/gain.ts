// By what a variance must grow so that the signal keeps its mean square through the activation behind it.
import { calculateGain, WarmstartError } from "@warmstart/init-core";

/** Activations whose gain is known, in tfjs' spelling or torch's. */
export type ActivationName = "linear" | "relu" | "leakyRelu" | "leaky_relu" | "elu" | "selu" | "gelu" | "silu" | "swish" | "mish" | "tanh" | "sigmoid" | "softplus" | "softsign";

/** An activation by name, as a function of a number, or the gain itself. */
export type Gain = number | ActivationName | ((x: number) => number);

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const exact: Readonly<Record<string, number>> = { linear: 1, relu: 2, gelu: 1 / (1 / 3 + 1 / (2 * Math.PI * Math.sqrt(3))) };

const functions: Readonly<Record<string, (x: number) => number>> = {
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  silu: (x) => x * sigmoid(x),
  swish: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  tanh: Math.tanh,
  sigmoid,
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
};

/** Whether `activationGain` knows the name. */
export const isActivationName = (name: string): name is ActivationName => [exact, functions].some((known) => Object.hasOwn(known, name)) || name === "leakyRelu" || name === "leaky_relu";

/**
 * γ = 1 / E act(z)², z standard normal: 1 for linear, 2 for ReLU, 2 / (1 + slope²) for leaky ReLU, by quadrature otherwise (tanh
 * 2.536, exact GELU 2.352, SiLU 2.811). Virgo's variances carry it as a factor. It is the square of init-core's `calculateGain`,
 * but for tanh, selu and sigmoid, where that has torch's customs.
 *
 * @param activation a name, the function itself, or a number, which is γ.
 * @param slope of the negative half of leakyRelu. Default 0.2, as tfjs has it.
 * @throws {WarmstartError} INVALID_OPTION for an unknown name, a γ that is not positive, or a function with E act(z)² of 0.
 *
 * @example
 * activationGain("relu");                  // 2
 * activationGain((x) => Math.max(x, 0) ** 2);
 */
export function activationGain(activation: Gain, slope = 0.2): number {
  if (typeof activation === "function") return calculateGain(activation) ** 2;
  if (typeof activation === "number") {
    if (activation > 0 && Number.isFinite(activation)) return activation;
    throw new WarmstartError("INVALID_OPTION", `activationGain: the gain must be a positive number, got ${activation}. It is 1 / E act(z)²: 2 for ReLU, 1 for a linear layer.`, { gain: activation });
  }
  if (activation === "leakyRelu" || activation === "leaky_relu") return calculateGain("leakyRelu", slope) ** 2;
  if (Object.hasOwn(exact, activation)) return exact[activation]!;
  if (Object.hasOwn(functions, activation)) return calculateGain(functions[activation]!) ** 2;
  throw new WarmstartError("INVALID_OPTION", `activationGain: no gain is known for ${JSON.stringify(activation)}. Known: ${[...Object.keys(exact), "leakyRelu", ...Object.keys(functions)].join(", ")}; for another activation pass the function itself.`, { activation });
}
