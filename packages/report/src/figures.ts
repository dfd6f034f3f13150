// Numbers as people read them: four significant digits, thousands apart, powers of ten for the very small and very large.
import type { Cell } from "@warmstart/init-core";

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const narrowSpace = "\u202f";

/** A cell as text: `null` a dash, booleans "yes" and "no", numbers with four significant digits (integers whole). */
export function formatCell(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return typeof cell === "number" ? formatNumber(cell, 4) : cell;
}

/** A number with at most `digits` significant digits, for readers. Whole numbers keep all of theirs. */
export function formatNumber(value: number, digits: number): string {
  if (Number.isNaN(value)) return "NaN";
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (size === Infinity) return `${sign}∞`;
  if (Number.isSafeInteger(size)) return sign + grouped(String(size));
  const rounded = Number(size.toPrecision(digits));
  if (rounded >= 1e-3 && rounded < 1e6) return sign + grouped(String(rounded));
  const [mantissa, exponent] = rounded.toExponential().split("e") as [string, string];
  return `${sign}${mantissa === "1" ? "" : `${mantissa}×`}${powerOfTen(Number(exponent))}`;
}

/** "10⁻⁴". */
export function powerOfTen(exponent: number): string {
  return `10${exponent < 0 ? "⁻" : ""}${Array.from(String(Math.abs(exponent)), (digit) => superscripts[Number(digit)]).join("")}`;
}

/** Thousands set apart, from five digits on. */
function grouped(text: string): string {
  const [whole, fraction] = text.split(".") as [string, string | undefined];
  const spaced = whole.length < 5 ? whole : whole.replaceAll(/\B(?=(\d{3})+$)/g, narrowSpace);
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** What is missing behind each text, so that decimal points stand below each other: ".00" behind "12" in a column with "0.25". */
export function decimalPadding(texts: readonly string[]): string[] {
  const longest = Math.max(0, ...texts.map((text) => fractionOf(text)?.length ?? 0));
  return texts.map((text) => {
    const own = fractionOf(text);
    return own === undefined || own.length >= longest ? "" : `${own === "" ? "." : ""}`.padEnd(longest - own.length, "0");
  });
}

/** ".25" of "0.25", "" of "12", undefined of what is not written in decimals. */
const fractionOf = (text: string): string | undefined => (/^−?[\d\u202f]+(\.\d+)?$/.test(text) ? (/\.\d+$/.exec(text)?.[0] ?? "") : undefined);
