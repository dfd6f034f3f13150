import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReport, type Cell } from "./report.js";

const report = createReport({
  title: "Two starts",
  facts: { seed: 1, "trainable parameters": 6144, frozen: true, sd: null },
  tables: [{ title: "Loss", columns: ["start", "final", "condition"], rows: [["default", 3.42134, 12], ["EVA", 3.3, "singular"], ["a|b", 12, 1.5]] }],
  notes: ["Four\nseeds."],
});

describe("createReport", () => {
  it("writes a text table with decimal points below each other", () => {
    expect(report.toString().split("\n")).toEqual([
      "Two starts",
      "  seed:                 1",
      "  trainable parameters: 6144",
      "  frozen:               yes",
      "  sd:                   –",
      "",
      "Loss",
      "  start     final  condition",
      "  default   3.421       12",
      "  EVA       3.3     singular",
      "  a|b      12            1.5",
      "",
      "  note: Four\nseeds.".split("\n")[0],
      "seeds.",
    ]);
  });

  it("writes the very small and large with exponents, whole numbers in full", () => {
    const text = createReport({ title: "t", facts: { a: 0.0000123456, b: 1234567.8, c: -0.0001, d: 3214592, e: 0.00123456, f: Infinity, g: NaN } }).toString();
    expect(text.split("\n").slice(1).map((line) => line.trim().slice(3))).toEqual(["1.235e-5", "1.235e+6", "-1e-4", "3214592", "0.001235", "Infinity", "NaN"]);
  });

  it("writes Markdown that one cell cannot break", () => {
    expect(report.toMarkdown()).toBe(
      ["## Two starts", "", "- seed: 1", "- trainable parameters: 6144", "- frozen: yes", "- sd: –", "", "### Loss", "", "| start | final | condition |", "| --- | ---: | ---: |", "| default | 3.421 | 12 |", "| EVA | 3.3 | singular |", "| a\\|b | 12 | 1.5 |", "", "> Four seeds."].join("\n"),
    );
  });

  it("keeps rows and columns of any table in Markdown, whatever the cells", () => {
    const cell = fc.oneof(fc.string({ unit: "grapheme-ascii", maxLength: 8 }), fc.constantFrom("a|b", "\\", "x\ny", "<b>"), fc.double(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }).chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 4 })), (rows: Cell[][]) => {
        const width = rows[0]!.length;
        const lines = createReport({ title: "t", tables: [{ title: "t", columns: Array.from({ length: width }, (_, i) => `c${i}`), rows }] }).toMarkdown().split("\n").slice(4);
        expect(lines.length).toBe(rows.length + 2);
        for (const line of lines) expect(line.replaceAll(/\\./g, "").split("|").length).toBe(width + 2);
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  it("is its data again after JSON", () => {
    const data = JSON.parse(JSON.stringify(report)) as typeof report;
    expect(data).toEqual(report.toJSON());
    expect(createReport(data).toString()).toBe(report.toString());
  });

  it("fills in what is left out", () => {
    expect(createReport({ title: "t" }).toJSON()).toEqual({ title: "t", facts: {}, tables: [], plots: [], notes: [] });
  });
});
