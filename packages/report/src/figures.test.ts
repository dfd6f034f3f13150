import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalPadding, formatCell, formatNumber } from "./figures.js";

describe("formatCell", () => {
  it("writes four significant digits, whole numbers in full, powers of ten at the ends", () => {
    expect([0.00123456, 12.3456, 123456.7, 0.1, 7, 6144, 184320, -2.5, 0].map(formatCell)).toEqual(["0.001235", "12.35", "123\u202f500", "0.1", "7", "6144", "184\u202f320", "−2.5", "0"]);
    expect([0.0000125, 1e-9, -3.2e-7, 1.5e12 + 0.5, Infinity, NaN].map(formatCell)).toEqual(["1.25×10⁻⁵", "10⁻⁹", "−3.2×10⁻⁷", "1.5×10¹²", "∞", "NaN"]);
  });

  it("writes words for what is no number", () => {
    expect([null, true, false, "eva"].map(formatCell)).toEqual(["–", "yes", "no", "eva"]);
  });
});

describe("formatNumber", () => {
  it("is off by less than half a unit of the last of its digits, whatever the number", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-30, max: 1e30, noNaN: true }), fc.boolean(), (size, negative) => {
        const value = negative ? -size : size;
        const text = formatNumber(value, 4).replace("−", "-").replaceAll("\u202f", "");
        const [mantissa, power] = text.split(/×?10(?=[⁻⁰¹²³⁴⁵⁶⁷⁸⁹])/) as [string, string | undefined];
        const exponent = Number(Array.from(power ?? "0", (digit) => (digit === "⁻" ? "-" : String(Math.max(0, "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(digit))))).join(""));
        const read = power === undefined ? Number(mantissa) : Number(`${mantissa === "" || mantissa === "-" ? `${mantissa}1` : mantissa}e${exponent}`);
        expect(Math.abs(read / value - 1)).toBeLessThanOrEqual(5.01e-4);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});

describe("decimalPadding", () => {
  it("brings decimal points below each other, words and powers left alone", () => {
    expect(decimalPadding(["12", "0.25", "3.1", "–", "10⁻⁵", "1\u202f000.125"])).toEqual([".000", "0", "00", "", "", ""]);
    expect(decimalPadding(["3", "12"])).toEqual(["", ""]);
  });
});
