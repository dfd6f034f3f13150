import { WarmstartError } from "@warmstart/init-core";
import type { Graph } from "../graph.js";
import { taken, withEdges } from "./with-edges.js";

export interface SelfLoopOptions {
  /** Weight of the loops that are added, finite. Default 1. */
  readonly weight?: number;
  /** At a node that has loops: none is added ("keep", PyG's `add_remaining_self_loops`), they make way for one ("replace"), or one comes on top ("add", PyG's `add_self_loops`). Default "keep". */
  readonly existingLoops?: "keep" | "replace" | "add";
}

/**
 * The graph with a self-loop at every node, after its other edges. Layers that need loops add them by themselves.
 *
 * @throws {WarmstartError} INVALID_OPTION for a weight that is not finite or another value of `existingLoops`.
 */
export function addSelfLoops(graph: Graph, { weight = 1, existingLoops = "keep" }: SelfLoopOptions = {}): Graph {
  if (!Number.isFinite(weight)) throw new WarmstartError("INVALID_OPTION", `addSelfLoops: weight must be finite, got ${weight}.`, { weight });
  if (!["keep", "replace", "add"].includes(existingLoops)) throw new WarmstartError("INVALID_OPTION", `addSelfLoops: existingLoops must be "keep", "replace" or "add", got ${JSON.stringify(existingLoops)}.`, { existingLoops });
  const { numNodes, src, dst, weight: weights } = existingLoops === "replace" ? removeSelfLoops(graph) : graph;
  const looped = new Uint8Array(numNodes);
  if (existingLoops === "keep") for (let e = 0; e < src.length; e++) if (src[e] === dst[e]) looped[src[e]!] = 1;
  let total = src.length;
  for (let node = 0; node < numNodes; node++) total += 1 - looped[node]!;
  const [from, to, all] = [new Int32Array(total), new Int32Array(total), new Float64Array(total).fill(weight)];
  from.set(src);
  to.set(dst);
  if (weights === undefined) all.fill(1, 0, src.length);
  else all.set(weights);
  for (let node = 0, next = src.length; node < numNodes; node++) if (looped[node] === 0) from[next] = to[next++] = node;
  return withEdges(graph, from, to, all);
}

/** The graph without edges from a node to itself. */
export function removeSelfLoops(graph: Graph): Graph {
  const { src, dst, weight } = graph;
  let count = 0;
  for (let e = 0; e < src.length; e++) if (src[e] !== dst[e]) count++;
  const kept = new Int32Array(count);
  for (let e = 0, next = 0; e < src.length; e++) if (src[e] !== dst[e]) kept[next++] = e;
  return withEdges(graph, taken(src, kept), taken(dst, kept), weight && taken(weight, kept));
}
