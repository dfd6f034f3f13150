import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { belongsTo, findCases } from "./cases.js";

const reference = {
  operation: "toy/double",
  source: "arithmetic",
  note: "Doubling.",
  layout: "flat",
  options: { rank: null, mode: "NaN" },
  inputs: { x: { shape: [2], dtype: "float32", data: [1, "-Infinity"] } },
  expected: { y: { shape: [2], dtype: "float32", data: [2, "-Infinity"] }, total: "NaN", label: { shape: [1], dtype: "string", data: ["NaN"] } },
  compare: { y: "close", total: "close", label: "exact" },
  tolerance: { absolute: 1e-6, relative: 0 },
};

let folder: string;
const write = (name: string, content: unknown) => writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cases-"));
  mkdirSync(join(folder, "toy", "attached"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("findCases", () => {
  it("finds cases at any depth, in order, and passes over attachments", () => {
    write("toy/b.json", reference);
    write("toy/a.json", reference);
    write("toy/attached/config.json", { rank: 4 });
    write("toy/attached/list.json", [1]);
    write("toy/notes.txt", "{");
    expect(findCases([folder]).map(({ name }) => name)).toEqual(["toy/a", "toy/b"]);
  });

  it("reads non-finite numbers, leaves strings in tensors of strings, and drops options that are null", () => {
    write("toy/a.json", reference);
    const [found] = findCases([folder]);
    expect(found!.inputs.x!.data).toEqual([1, -Infinity]);
    expect(found!.expected).toEqual({ y: { shape: [2], data: [2, -Infinity] }, total: NaN, label: { shape: [1], data: ["NaN"] } });
    expect(found!.options).toEqual({ mode: "NaN" });
    expect(found!.folder).toBe(join(folder, "toy"));
  });

  it("refuses a missing folder, broken JSON, and an expected name that nothing compares", () => {
    expect(() => findCases([join(folder, "nowhere")])).toThrow("there is no folder");
    write("toy/a.json", "{");
    expect(() => findCases([folder])).toThrow("is no JSON");
    write("toy/a.json", { ...reference, compare: { y: "close" } });
    expect(() => findCases([folder])).toThrow('expects "total"');
  });
});

describe("belongsTo", () => {
  it("chooses by operation, by family and by folder", () => {
    write("toy/a.json", reference);
    write("toy/b.json", { ...reference, operation: "other/halve" });
    const cases = findCases([folder]);
    const names = (only: string) => cases.filter(belongsTo(only)).map(({ name }) => name);
    expect(names("toy/double")).toEqual(["toy/a"]);
    expect(names("other")).toEqual(["toy/b"]);
    expect(names("toy")).toEqual(["toy/a", "toy/b"]);
    expect(names("toy/halve")).toEqual([]);
  });
});
