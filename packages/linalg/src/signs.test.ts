import { describe, expect, it } from "vitest";
import { columnSigns } from "./signs.js";

describe("columnSigns", () => {
  it("is the sign of the largest entry of each column, of the first one on ties, and 1 for a zero column", () => {
    // columns (1, -3, 2), (-2, 2, 0), (2, -2, 1), (0, 0, 0)
    expect([...columnSigns([1, -2, 2, 0, -3, 2, -2, 0, 2, 0, 1, 0], 3, 4)]).toEqual([-1, -1, 1, 1]);
  });
});
