// Node-link JSON: NetworkX's `node_link_data` and the files of D3.
import { createGraph } from "../graph.js";
import { EdgeList } from "../growing.js";
import { nodeData, weightOf, type AttributeOptions, type Attributes } from "./attributes.js";
import { incomplete, malformed } from "./errors.js";
import { graphData, type GraphData } from "./graph-data.js";
import { NumberedNodes } from "./numbered-nodes.js";

/** Nodes, and edges under `links` or `edges`; each an object with any attributes. */
export interface NodeLinkJson {
  readonly nodes: readonly Attributes[];
  readonly links?: readonly Attributes[];
  readonly edges?: readonly Attributes[];
  readonly directed?: boolean;
}

export interface NodeLinkOptions extends AttributeOptions {
  /** Attribute of nodes that edges name them by. Default: `id`, or `name` where there is none and edges have names, or else their position. */
  readonly id?: string;
  /** Whether edges can be gone both ways. Default: unless the JSON says `directed: true`. */
  readonly undirected?: boolean;
}

/**
 * A graph as lists of nodes and links. Parallel links (`multigraph`) stay parallel. `nodeIds` are the ids, or names where edges go by position.
 *
 * @throws {WarmstartError} INVALID_OPTION, with the node or edge, for what is no such JSON, an edge to an unknown node, an attribute of
 *   the wrong type; NO_MATCH for a label or feature that no node has; NOT_FINITE; INSUFFICIENT_DATA for no nodes.
 *
 * @example
 * const { graph, labels } = fromNodeLink(miserables, { label: "group", weight: "value" });
 */
export function fromNodeLink(json: NodeLinkJson, options: NodeLinkOptions = {}): GraphData {
  const links = json?.links ?? json?.edges;
  if (!Array.isArray(json?.nodes) || !Array.isArray(links)) throw malformed(reader, "the JSON must be an object with lists of nodes and of links (or edges). Parse it first; for other JSON there are fromGraphology and fromAdjacency.");
  const { nodes } = json;
  if (nodes.length === 0) throw incomplete(reader, "the graph has no nodes. Give at least one.");
  const id = options.id ?? (nodes[0]!.id !== undefined ? "id" : links.some(({ source }) => typeof source !== "number") ? "name" : undefined);
  const numbered = new NumberedNodes(reader);
  for (const [i, node] of nodes.entries()) {
    if (id !== undefined && (node[id] === undefined || node[id] === null)) throw malformed(reader, `node ${i} has no "${id}". Give every node one, or name another attribute: \`id\`.`, { node: i });
    numbered.add(id === undefined ? i : node[id]);
  }
  const undirected = options.undirected ?? json.directed !== true;
  const edges = new EdgeList();
  for (const [i, link] of links.entries()) {
    const [src, dst] = [numbered.find(link.source), numbered.find(link.target)];
    if (src === undefined || dst === undefined) throw malformed(reader, `edge ${i} leads from ${JSON.stringify(link.source)} to ${JSON.stringify(link.target)}, but there is no node ${JSON.stringify(src === undefined ? link.source : link.target)}. ${id === undefined ? `Edges name nodes by their positions, 0 to ${nodes.length - 1}.` : `Edges name nodes by their "${id}".`}`, { edge: i });
    edges.add(src, dst, weightOf(reader, link, options.weight ?? "weight", () => `edge ${i} (${String(link.source)} → ${String(link.target)})`), undirected);
  }
  const named = id === undefined && nodes.every((node) => typeof node.name === "string");
  const nodeIds = named ? nodes.map((node) => String(node.name)) : id === undefined ? undefined : numbered.ids;
  return graphData({ graph: createGraph({ numNodes: nodes.length, ...edges.edges() }), nodeIds, ...nodeData(reader, nodes, numbered.ids, options) });
}

const reader = "fromNodeLink";
