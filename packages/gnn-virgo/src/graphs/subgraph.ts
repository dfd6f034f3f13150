import { WarmstartError } from "@warmstart/init-core";
import { createGraph, type Graph, type Numbers } from "../graph.js";
import { taken, weightOption } from "./with-edges.js";

/** A part of a graph, and where it was in it. */
export interface Subgraph {
  /** Its nodes are numbered from 0 on. */
  readonly graph: Graph;
  /** The number that each node has in the whole graph: `tf.gather(features, nodes)` are its features. */
  readonly nodes: Int32Array;
  /** The number that each edge has in the whole graph. */
  readonly edges: Int32Array;
}

/**
 * The nodes given and the edges between them: node i is `nodes[i]` of the whole graph. The edges keep their order. Of a batch
 * each node stays in the graph that it is in.
 *
 * @throws {WarmstartError} INVALID_OPTION for a node out of range or named twice; INSUFFICIENT_DATA for no nodes.
 *
 * @example
 * const { graph: trained, nodes } = inducedSubgraph(graph, splits.train);
 */
export function inducedSubgraph(graph: Graph, nodes: Numbers): Subgraph {
  const place = numbered("inducedSubgraph", "nodes", nodes, graph.numNodes);
  const own = new Int32Array(nodes);
  const { src, dst, weight, batch, numGraphs } = graph;
  let count = 0;
  for (let e = 0; e < src.length; e++) if (place[src[e]!]! >= 0 && place[dst[e]!]! >= 0) count++;
  const edges = new Int32Array(count);
  for (let e = 0, next = 0; e < src.length; e++) if (place[src[e]!]! >= 0 && place[dst[e]!]! >= 0) edges[next++] = e;
  const part = createGraph({
    numNodes: own.length,
    src: taken(place, taken(src, edges)),
    dst: taken(place, taken(dst, edges)),
    ...weightOption(weight && taken(weight, edges)),
    ...(batch === undefined ? {} : { batch: taken(batch, own), numGraphs }),
  });
  return { graph: part, nodes: own, edges };
}

/** Where each of `total` numbers stands in a list of them, -1 for those that do not. */
export function numbered(caller: string, name: string, list: Numbers, total: number): Int32Array {
  if (list.length === 0) throw new WarmstartError("INSUFFICIENT_DATA", `${caller}: ${name} is empty. Name at least one.`, {});
  const place = new Int32Array(total).fill(-1);
  for (let i = 0; i < list.length; i++) {
    const entry = list[i]!;
    if (!Number.isInteger(entry) || entry < 0 || entry >= total) throw new WarmstartError("INVALID_OPTION", `${caller}: ${name} must be whole numbers from 0 to ${total - 1}, got ${entry} at position ${i}.`, { position: i, entry, total });
    if (place[entry] !== -1) throw new WarmstartError("INVALID_OPTION", `${caller}: ${name} must differ from each other, but ${entry} stands at positions ${place[entry]} and ${i}. Name each once.`, { entry, position: i });
    place[entry] = i;
  }
  return place;
}
