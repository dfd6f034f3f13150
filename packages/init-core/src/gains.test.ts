import "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { WarmstartError } from "./errors.js";
import { calculateGain, type Nonlinearity } from "./gains.js";

const message = (f: () => unknown) => {
  try {
    f();
  } catch (error) {
    if (WarmstartError.isInstance(error, "INVALID_OPTION")) return error.message;
  }
  return "no error";
};

describe("calculateGain", () => {
  it("gives torch's values by name, in either spelling", () => {
    // torch.nn.init.calculate_gain of torch 2: linear 1, sigmoid 1, tanh 5/3, relu √2, leaky_relu √(2/(1 + slope²)), selu 3/4.
    const expected: [Nonlinearity, number][] = [["linear", 1], ["identity", 1], ["sigmoid", 1], ["tanh", 5 / 3], ["relu", Math.sqrt(2)], ["leakyRelu", 1.4141428569978354], ["leaky_relu", 1.4141428569978354], ["selu", 0.75]];
    for (const [name, gain] of expected) expect(calculateGain(name), name).toBeCloseTo(gain, 12);
    expect(calculateGain("leakyRelu", Math.sqrt(5))).toBeCloseTo(Math.sqrt(1 / 3), 12); // Kaiming's a = √5, as in torch's Linear
  });

  it("integrates a function: relu, leaky relu and the identity come out as in closed form", () => {
    expect(calculateGain((x) => x)).toBeCloseTo(1, 6);
    expect(calculateGain((x) => Math.max(0, x))).toBeCloseTo(Math.SQRT2, 4);
    expect(calculateGain((x) => (x > 0 ? x : 0.3 * x))).toBeCloseTo(calculateGain("leakyRelu", 0.3), 4);
    expect(calculateGain((x) => Math.sign(x))).toBeCloseTo(1, 3);
    expect(calculateGain(Math.tanh)).toBeCloseTo(1.5925, 3); // 1 / sqrt(0.3943)
    const [alpha, scale] = [1.6732632423543772, 1.0507009873554805];
    expect(calculateGain((x) => scale * (x > 0 ? x : alpha * Math.expm1(x)))).toBeCloseTo(1, 4); // self-normalizing
    expect(calculateGain((x) => x / (1 + Math.exp(-x)))).toBeCloseTo(1.677, 3); // the doc comment's
  });

  it("refuses names it does not know and functions that kill or blow up every signal", () => {
    expect(message(() => calculateGain("gelu" as Nonlinearity))).toContain('no gain is known for "gelu". Known: linear, identity');
    expect(message(() => calculateGain("toString" as Nonlinearity))).toContain("no gain is known");
    expect(message(() => calculateGain(() => 0))).toContain("E f(z)² = 0");
    expect(message(() => calculateGain((x) => 1 / x))).toContain("Infinity");
    expect(message(() => calculateGain("leakyRelu", NaN))).toContain("slope must be a finite number");
  });
});
