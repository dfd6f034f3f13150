import { describe, expect, it } from "vitest";
import { namesAmong, UsageError, wholeNumber } from "./options.js";

describe("options", () => {
  it("are whole numbers of at least 1, or an error that says so", () => {
    expect(wholeNumber("seeds", "3")).toBe(3);
    for (const text of ["0", "-1", "2.5", "many", ""]) expect(() => wholeNumber("seeds", text)).toThrow(new UsageError(`compare: --seeds is a whole number of at least 1; got ${text}`));
  });

  it("are known names, once each and in the known order", () => {
    expect(namesAmong("part", ["layers", "masks", "layers"], ["masks", "structured", "layers"])).toEqual(["masks", "layers"]);
    expect(() => namesAmong("part", ["masks", "half"], ["masks", "layers"])).toThrow(new UsageError("compare: --part is masks or layers; got half"));
  });
});
