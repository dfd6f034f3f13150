import "@tensorflow/tfjs";
import fc from "fast-check";
import { WarmstartError, type Role } from "@warmstart/init-core";
import { describe, expect, it } from "vitest";
import { erkDensities, smartRatioDensities } from "../index.js";

const kernel = (shape: number[], role: Role = "kernel") => ({ shape, role });
const small = [kernel([3, 3, 3, 16]), kernel([3, 3, 16, 32]), kernel([3, 3, 32, 64]), kernel([64, 10])];
const size = ({ shape }: { shape: readonly number[] }) => shape.reduce((all, axis) => all * axis, 1);
const total = (kernels: readonly { shape: readonly number[] }[], densities: readonly number[]) => kernels.reduce((sum, each, i) => sum + densities[i]! * size(each), 0);
const codeOf = (f: () => unknown) => {
  try {
    f();
    return "none";
  } catch (error) {
    return WarmstartError.isInstance(error) ? error.code : "another";
  }
};

describe("erkDensities", () => {
  it("gives the published numbers on a small convolution network", () => {
    for (const [density, expected] of [[0.1, [0.566298, 0.114675, 0.054152, 1]], [0.3, [1, 0.462861, 0.218573, 1]]] as const) {
      erkDensities(small, density).forEach((own, i) => expect(own).toBeCloseTo(expected[i]!, 5));
    }
  });

  it("spends exactly the budget, with densities in (0, 1], whatever the shapes; all ones at density 1", () => {
    const shapes = fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 64 }), fc.boolean()), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(shapes, fc.double({ min: 0.01, max: 1, noNaN: true }), fc.constantFrom("erk" as const, "er" as const, "uniform" as const), (list, density, mode) => {
        const kernels = list.map(([a, b, conv]) => kernel(conv ? [3, 3, a, b] : [a, b]));
        const densities = erkDensities(kernels, density, mode);
        expect(densities.every((own) => own > 0 && own <= 1 + 1e-12)).toBe(true);
        const all = kernels.reduce((sum, each) => sum + size(each), 0);
        expect(Math.abs(total(kernels, densities) - density * all)).toBeLessThan(1e-9 * all);
      }),
      { seed: 2, numRuns: 200 },
    );
    expect(erkDensities(small, 1)).toEqual([1, 1, 1, 1]);
  });

  it("counts a depthwise kernel as [in · multiplier, 1], as torch has it", () => {
    const [depth] = erkDensities([kernel([3, 3, 8, 2], "depthwise-kernel"), kernel([1000, 1000])], 0.01);
    const [same] = erkDensities([kernel([3, 3, 16, 1]), kernel([1000, 1000])], 0.01);
    expect(depth).toBeCloseTo(same!, 12);
  });

  it("refuses a density that its fixed layers use up, and modes that do not exist", () => {
    expect(codeOf(() => erkDensities([kernel([3, 3, 3, 64]), kernel([10, 10]), kernel([100, 100])], 0.1, "uniformPlus"))).toBe("INVALID_OPTION");
    expect(codeOf(() => erkDensities(small, 0.1, "best" as never))).toBe("INVALID_OPTION");
    expect(codeOf(() => erkDensities(small, 0))).toBe("INVALID_OPTION");
  });
});

describe("smartRatioDensities", () => {
  it("falls with depth, keeps fcKeep of the last dense layer, and spends the budget up to one weight", () => {
    const densities = smartRatioDensities(small, 0.1);
    expect(densities[0]).toBeGreaterThan(densities[1]!);
    expect(densities[1]).toBeGreaterThan(densities[2]!);
    expect(densities[3]).toBe(0.3);
    expect(Math.abs(total(small, densities) - 2411)).toBeLessThan(1e-6);
    expect(codeOf(() => smartRatioDensities([kernel([3, 3, 1, 4]), kernel([1000, 10])], 0.1))).toBe("INVALID_OPTION");
  });
});
