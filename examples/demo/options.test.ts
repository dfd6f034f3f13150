import { describe, expect, it } from "vitest";
import { parseOptions, protocolFor } from "./options.js";
import { short, standard } from "./protocol.js";

const protocol = (args: string, backend = "wasm") => protocolFor(parseOptions(args.split(" ").filter(Boolean)), backend);

describe("protocolFor", () => {
  it("takes one seed on WebAssembly and three on the native backend", () => {
    expect(protocol("")).toEqual(standard);
    expect(protocol("", "tensorflow").seeds).toEqual([1, 2, 3]);
    expect(protocol("--seeds 2").seeds).toEqual([1, 2]);
    expect(protocol("--seeds 5 --steps 7", "tensorflow")).toMatchObject({ seeds: [1, 2, 3, 4, 5], steps: 7 });
  });

  it("is short on request, with one seed everywhere", () => {
    expect(protocol("--short", "tensorflow")).toEqual(short);
  });
});

describe("parseOptions", () => {
  it("refuses what it does not know, and shows the usage", () => {
    expect(() => parseOptions(["--backend", "cuda"])).toThrow(/--backend is "wasm" or "tensorflow", not "cuda"\nUsage: npm run demo/);
    expect(() => parseOptions(["--seeds", "0"])).toThrow('--seeds is a whole number of at least 1, not "0"');
    expect(() => parseOptions(["--steps", "many"])).toThrow('--steps is a whole number of at least 1, not "many"');
    expect(() => parseOptions(["--sedes", "2"])).toThrow(/--sedes/);
  });
});
