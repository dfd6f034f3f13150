import { bothWays, type Graph } from "../graph.js";
import { coalescedEdges, type EdgeReduction } from "./coalesce.js";
import { withEdges } from "./with-edges.js";

/**
 * The graph in which every edge can be gone both ways, at the same weight, without parallel edges.
 *
 * @param reduce what the weights of an edge, of its parallels and of those the other way become. Default "max": a graph that is
 *   undirected already stays as it is. "sum" (PyG's default) doubles the weights of such a graph.
 * @throws {WarmstartError} INVALID_OPTION for another `reduce`.
 */
export function toUndirected(graph: Graph, reduce: EdgeReduction = "max"): Graph {
  const [src, dst, weight] = bothWays(graph.src, graph.dst, graph.weight);
  return coalescedEdges("toUndirected", graph, { src, dst, ...(weight === undefined ? {} : { weight }) }, reduce);
}

/** The graph with every edge turned around. */
export function reverse(graph: Graph): Graph {
  return withEdges(graph, graph.dst, graph.src, graph.weight);
}
