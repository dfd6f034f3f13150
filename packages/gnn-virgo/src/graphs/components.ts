import type { Graph } from "../graph.js";
import { inducedSubgraph, type Subgraph } from "./subgraph.js";

/** The parts of a graph between which no edges lead. */
export interface Components {
  /** That of each node, `"nodes"`, numbered in the order of their first nodes. */
  readonly component: Int32Array;
  /** How many nodes each has, `"components"`. */
  readonly sizes: Int32Array;
}

/** The connected components of a graph, whichever way its edges lead (weakly connected ones of a directed graph). */
export function connectedComponents({ numNodes, src, dst }: Graph): Components {
  const parent = new Int32Array(numNodes).map((_, node) => node); // towards lower nodes, so that a root is the first node
  const root = (node: number): number => {
    while (parent[node] !== node) node = parent[node] = parent[parent[node]!]!;
    return node;
  };
  for (let e = 0; e < src.length; e++) {
    const [a, b] = [root(src[e]!), root(dst[e]!)];
    parent[Math.max(a, b)] = Math.min(a, b);
  }
  const component = new Int32Array(numNodes);
  let count = 0;
  for (let node = 0; node < numNodes; node++) component[node] = parent[node] === node ? count++ : component[root(node)]!;
  const sizes = new Int32Array(count);
  for (const c of component) sizes[c]!++;
  return { component, sizes };
}

/** The largest connected component, of several equally large ones that with the lowest node; its nodes stay in order. */
export function largestComponent(graph: Graph): Subgraph {
  const { component, sizes } = connectedComponents(graph);
  let largest = 0;
  for (let c = 1; c < sizes.length; c++) if (sizes[c]! > sizes[largest]!) largest = c;
  const nodes = new Int32Array(sizes[largest]!);
  for (let node = 0, next = 0; node < component.length; node++) if (component[node] === largest) nodes[next++] = node;
  return inducedSubgraph(graph, nodes);
}
