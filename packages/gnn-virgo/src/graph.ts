// A graph on the host: which node sends to which, with what weight, and which of several graphs each node is in.
import { WarmstartError } from "@warmstart/init-core";
import { disposeTensorsOf } from "./graph-tensors.js";

/** Numbers in an array or a typed array. */
export type Numbers = ArrayLike<number>;

export interface GraphOptions {
  readonly numNodes: number;
  /** Where each edge comes from, `"edges"`. */
  readonly src: Numbers;
  /** Where each edge goes to, `"edges"`: a message flows from `src[e]` to `dst[e]`. */
  readonly dst: Numbers;
  /** Weight of each edge, finite. Default: 1 everywhere. */
  readonly weight?: Numbers;
  /** True adds the way back of every edge that is no self-loop: for lists that name each edge once. Default false. */
  readonly undirected?: boolean;
  /** Of several graphs in one, that of each node, `"nodes"`, from 0 to `numGraphs - 1`. No edge may lead from one to another. */
  readonly batch?: Numbers;
  /** Default: one more than the largest entry of `batch`. */
  readonly numGraphs?: number;
}

/** Nodes `0 … numNodes - 1` and directed edges; an undirected edge stands in it both ways. Its arrays are not to be changed. */
export interface Graph {
  readonly numNodes: number;
  /** Directed edges: an undirected one counts twice. */
  readonly numEdges: number;
  readonly src: Int32Array;
  readonly dst: Int32Array;
  /** Absent when every edge weighs 1. */
  readonly weight?: Float64Array;
  /** Of which graph each node is; absent when all are of one. */
  readonly batch?: Int32Array;
  readonly numGraphs: number;
  /** Frees the tensors that layers and functions keep for this graph, which would make them again. Calling it twice is fine. */
  dispose(): void;
}

/**
 * Makes a graph from an edge list, which is copied. Parallel edges stay, and count several times; `coalesce` merges them.
 *
 * @throws {WarmstartError} INVALID_OPTION for lists of unequal length, a node out of range, a weight that is not finite (the
 *   position is named), an edge between two graphs of a batch; INSUFFICIENT_DATA for a graph without nodes.
 *
 * @example
 * const path = createGraph({ numNodes: 3, src: [0, 1], dst: [1, 2], undirected: true });
 */
export function createGraph({ numNodes, src, dst, weight, undirected = false, batch, numGraphs }: GraphOptions): Graph {
  if (!Number.isInteger(numNodes) || numNodes < 0) throw invalid(`numNodes must be a whole number, got ${numNodes}. Count the nodes, isolated ones too.`, { numNodes });
  if (numNodes === 0) throw new WarmstartError("INSUFFICIENT_DATA", "createGraph: the graph has no nodes. Give at least one; edges may be none.", {});
  if (src.length !== dst.length) throw invalid(`src and dst must be equally long, one entry an edge; got ${src.length} and ${dst.length}.`, { src: src.length, dst: dst.length });
  if (weight !== undefined && weight.length !== src.length) throw invalid(`weight must have one entry an edge, ${src.length}, got ${weight.length}. Leave it out for weights of 1.`, { weight: weight.length, edges: src.length });
  for (const [name, ends] of [["src", src], ["dst", dst]] as const) {
    for (let e = 0; e < ends.length; e++) {
      const node = ends[e]!;
      if (!Number.isInteger(node) || node < 0 || node >= numNodes) throw invalid(`${name} must hold nodes from 0 to ${numNodes - 1}, got ${node} at edge ${e}. Number the nodes from 0, or raise numNodes.`, { name, edge: e, node, numNodes });
    }
  }
  for (let e = 0; e < (weight?.length ?? 0); e++) {
    if (!Number.isFinite(weight![e])) throw invalid(`weights must be finite, got ${weight![e]} at edge ${e} (${src[e]} → ${dst[e]}). Remove the edge or mend its weight.`, { edge: e, weight: weight![e] });
  }
  const [from, to, weights] = undirected ? bothWays(src, dst, weight) : [new Int32Array(src), new Int32Array(dst), weight && new Float64Array(weight)];
  const parts = batch === undefined ? undefined : checkBatch(batch, numNodes, numGraphs, from, to);
  const graph: Graph = {
    numNodes,
    numEdges: from.length,
    src: from,
    dst: to,
    ...(weights === undefined ? {} : { weight: weights }),
    ...(parts === undefined ? {} : { batch: parts.batch }),
    numGraphs: parts?.numGraphs ?? 1,
    dispose: () => disposeTensorsOf(graph),
  };
  return graph;
}

const invalid = (message: string, details: Record<string, unknown>) => new WarmstartError("INVALID_OPTION", `createGraph: ${message}`, details);

/** The edges as they are, then those that are no self-loop the other way round. */
export function bothWays(src: Numbers, dst: Numbers, weight: Numbers | undefined): [Int32Array, Int32Array, Float64Array | undefined] {
  let loops = 0;
  for (let e = 0; e < src.length; e++) if (src[e] === dst[e]) loops++;
  const count = 2 * src.length - loops;
  const [from, to, weights] = [new Int32Array(count), new Int32Array(count), weight && new Float64Array(count)];
  from.set(src);
  to.set(dst);
  weights?.set(weight!);
  for (let e = 0, next = src.length; e < src.length; e++) {
    if (src[e] === dst[e]) continue;
    from[next] = dst[e]!;
    to[next] = src[e]!;
    if (weights !== undefined) weights[next] = weight![e]!;
    next++;
  }
  return [from, to, weights];
}

function checkBatch(batch: Numbers, numNodes: number, given: number | undefined, src: Int32Array, dst: Int32Array): { batch: Int32Array; numGraphs: number } {
  if (batch.length !== numNodes) throw invalid(`batch must name the graph of each of the ${numNodes} nodes, got ${batch.length} entries.`, { batch: batch.length, numNodes });
  let largest = -1;
  for (let i = 0; i < numNodes; i++) largest = Math.max(largest, batch[i]!);
  const numGraphs = given ?? largest + 1;
  const wrong = Array.prototype.findIndex.call(batch, (part: number) => !Number.isInteger(part) || part < 0 || part >= numGraphs);
  if (wrong >= 0) throw invalid(`batch must hold graphs from 0 to ${numGraphs - 1}, got ${batch[wrong]} at node ${wrong}.`, { node: wrong, numGraphs });
  for (let e = 0; e < src.length; e++) {
    if (batch[src[e]!] !== batch[dst[e]!]) throw invalid(`an edge must stay in one graph, but edge ${e} leads from node ${src[e]} in graph ${batch[src[e]!]} to node ${dst[e]} in graph ${batch[dst[e]!]}. Make one graph of each with createGraph and join them with batchGraphs.`, { edge: e });
  }
  return { batch: new Int32Array(batch), numGraphs };
}
