// Graphs of graphology (graphology.github.io), and what their `export()` gives as JSON.
import { createGraph } from "../graph.js";
import { EdgeList } from "../growing.js";
import { nodeData, weightOf, type AttributeOptions, type Attributes } from "./attributes.js";
import { incomplete, malformed } from "./errors.js";
import { graphData, type GraphData } from "./graph-data.js";
import { NumberedNodes } from "./numbered-nodes.js";

/** What is needed of a graphology `Graph`: any of its classes has it. */
export interface GraphologyGraph {
  forEachNode(callback: (node: string, attributes: Attributes) => void): void;
  forEachEdge(callback: (edge: string, attributes: Attributes, source: string, target: string, sourceAttributes: Attributes, targetAttributes: Attributes, undirected: boolean) => void): void;
}

/** What `graph.export()` returns. */
export interface GraphologyJson {
  readonly options?: { readonly type?: string };
  readonly nodes: readonly { readonly key: string | number; readonly attributes?: Attributes }[];
  readonly edges: readonly { readonly key?: string | number; readonly source: string | number; readonly target: string | number; readonly attributes?: Attributes; readonly undirected?: boolean }[];
}

/**
 * A graph of graphology, or its JSON: directed, undirected, mixed or with parallel edges. Undirected edges stand in the result both
 * ways. Nodes are in graphology's order, `nodeIds` being their keys.
 *
 * @throws {WarmstartError} INVALID_OPTION, with the node or edge, for what is no such graph, an edge to an unknown node, an
 *   attribute of the wrong type; NO_MATCH for a label or feature that no node has; NOT_FINITE; INSUFFICIENT_DATA for no nodes.
 *
 * @example
 * const { graph, labels } = fromGraphology(karateClub(UndirectedGraph), { label: "club" });
 */
export function fromGraphology(source: GraphologyGraph | GraphologyJson, options: AttributeOptions = {}): GraphData {
  const nodes = new NumberedNodes(reader);
  const attributesOf: Attributes[] = [];
  const edges = new EdgeList();
  const node = (key: string | number, attributes: Attributes = {}) => {
    nodes.add(key);
    attributesOf.push(attributes);
  };
  const edge = (key: string | number, attributes: Attributes | undefined, from: string | number, to: string | number, undirected: boolean) => {
    const [src, dst] = [nodes.find(from), nodes.find(to)];
    if (src === undefined || dst === undefined) throw malformed(reader, `edge "${key}" leads from "${from}" to "${to}", but there is no node "${src === undefined ? from : to}". List every node in \`nodes\`.`, { edge: key });
    edges.add(src, dst, weightOf(reader, attributes, options.weight ?? "weight", () => `edge "${key}" (${from} → ${to})`), undirected);
  };
  if (isGraph(source)) {
    source.forEachNode(node);
    source.forEachEdge((key, attributes, from, to, _source, _target, undirected) => edge(key, attributes, from, to, undirected));
  } else {
    if (!Array.isArray(source?.nodes) || !Array.isArray(source.edges)) throw malformed(reader, "the argument must be a graphology graph or what its export() returns, an object with lists of nodes and edges. For other JSON there are fromNodeLink and fromAdjacency.");
    for (const each of source.nodes) node(each.key, each.attributes);
    for (const [i, each] of source.edges.entries()) edge(each.key ?? i, each.attributes, each.source, each.target, each.undirected ?? source.options?.type === "undirected");
  }
  if (nodes.ids.length === 0) throw incomplete(reader, "the graph has no nodes. Give at least one.");
  return graphData({ graph: createGraph({ numNodes: nodes.ids.length, ...edges.edges() }), nodeIds: nodes.ids, ...nodeData(reader, attributesOf, nodes.ids, options) });
}

const reader = "fromGraphology";
const isGraph = (source: GraphologyGraph | GraphologyJson): source is GraphologyGraph => typeof (source as Partial<GraphologyGraph> | undefined)?.forEachNode === "function";
