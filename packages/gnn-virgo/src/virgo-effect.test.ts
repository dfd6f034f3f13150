// Real graphs: 5,366 directed connections between 305 US airports, weighted by flights, and which class of the Flare library imports which (both in vega-datasets).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs";
import { disposeModel, fill, glorotUniform, heUniform, initialize, type Initializer, type Plan } from "@warmstart/init-core";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { createGraph, gcnConv, graphSignal, setGraph, virgo, type Graph, type OperatorName, type VirgoMode } from "./index.js";
import { uniforms } from "./random-graphs.fixture.js";

beforeAll(() => void (tf.getBackend() === "wasm" && registerTrainingKernels()));

const data = (file: string): string => readFileSync(createRequire(import.meta.url).resolve("vega-datasets").replace(/build\/.*$/, `data/${file}`), "utf8");

function airports(): Graph {
  const routes = data("flights-airport.csv").trim().split("\n").slice(1).map((line) => line.trim().split(","));
  const numbers = new Map([...new Set(routes.flatMap(([from, to]) => [from!, to!]))].toSorted().map((name, i) => [name, i]));
  return createGraph({ numNodes: numbers.size, src: routes.map(([from]) => numbers.get(from!)!), dst: routes.map(([, to]) => numbers.get(to!)!), weight: routes.map(([, , flights]) => Number(flights)) });
}

function imports(): Graph {
  const links = JSON.parse(data("flare-dependencies.json")) as { source: number; target: number }[];
  const numbers = new Map([...new Set(links.flatMap(({ source, target }) => [source, target]))].map((id, i) => [id, i]));
  return createGraph({ numNodes: numbers.size, src: links.map(({ source }) => numbers.get(source)!), dst: links.map(({ target }) => numbers.get(target)!) });
}

const layers = 6;

/** Mean squares of the outputs of a six-layer ReLU network, each by that of the layer before, averaged over seeds. */
async function ratios(graph: Graph, operator: OperatorName, start: VirgoMode | "kaiming" | "xavier", seeds = 5): Promise<number[]> {
  const model = tf.sequential({ layers: Array.from({ length: layers }, (_, i) => gcnConv({ units: 64, operator, degrees: "both", ...(i === 0 ? { inputShape: [16] } : {}), ...(i < layers - 1 ? { activation: "relu" } : {}) })) });
  setGraph(model, graph);
  const x = tf.tensor2d(Float32Array.from(uniforms(graph.numNodes * 16, 1)), [graph.numNodes, 16]);
  const initializer: Initializer<tf.LayersModel, Plan> = start === "kaiming" ? fill(heUniform()) : start === "xavier" ? fill(glorotUniform()) : virgo({ features: x, mode: start });
  const sums = Array.from({ length: layers }, () => 0);
  for (let seed = 0; seed < seeds; seed++) {
    await initialize(model, initializer, { seed });
    for (const [i, { meanSquare }] of (await graphSignal(model, x)).layers.entries()) sums[i]! += meanSquare!;
  }
  disposeModel(model);
  x.dispose();
  graph.dispose();
  return sums.slice(1).map((sum, i) => sum / sums[i]!);
}

const all = (values: readonly number[], low: number, high: number) => {
  for (const value of values) {
    expect(value).toBeGreaterThan(low);
    expect(value).toBeLessThan(high);
  }
};
/** From the first layer to the last. */
const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);

describe("on the airports,", () => {
  it.each(["sum", "vpa"] as const)("the signal stays level through layers with %s from VirgoFor, where Kaiming's and Xavier's explode", async (operator) => {
    all(await ratios(airports(), operator, "forward"), 0.7, 1.4);
    all(await ratios(airports(), operator, "kaiming"), 1e4, Infinity);
    all(await ratios(airports(), operator, "xavier"), 1e4, Infinity);
  });

  it("with gcn it stays level from VirgoFor, and from Kaiming too, since about as many flights arrive as leave; Xavier's halves", async () => {
    all(await ratios(airports(), "gcn", "forward"), 0.7, 1.4);
    all(await ratios(airports(), "gcn", "kaiming"), 0.7, 1.4);
    expect(product(await ratios(airports(), "gcn", "xavier"))).toBeLessThan(0.1);
  });

  it("the harmonic mean is level within a factor of two, layer by layer", async () => {
    all(await ratios(airports(), "sum", "harmonic"), 0.5, 2);
  });
});

describe("on the imports of Flare, which hardly lead back,", () => {
  it("the signal stays level through layers with gcn from VirgoFor, where Kaiming's and Xavier's die out", async () => {
    all(await ratios(imports(), "gcn", "forward"), 0.7, 1.5);
    expect(product(await ratios(imports(), "gcn", "kaiming"))).toBeLessThan(0.3);
    expect(product(await ratios(imports(), "gcn", "xavier"))).toBeLessThan(0.03);
  });
});
