// Graphs for property tests, and the plainest way to write a graph down.
import fc from "fast-check";
import { createGraph, type Graph } from "../graph.js";

/** Up to 9 nodes and 30 edges, parallel ones and loops too, with whole weights. */
export const anyGraph = fc.integer({ min: 1, max: 9 }).chain((numNodes) =>
  fc
    .array(fc.tuple(fc.nat(numNodes - 1), fc.nat(numNodes - 1), fc.integer({ min: 1, max: 4 })), { maxLength: 30 })
    .map((edges) => createGraph({ numNodes, src: edges.map(([src]) => src), dst: edges.map(([, dst]) => dst), weight: edges.map(([, , weight]) => weight) })),
);

/** Source, destination and weight of every edge. */
export const edgesOf = ({ src, dst, weight }: Graph): [number, number, number][] => Array.from(src, (node, e) => [node, dst[e]!, weight?.[e] ?? 1]);

/** The sum of the weights from each node to each other, `[src][dst]`. */
export function denseOf(graph: Graph): number[][] {
  const dense = Array.from({ length: graph.numNodes }, () => Array.from({ length: graph.numNodes }, () => 0));
  for (const [src, dst, weight] of edgesOf(graph)) dense[src]![dst]! += weight;
  return dense;
}
