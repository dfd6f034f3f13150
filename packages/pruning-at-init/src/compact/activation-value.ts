// Activations of a single number, for channels that are constant.

const functions: Readonly<Record<string, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  elu: (x) => (x >= 0 ? x : Math.expm1(x)),
  selu: (x) => 1.0507009873554805 * (x >= 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  hardSigmoid: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
  softplus: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
  softsign: (x) => x / (1 + Math.abs(x)),
  tanh: Math.tanh,
  swish: (x) => x / (1 + Math.exp(-x)),
};

/** Zero at zero; elsewhere their value is not needed often enough to be here. */
const zeroAtZero = ["gelu", "gelu_new", "mish"];

/** The activation that a configuration names, of one number; NaN where it is not known. */
export function activationValue(name: unknown, x: number): number {
  const known = functions[String(name ?? "linear")];
  if (known !== undefined) return known(x);
  return x === 0 && zeroAtZero.includes(String(name)) ? 0 : NaN;
}

/** Whether an activation takes all channels together, so that none can go without a trace. */
export const mixesChannels = (name: unknown): boolean => name === "softmax" || name === "logSoftmax";
