import { describe, expect, it } from "vitest";
import { LinalgError } from "./errors.js";

describe("LinalgError", () => {
  it("carries code, details and the marker by which all @warmstart errors are known", () => {
    const error = new LinalgError("NOT_FINITE", "f: `a` contains NaN", { shape: [2, 2] });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "LinalgError", code: "NOT_FINITE", details: { shape: [2, 2] }, message: "f: `a` contains NaN" });
    expect(Symbol.for("@warmstart/error") in error).toBe(true);
  });
});
