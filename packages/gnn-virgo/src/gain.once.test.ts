import { WarmstartError } from "@warmstart/init-core";
import { describe, expect, it } from "vitest";
import { activationGain } from "./index.js";

describe("activationGain", () => {
  it("is 1 / E act(z)²: by hand for linear, ReLU, leaky ReLU and exact GELU", () => {
    expect(activationGain("linear")).toBe(1);
    expect(activationGain("relu")).toBe(2);
    expect(activationGain("leakyRelu")).toBeCloseTo(2 / (1 + 0.2 ** 2), 12);
    expect(activationGain("leaky_relu", 0.01)).toBeCloseTo(2 / (1 + 0.01 ** 2), 12);
    expect(activationGain("gelu")).toBeCloseTo(2.351715614073372, 12);
  });

  it("is by quadrature for the others, within 1e-6 of the reference", () => {
    for (const [name, gain] of [["silu", 2.810761124074471], ["swish", 2.810761124074471], ["tanh", 2.536175433217453], ["elu", 1.5505188080679269]] as const) expect(Math.abs(activationGain(name) / gain - 1)).toBeLessThan(1e-6);
    expect(activationGain("selu")).toBeCloseTo(1, 6); // selu is made to keep a unit normal
    for (const name of ["mish", "sigmoid", "softplus", "softsign"] as const) expect(activationGain(name)).toBeGreaterThan(1);
  });

  it("takes a function, and a gain as it is", () => {
    expect(activationGain((x) => Math.max(x, 0))).toBeCloseTo(2, 6);
    expect(activationGain((x) => 3 * x)).toBeCloseTo(1 / 9, 6);
    expect(activationGain(1.7)).toBe(1.7);
  });

  it("refuses what has none", () => {
    for (const [attempt, message] of [
      [() => activationGain("swoosh" as never), /no gain is known for "swoosh"\. Known: linear, relu, gelu, leakyRelu, elu/],
      [() => activationGain("toString" as never), /no gain is known/],
      [() => activationGain(-1), /must be a positive number, got -1/],
      [() => activationGain(Infinity), /got Infinity/],
      [() => activationGain(() => 0), /E f\(z\)² = 0/],
    ] as const) {
      expect(attempt).toThrow(WarmstartError);
      expect(attempt).toThrow(message);
    }
  });
});
