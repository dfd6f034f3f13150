import * as tf from "@tensorflow/tfjs";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readUserData, userProblem } from "./user-data.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const root = mkdtempSync(join(tmpdir(), "graphs-"));
afterAll(() => rmSync(root, { recursive: true }));

function folder(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true });
    writeFileSync(join(root, name, path), path.endsWith(".gz") ? gzipSync(text) : text);
  }
  return join(root, name);
}

// Ten papers in two rings of five.
const papers = Array.from({ length: 10 }, (_, i) => `p${i}\t${i < 5 ? "1\t0" : "0\t1"}\t${i < 5 ? "Theory" : "Practice"}`);
const planetoid = folder("cora", { "cora.content": papers.join("\n"), "cora.cites": papers.map((_, i) => `p${i}\tp${i < 5 ? (i + 1) % 5 : 5 + ((i + 1) % 5)}`).join("\n"), README: "unread" });
// Ten triangles and paths.
const triangles = Array.from({ length: 10 }, (_, i) => [[3 * i + 1, 3 * i + 2], [3 * i + 2, 3 * i + 3], ...(i % 2 === 0 ? [[3 * i + 3, 3 * i + 1]] : [])]).flat();
const tu = folder("SHAPES", {
  "SHAPES_A.txt": triangles.flatMap(([a, b]) => [`${a}, ${b}`, `${b}, ${a}`]).join("\n"),
  "SHAPES_graph_indicator.txt": Array.from({ length: 30 }, (_, i) => `${Math.floor(i / 3) + 1}`).join("\n"),
  "SHAPES_graph_labels.txt": Array.from({ length: 10 }, (_, i) => `${i % 2 === 0 ? 1 : -1}`).join("\n"),
  "README.txt": "unread",
});
const ogb = folder("arxiv", {
  "raw/edge.csv.gz": "0,1\n1,2\n2,3\n",
  "raw/num-node-list.csv.gz": "4\n",
  "raw/num-edge-list.csv.gz": "3\n",
  "raw/node-feat.csv.gz": "1,0\n1,0\n0,1\n0,1\n",
  "raw/node-label.csv.gz": "0\n0\n1\n1\n",
  "split/time/train.csv.gz": "0\n2\n",
  "split/time/valid.csv.gz": "1\n",
  "split/time/test.csv.gz": "3\n",
});

describe("readUserData", () => {
  it("reads Planetoid's text", () => {
    const data = readUserData(planetoid, false);
    expect(data).toMatchObject({ nodes: { title: "cora", numNodes: 10, classes: ["Practice", "Theory"], features: { width: 2 } } });
    expect("nodes" in data && data.nodes.src).toHaveLength(20);
  });

  it("reads TU's files, with a column for each degree where there are no features", () => {
    const data = readUserData(tu, false);
    expect(data).toMatchObject({ graphs: { numGraphs: 10, numNodes: 30, classes: ["-1", "1"], features: { width: 3 } } });
    expect("graphs" in data && [...data.graphs.features.values.subarray(0, 3), ...data.graphs.features.values.subarray(9, 12)]).toEqual([0, 0, 1, 0, 1, 0]);
  });

  it("reads OGB's compressed files and their split, edges both ways when asked", () => {
    const [data, both] = [readUserData(ogb, false), readUserData(ogb, true)];
    expect(data).toMatchObject({ nodes: { numNodes: 4, split: { train: Int32Array.of(0, 2), valid: Int32Array.of(1), test: Int32Array.of(3) } } });
    expect(["nodes" in data && data.nodes.src.length, "nodes" in both && both.nodes.src.length]).toEqual([3, 6]);
  });

  it("says what it wants", () => {
    expect(() => readUserData(join(root, "absent"), false)).toThrow("compare: --data is a folder; got");
    expect(() => readUserData(folder("other", { "notes.md": "" }), false)).toThrow("raw/edge.csv.gz (OGB);");
    expect(() => readUserData(folder("numbers", { "edge.csv": "0,1\n", "num-node-list.csv": "2\n", "num-edge-list.csv": "1\n" }), false)).toThrow("have no classes to learn");
  });
});

describe("userProblem", () => {
  it("trains on all three", async () => {
    for (const [path, task] of [[planetoid, "nodes"], [tu, "graphs"], [ogb, "nodes"]] as const) {
      const problem = userProblem(path, false);
      expect(problem).toMatchObject({ task, title: problem.graph });
      const loaded = problem.load()!;
      const { points } = await loaded.run({ ...problem.course, hidden: 8, steps: 40, learningRate: 0.05, layer: "gcn", depth: 2 }, "virgo", 1);
      loaded.dispose();
      expect(points.at(-1)!.loss).toBeLessThan(points[0]!.loss!);
    }
  });
});
