import { randomGenerator } from "@warmstart/init-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGraph, type Graph } from "../graph.js";
import { graphOperator, type OperatorName } from "../operator.js";
import { multiply } from "../sparse-matrix.js";
import { batchGraphs } from "./batch-graphs.js";
import { anyGraph, edgesOf } from "./graphs.fixture.js";
import { neighborBatches, sampleNeighbors } from "./sample-neighbors.js";

/** Every node 1 … d sends to node 0. */
const inStar = (d: number): Graph => createGraph({ numNodes: d + 1, src: Array.from({ length: d }, (_, i) => i + 1), dst: Array.from({ length: d }, () => 0) });

const path = createGraph({ numNodes: 5, src: [1, 2, 3, 4], dst: [0, 1, 2, 3], weight: [1, 2, 3, 4] });

/** Σ (observed - expected)² / expected over `cells` equally likely outcomes. */
function chiSquare(outcomes: readonly string[], cells: number): number {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const expected = outcomes.length / cells;
  return [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, (cells - counts.size) * expected);
}

describe("sampleNeighbors", () => {
  it("goes as many hops as there are fanouts, against the direction of edges, seeds first", () => {
    const { graph, nodes, edges, numSeeds } = sampleNeighbors(path, [3, 0], [5, 5]);
    expect([...nodes]).toEqual([3, 0, 4, 1, 2]);
    expect([...edges]).toEqual([3, 0, 1]);
    expect(edgesOf(graph)).toEqual([[2, 0, 4], [3, 1, 1], [4, 3, 2]]);
    expect(numSeeds).toBe(2);
  });

  it("takes at most a fanout's edges into a node, each of the graph and none twice", () => {
    const withSeeds = anyGraph.chain((graph) => fc.tuple(fc.constant(graph), fc.uniqueArray(fc.nat(graph.numNodes - 1), { minLength: 1 }), fc.integer({ min: 1, max: 4 }), fc.integer()));
    fc.assert(
      fc.property(withSeeds, ([whole, seeds, fanout, seed]) => {
        const { graph, nodes, edges } = sampleNeighbors(whole, seeds, [fanout, fanout], { seed });
        expect(new Set(edges).size).toBe(edges.length);
        expect(new Set(nodes).size).toBe(nodes.length);
        expect([...nodes.subarray(0, seeds.length)]).toEqual(seeds);
        expect(edgesOf(graph).map(([src, dst, weight]) => [nodes[src], nodes[dst], weight])).toEqual([...edges].map((e) => edgesOf(whole)[e]));
        const into = (all: Int32Array, node: number) => all.filter((dst) => dst === node).length;
        for (let own = 0; own < seeds.length; own++) expect(into(graph.dst, own)).toBe(Math.min(fanout, into(whole.dst, nodes[own]!)));
        expect(graph.dst.every((own) => into(graph.dst, own) <= fanout)).toBe(true);
      }),
    );
  });

  it("with all neighbours gives the seeds what the whole graph gives them", () => {
    const withSeeds = anyGraph.chain((graph) => fc.tuple(fc.constant(graph), fc.uniqueArray(fc.nat(graph.numNodes - 1), { minLength: 1 }), fc.constantFrom<OperatorName>("mean", "sum", "vpa")));
    fc.assert(
      fc.property(withSeeds, ([whole, seeds, operator]) => {
        const { graph, nodes, numSeeds } = sampleNeighbors(whole, seeds, [-1, -1, -1]);
        const threeLayers = (of: Graph, x: Float64Array) => [0, 1, 2].reduce((h) => multiply(graphOperator(of, operator), h), x);
        const x = Float64Array.from({ length: whole.numNodes }, (_, node) => Math.sin(node + 1));
        const all = threeLayers(whole, x);
        const part = threeLayers(graph, Float64Array.from(nodes, (node) => x[node]!));
        for (let own = 0; own < numSeeds; own++) expect(part[own]).toBeCloseTo(all[nodes[own]!]!, 9);
      }),
    );
  });

  it("draws every set of neighbours equally often, which a faulty shuffle does not", () => {
    const draws = 20_000;
    const star = inStar(6);
    const sets = Array.from({ length: draws }, (_, seed) => [...sampleNeighbors(star, [0], [3], { seed }).nodes.subarray(1)].sort().join());
    // The shuffle that many write: the position to swap with is drawn from all, not from those still to come.
    const faulty = Array.from({ length: draws }, (_, seed) => {
      const [order, generator] = [[1, 2, 3, 4, 5, 6], randomGenerator(seed)];
      for (let i = 0; i < 6; i++) {
        const j = generator.integer(6);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return order.slice(0, 3).sort().join();
    });
    expect(chiSquare(sets, 20)).toBeLessThan(43.8); // 20 sets of 3 of 6: 19 degrees of freedom, exceeded once in a thousand
    expect(chiSquare(faulty, 20)).toBeGreaterThan(43.8);
  });

  it("draws with replacement when asked: every neighbour equally often, some twice", () => {
    const star = inStar(5);
    const draws = Array.from({ length: 5000 }, (_, seed) => sampleNeighbors(star, [0], [4], { seed, replace: true }));
    expect(draws.every(({ edges }) => edges.length === 4)).toBe(true);
    expect(chiSquare(draws.flatMap(({ edges }) => [...edges].map(String)), 5)).toBeLessThan(18.5); // 4 degrees of freedom, likewise
    const distinct = draws.filter(({ edges }) => new Set(edges).size === 4).length / draws.length;
    expect(Math.abs(distinct - 120 / 625)).toBeLessThan(0.02); // 5·4·3·2 of 5⁴
    expect(sampleNeighbors(path, [4], [3], { replace: true }).graph.numEdges).toBe(0);
  });

  it("draws the same by the same seed and something else by another", () => {
    const star = inStar(40);
    const nodes = (seed: number) => [...sampleNeighbors(star, [0], [5], { seed }).nodes];
    expect(nodes(3)).toEqual(nodes(3));
    expect(nodes(3)).not.toEqual(nodes(4));
  });

  it("leaves nodes of a batch in their graphs", () => {
    expect(sampleNeighbors(batchGraphs([path, path]), [9, 5], [1]).graph).toMatchObject({ batch: Int32Array.of(1, 1, 1), numGraphs: 2 });
  });

  it("refuses seeds and fanouts that are none", () => {
    expect(() => sampleNeighbors(path, [5], [1])).toThrow("sampleNeighbors: seeds must be whole numbers from 0 to 4, got 5");
    expect(() => sampleNeighbors(path, [1, 1], [1])).toThrow("1 stands at positions 0 and 1");
    expect(() => sampleNeighbors(path, [], [1])).toThrow("seeds is empty");
    expect(() => sampleNeighbors(path, [0], [])).toThrow("sampleNeighbors: fanouts is empty");
    expect(() => sampleNeighbors(path, [0], [3, 0])).toThrow("got 0 at position 1");
    expect(() => sampleNeighbors(path, [0], [1.5])).toThrow("got 1.5");
  });
});

describe("neighborBatches", () => {
  const star = inStar(10);
  const epoch = (options: object) => [...neighborBatches(star, [2, 4, 6, 8, 10, 0, 1], { fanouts: [2], batchSize: 3, ...options })];
  const seedsOf = (options: object) => epoch(options).map(({ nodes, numSeeds }) => [...nodes.subarray(0, numSeeds)]);

  it("brings every node once an epoch, in batches", () => {
    expect(seedsOf({ shuffle: false })).toEqual([[2, 4, 6], [8, 10, 0], [1]]);
    expect(seedsOf({}).map((seeds) => seeds.length)).toEqual([3, 3, 1]);
    expect(seedsOf({}).flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 4, 6, 8, 10]);
  });

  it("has an order and neighbourhoods by its seed", () => {
    expect(epoch({ seed: 1 }).map(({ nodes }) => [...nodes])).toEqual(epoch({ seed: 1 }).map(({ nodes }) => [...nodes]));
    expect(seedsOf({ seed: 1 })).not.toEqual(seedsOf({ seed: 2 }));
    expect(epoch({ seed: 1, shuffle: false }).map(({ nodes }) => [...nodes])).not.toEqual(epoch({ seed: 2, shuffle: false }).map(({ nodes }) => [...nodes]));
    const twins = [...neighborBatches(batchGraphs([star, star]), [0, 11], { fanouts: [4], batchSize: 1, shuffle: false })];
    expect([...twins[0]!.edges]).not.toEqual([...twins[1]!.edges].map((e) => e - 10));
  });

  it("refuses bad options at once", () => {
    expect(() => neighborBatches(star, [0], { fanouts: [2], batchSize: 0 })).toThrow("neighborBatches: batchSize must be a whole number above 0, got 0");
    expect(() => neighborBatches(star, [11], { fanouts: [2], batchSize: 1 })).toThrow("neighborBatches: nodes must be whole numbers from 0 to 10, got 11");
    expect(() => neighborBatches(star, [0], { fanouts: [-2], batchSize: 1 })).toThrow("neighborBatches: fanouts must be");
  });
});
