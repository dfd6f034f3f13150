// Adjacency as JSON: who is next to whom.
import { createGraph } from "../graph.js";
import { EdgeList } from "../growing.js";
import { nodeData, weightOf, type AttributeOptions, type Attributes } from "./attributes.js";
import { incomplete, malformed } from "./errors.js";
import { graphData, type GraphData } from "./graph-data.js";
import { NumberedNodes } from "./numbered-nodes.js";

/** The neighbours of a node: their ids, objects with an `id` and attributes, or ids with weights or attributes. */
export type Neighbors = readonly (string | number | Attributes)[] | Readonly<Record<string, number | Attributes>>;

/** What NetworkX's `adjacency_data` returns. */
export interface AdjacencyData {
  readonly nodes: readonly Attributes[];
  readonly adjacency: readonly (readonly Attributes[])[];
}

/** Neighbours by node, in a list by number or in an object by name, or NetworkX's form. */
export type AdjacencyJson = Readonly<Record<string, Neighbors>> | readonly Neighbors[] | AdjacencyData;

export interface AdjacencyOptions extends AttributeOptions {
  /** Adds the way back of every edge that is no self-loop: for JSON in which each edge stands at one of its ends. Default false. */
  readonly undirected?: boolean;
}

/**
 * A graph from the neighbours of its nodes, an edge leading from a node to each of its neighbours:
 *
 * - `{ "a": ["b", "c"], "b": [] }`, nodes being numbered in the order of the keys (JavaScript puts keys that are whole numbers first, by size), then of neighbours that are no keys;
 * - `{ "a": { "b": 2.5 } }` or `{ "a": { "b": { "weight": 2.5 } } }`, with weights;
 * - `[[1, 2], [0], []]`, by number: every neighbour must be a position in the list;
 * - `{ "nodes": […], "adjacency": […] }`, NetworkX's `adjacency_data`, which alone has attributes of nodes. Its undirected graphs have every edge at both ends.
 *
 * @throws {WarmstartError} INVALID_OPTION, with the node, for what is none of these, an unknown neighbour in lists, a weight of the
 *   wrong type; NO_MATCH for a label or feature that no node has; NOT_FINITE; INSUFFICIENT_DATA for no nodes.
 *
 * @example
 * const { graph, nodeIds } = fromAdjacency({ a: ["b", "c"], b: ["c"] }, { undirected: true });
 */
export function fromAdjacency(json: AdjacencyJson, options: AdjacencyOptions = {}): GraphData {
  if (typeof json !== "object" || json === null) throw malformed(reader, `the JSON must be an object or a list, got ${json === null ? "null" : typeof json}. Parse it first.`);
  const nodes = new NumberedNodes(reader);
  const edges = new EdgeList();
  const [attributes, lists] = isAdjacencyData(json) ? [json.nodes, json.adjacency] : [undefined, json];
  const open = !Array.isArray(lists); // whether neighbours may be nodes that have no entry
  const rows: readonly Neighbors[] = Object.values(lists);
  for (const [i, key] of Object.keys(lists).entries()) nodes.add(attributes === undefined ? (open ? key : i) : (attributes[i]?.id ?? i));
  if (attributes !== undefined && attributes.length !== rows.length) throw malformed(reader, `nodes and adjacency must be equally long, got ${attributes.length} and ${rows.length}.`, { nodes: attributes.length, adjacency: rows.length });
  for (const [src, neighbors] of rows.entries()) {
    const from = nodes.ids[src]!;
    for (const [to, edge] of entriesOf(neighbors, from)) {
      const dst = open ? nodes.findOrAdd(to) : nodes.find(to);
      if (dst === undefined) throw malformed(reader, `node ${JSON.stringify(from)} has a neighbour ${JSON.stringify(to)}, and there is no such node.${attributes === undefined ? ` In a list nodes are positions, 0 to ${rows.length - 1}.` : ""}`, { node: from, neighbor: to });
      edges.add(src, dst, weightOf(reader, edge, options.weight ?? "weight", () => `the edge from ${from} to ${String(to)}`), options.undirected);
    }
  }
  if (nodes.ids.length === 0) throw incomplete(reader, "the graph has no nodes. Give at least one.");
  const nodeIds = open || attributes !== undefined ? nodes.ids : undefined;
  return graphData({ graph: createGraph({ numNodes: nodes.ids.length, ...edges.edges() }), nodeIds, ...nodeData(reader, attributes ?? nodes.ids.map(() => ({})), nodes.ids, options) });
}

const reader = "fromAdjacency";
const isAdjacencyData = (json: AdjacencyJson): json is AdjacencyData => Array.isArray((json as AdjacencyData).nodes) && Array.isArray((json as AdjacencyData).adjacency);

/** The neighbours with the attributes of the edges to them. */
function entriesOf(neighbors: Neighbors, from: string): [unknown, Attributes | undefined][] {
  if (Array.isArray(neighbors)) {
    return (neighbors as readonly (string | number | Attributes)[]).map((each) => {
      if (typeof each === "string" || typeof each === "number") return [each, undefined];
      if (each === null || typeof each !== "object" || each.id === undefined) throw malformed(reader, `the neighbours of node ${JSON.stringify(from)} must be ids or objects with an id, got ${JSON.stringify(each)}.`, { node: from });
      return [each.id, each];
    });
  }
  if (typeof neighbors !== "object" || neighbors === null) throw malformed(reader, `the neighbours of node ${JSON.stringify(from)} must be a list or an object, got ${JSON.stringify(neighbors)}.`, { node: from });
  return Object.entries(neighbors as Readonly<Record<string, number | Attributes>>).map(([to, edge]) => {
    if (typeof edge !== "number" && (typeof edge !== "object" || edge === null)) throw malformed(reader, `the weight of an edge must be a number, got ${JSON.stringify(edge)} from node ${JSON.stringify(from)} to ${JSON.stringify(to)}.`, { node: from, neighbor: to });
    return [to, typeof edge === "number" ? { weight: edge } : edge];
  });
}
