// Many small graphs as one: a batch is a graph whose parts no edge connects.
import { WarmstartError } from "@warmstart/init-core";
import { createGraph, type Graph, type Numbers } from "../graph.js";
import { countingSort } from "../sparse-matrix.js";
import { numbered, type Subgraph } from "./subgraph.js";
import { taken, weightOption } from "./with-edges.js";

/**
 * All graphs side by side in one, for layers to compute in one go: nodes and edges in the order of the graphs, `batch` telling of
 * each node which graph it is from. Of graphs that are batches themselves each part counts. Features are joined with `tf.concat`.
 *
 * @throws {WarmstartError} INSUFFICIENT_DATA for no graphs.
 *
 * @example
 * const batch = batchGraphs([triangle, square]); // 7 nodes, numGraphs 2
 */
export function batchGraphs(graphs: readonly Graph[]): Graph {
  if (graphs.length === 0) throw new WarmstartError("INSUFFICIENT_DATA", "batchGraphs: there are no graphs. Give at least one.", {});
  const total = (count: (graph: Graph) => number) => graphs.reduce((sum, graph) => sum + count(graph), 0);
  const [numNodes, numEdges, numGraphs] = [total((graph) => graph.numNodes), total((graph) => graph.numEdges), total((graph) => graph.numGraphs)];
  const [src, dst, batch] = [new Int32Array(numEdges), new Int32Array(numEdges), new Int32Array(numNodes)];
  const weight = graphs.some((graph) => graph.weight !== undefined) ? new Float64Array(numEdges).fill(1) : undefined;
  let [node, edge, part] = [0, 0, 0];
  for (const graph of graphs) {
    for (let e = 0; e < graph.numEdges; e++) {
      src[edge + e] = node + graph.src[e]!;
      dst[edge + e] = node + graph.dst[e]!;
    }
    if (graph.weight !== undefined) weight!.set(graph.weight, edge);
    for (let i = 0; i < graph.numNodes; i++) batch[node + i] = part + (graph.batch?.[i] ?? 0);
    node += graph.numNodes;
    edge += graph.numEdges;
    part += graph.numGraphs;
  }
  return createGraph({ numNodes, src, dst, ...(weight === undefined ? {} : { weight }), batch, numGraphs });
}

/**
 * Some graphs of a batch, in the order given, as a batch of their own: what a step of training takes of a data set that was read
 * or made as one. `nodes` says which rows of the features belong to it. The first call on a batch takes time in proportion to it, later ones to what is taken.
 *
 * @throws {WarmstartError} INVALID_OPTION for a graph out of range or named twice; INSUFFICIENT_DATA for none, or for graphs that
 *   have no nodes at all.
 *
 * @example
 * const { graph: batch, nodes } = selectGraphs(molecules.graph, [3, 0, 8]);
 * const x = tf.gather(features, tf.tensor1d(nodes, "int32"));
 */
export function selectGraphs(graph: Graph, graphs: Numbers): Subgraph {
  numbered("selectGraphs", "graphs", graphs, graph.numGraphs);
  return selected(graph, new Int32Array(graphs));
}

/**
 * The graphs of a batch one by one, `batchGraphs` undone.
 *
 * @throws {WarmstartError} INSUFFICIENT_DATA for a graph without nodes.
 */
export function unbatchGraphs(graph: Graph): Subgraph[] {
  return Array.from({ length: graph.numGraphs }, (_, part) => {
    const { graph: own, nodes, edges } = selected(graph, Int32Array.of(part));
    return { graph: createGraph({ numNodes: own.numNodes, src: own.src, dst: own.dst, ...weightOption(own.weight) }), nodes, edges };
  });
}

/** Nodes and edges in the order of the graphs that they are in; `place` is where a node stands among those of its graph. */
interface Parts {
  readonly nodes: ReturnType<typeof countingSort>;
  readonly edges: ReturnType<typeof countingSort>;
  readonly place: Int32Array;
}

const known = new WeakMap<Graph, Parts>();

function partsOf(graph: Graph): Parts {
  let parts = known.get(graph);
  if (parts === undefined) {
    const batch = graph.batch ?? new Int32Array(graph.numNodes);
    const nodes = countingSort(graph.numGraphs, batch);
    const place = new Int32Array(graph.numNodes);
    for (let p = 0; p < place.length; p++) place[nodes.order[p]!] = p - nodes.pointers[batch[nodes.order[p]!]!]!;
    known.set(graph, (parts = { nodes, edges: countingSort(graph.numGraphs, taken(batch, graph.src)), place }));
  }
  return parts;
}

function selected(graph: Graph, graphs: Int32Array): Subgraph {
  const { nodes, edges, place } = partsOf(graph);
  const count = (pointers: Int32Array) => graphs.reduce((sum, part) => sum + pointers[part + 1]! - pointers[part]!, 0);
  const [numNodes, numEdges] = [count(nodes.pointers), count(edges.pointers)];
  if (numNodes === 0) throw new WarmstartError("INSUFFICIENT_DATA", `selectGraphs: the graphs ${[...graphs.subarray(0, 5)].join(", ")} have no nodes. Leave out graphs without nodes.`, { graphs: [...graphs] });
  const [ownNodes, ownEdges, batch, src, dst] = [new Int32Array(numNodes), new Int32Array(numEdges), new Int32Array(numNodes), new Int32Array(numEdges), new Int32Array(numEdges)];
  let [node, edge] = [0, 0];
  for (let i = 0; i < graphs.length; i++) {
    const part = graphs[i]!;
    const first = node;
    for (let p = nodes.pointers[part]!; p < nodes.pointers[part + 1]!; p++) {
      batch[node] = i;
      ownNodes[node++] = nodes.order[p]!;
    }
    for (let p = edges.pointers[part]!; p < edges.pointers[part + 1]!; p++, edge++) {
      const e = (ownEdges[edge] = edges.order[p]!);
      src[edge] = first + place[graph.src[e]!]!;
      dst[edge] = first + place[graph.dst[e]!]!;
    }
  }
  const own = createGraph({ numNodes, src, dst, ...weightOption(graph.weight && taken(graph.weight, ownEdges)), batch, numGraphs: graphs.length });
  return { graph: own, nodes: ownNodes, edges: ownEdges };
}
