import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluate, expressions, toTsv } from "./listops.js";
import { accuracyOn, buildListOps, generated, mostFrequent, secondsPerStep, trainListOps, type Size } from "./long-range.js";
import { byteVocabulary, listOpsSequence, listOpsVocabulary, lraImage, readAan, readImdb, readListOps, readPathfinder, sequentialCifar } from "./lra.js";

const folder = mkdtempSync(join(tmpdir(), "lra-"));
const file = (name: string, text: string | Uint8Array) => {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("evaluate", () => {
  it.each([
    ["( ( ( ( [MAX 2 ) 9 ) 4 ) ] )", 9],
    ["[MIN 5 3 8 ]", 3],
    ["[SM 7 8 9 ]", 4],
    ["[MED 1 9 2 ]", 2],
    ["[MED 4 1 8 5 ]", 4],
    ["[MAX 4 [MIN 2 3 ] 1 [MED 0 6 9 ] ]", 6],
    ["7", 7],
  ])("finds the value of %s", (source, value) => expect(evaluate(source)).toBe(value));

  it.each([
    ["[AVG 1 2 ]", "not \"[AVG\""],
    ["[MAX 1 2", "1 open brackets"],
    ["1 ]", "closes what was not open"],
    ["[MAX ]", "is empty"],
    ["1 2", "one value was expected"],
    ["( )", "no value"],
  ])("refuses %s", (source, message) => expect(() => evaluate(source)).toThrow(message));
});

describe("expressions", () => {
  const symbols = (source: string) => source.split(" ").filter((token) => !"()".includes(token));
  const some = (count: number, seed: number, options = {}) => {
    const source = expressions({ seed, ...options });
    return Array.from({ length: count }, () => source.next().value);
  };

  it("have the arena's lengths, depths and arguments, all four operators, and their own values", () => {
    const drawn = some(30, 1);
    for (const { source, target } of drawn) {
      expect(evaluate(source)).toBe(target);
      const tokens = symbols(source);
      expect(tokens.length).toBeGreaterThan(500);
      expect(tokens.length).toBeLessThan(2000);
      const open: number[] = [];
      for (const token of tokens) {
        if (token === "]") expect(open.pop()).toBeLessThanOrEqual(10);
        else {
          if (open.length > 0) open[open.length - 1]!++;
          if (token.startsWith("[")) open.push(0);
        }
        expect(open.length).toBeLessThan(10); // the tenth level is digits
      }
    }
    for (const operator of ["[MIN", "[MAX", "[MED", "[SM"]) expect(drawn.some(({ source }) => source.includes(operator))).toBe(true);
    expect(new Set(drawn.map(({ target }) => target)).size).toBeGreaterThan(5);
  });

  it("are different, the same for a seed, and others for another", () => {
    const short = { minLength: 2, maxLength: 12, maxDepth: 3, maxArgs: 3 };
    const drawn = some(300, 1, short).map(({ source }) => source);
    expect(new Set(drawn).size).toBe(300);
    expect(some(300, 1, short).map(({ source }) => source)).toEqual(drawn);
    expect(some(300, 2, short).map(({ source }) => source)).not.toEqual(drawn);
  });

  it("are written as in the arena's files, and read back", () => {
    const rows = [{ source: "( ( ( [MAX 4 ) 3 ) ] )", target: 4 }, ...some(3, 5)];
    const path = file("basic_train.tsv", toTsv(rows));
    const read = readListOps(path);
    expect(read.map(({ label }) => label)).toEqual(rows.map(({ target }) => target));
    expect([...read[0]!.tokens]).toEqual([2, 10, 9, 5, 16]);
    expect(read[1]!.tokens.length).toBe(Math.min(2048, symbols(rows[1]!.source).length + 1));
  });
});

describe("the arena's files", () => {
  it("ListOps: are cut to a length, and refused where they are no such files", () => {
    expect([...listOpsSequence("( ( [SM 1 ) 2 ) ]", 3)]).toEqual([4, 7, 16]);
    expect(Math.max(...listOpsSequence("[SM 9 ]"))).toBe(listOpsVocabulary - 1);
    expect(() => listOpsSequence("[SUM 1 ]")).toThrow("not \"[SUM\"");
    expect(() => readListOps(file("a.tsv", "x\ty\n"))).toThrow("the header");
    expect(() => readListOps(file("b.tsv", "Source\tTarget\n[SM 1 ]\n"))).toThrow("line 2 must have 2 fields between tabs, has 1");
    expect(() => readListOps(file("c.tsv", "Source\tTarget\n[SM 1 ]\t12\n"))).toThrow("a label from 0 to 9, has \"12\"");
  });

  it("IMDB: reviews are bytes and an ending, by class", () => {
    file("imdb/neg/0_2.txt", "no");
    file("imdb/pos/1_9.txt", "é!");
    file("imdb/pos/0_10.txt", "yes, yes");
    file("imdb/pos/urls.html", "");
    const read = readImdb(join(folder, "imdb"), 5);
    expect(read.map(({ tokens, label }) => [label, ...tokens])).toEqual([
      [0, 111, 112, 255],
      [1, 122, 102, 116, 45, 255],
      [1, 196, 170, 34, 255],
    ]);
    expect(byteVocabulary).toBe(256);
  });

  it("AAN: pairs of texts with a label", () => {
    const [first, second] = readAan(file("new_aan_pairs.test.tsv", '1.0\tA00\tB11\tab\t"say ""c"""\n0\tA\tB\tx\ty\n'), 9);
    expect([first!.label, second!.label]).toEqual([1, 0]);
    expect(first!.tokens.map((tokens) => [...tokens])).toEqual([[98, 99, 255], [..."say \"c\""].map((c) => c.charCodeAt(0) + 1).concat(255)]);
    expect(() => readAan(file("d.tsv", "1\tA\tB\ttext\n"))).toThrow("line 1 must have 5 fields");
  });

  it("Pathfinder: grey images that text files name, without the damaged one", () => {
    const png = (pixels: number[]) => {
      const image = new PNG({ width: 2, height: 2 });
      image.data = Buffer.from(pixels.flatMap((pixel) => [pixel, pixel, pixel, 255]));
      return PNG.sync.write(image, { colorType: 0 });
    };
    file("curv_baseline/imgs/0/sample_0.png", png([0, 255, 51, 204]));
    file("curv_baseline/imgs/10/sample_1.png", png([255, 255, 255, 255]));
    file("curv_baseline/imgs/0/sample_172.png", "");
    file("curv_baseline/metadata/10.npy", "imgs/10 sample_1.png 1 0 2 3\n");
    file("curv_baseline/metadata/2.npy", "imgs/0 sample_0.png 0 1 2 3\nimgs/0 sample_172.png 172 1 2 3\n");
    const { values, labels, length, channels } = readPathfinder(join(folder, "curv_baseline"));
    expect([...values].map((value) => Number(value.toFixed(4)))).toEqual([-1, 1, -0.6, 0.6, 1, 1, 1, 1]);
    expect([[...labels], length, channels]).toEqual([[1, 0], 4, 1]);
  });

  it("CIFAR-10: in colour and in grey, standardized", () => {
    const images = { images: Uint8Array.of(0, 0, 0, 255, 255, 255, 255, 0, 0, 10, 20, 30), labels: Uint8Array.of(3), shape: [2, 2, 3] as const, count: 1 };
    const colour = sequentialCifar(images);
    expect([colour.length, colour.channels, [...colour.labels]]).toEqual([4, 3, [3]]);
    expect(colour.values[0]).toBeCloseTo(-0.4914 / 0.2023, 5);
    expect(colour.values[5]).toBeCloseTo((1 - 0.4465) / 0.201, 5);
    const grey = lraImage(images);
    expect([grey.length, grey.channels]).toEqual([4, 1]);
    expect([...grey.values].map((value) => Math.round(value * 61 + 122.6))).toEqual([0, 255, 76, 18]);
  });
});

describe("training on ListOps", () => {
  const tiny: Size = { features: 8, layers: 1, dState: 4, batch: 8, steps: 25, learningRate: 0.02, length: 32 };
  const data = generated(60, { maxDepth: 3, maxArgs: 3, minLength: 3, maxLength: 20, seed: 1 }, tiny.length);

  it("lowers the loss, does not mind padding, and frees everything", async () => {
    await expectTensorGrowth(0, async () => {
      const model = buildListOps(tiny, 1);
      const before = await accuracyOn(model, data, 60);
      expect(await accuracyOn(model, data, 1)).toBeCloseTo(before, 6);
      const losses: number[] = [];
      expect(await trainListOps(model, data, tiny, 1, (_, loss) => losses.push(loss))).toHaveLength(25);
      const mean = (numbers: number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
      expect(mean(losses.slice(-8))).toBeLessThan(mean(losses.slice(0, 8)));
      disposeModel(model);
      expect(await secondsPerStep(tiny, 1, 1)).toBeGreaterThan(0);
    });
  });

  it("is judged against the most frequent value", () => {
    expect(mostFrequent([3, 3, 1].map((label) => ({ tokens: new Uint8Array(1), label })))).toBeCloseTo(2 / 3);
  });
});
