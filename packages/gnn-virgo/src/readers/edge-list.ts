// Lists of edges: CSV, TSV, or blanks between (SNAP, KONECT, NetworkX).
import { createGraph } from "../graph.js";
import { EdgeList } from "../growing.js";
import { ByteNames } from "./byte-names.js";
import { incomplete, malformed } from "./errors.js";
import { graphData, type GraphData } from "./graph-data.js";
import { TextTable, unreadable, type FileText } from "./text-table.js";

export interface EdgeListOptions {
  /** One character; " " is any number of blanks and tabs. Default: the first of tab, comma and semicolon that the first line has, else blanks. */
  readonly separator?: string;
  /** Whether the first line names the columns. Default: found out, by a weight that is no number, by ids that turn to numbers below, or by names such as source and target. */
  readonly header?: boolean;
  /** Column of the node that an edge comes from, by name or number from 0. Default 0. */
  readonly source?: string | number;
  /** Column of the node that an edge goes to. Default 1. */
  readonly target?: string | number;
  /** Column of the weights, false for none. Default: the third column, where source and target are the first two. */
  readonly weight?: string | number | false;
  /** Adds the way back of every edge that is no self-loop. Default false. */
  readonly undirected?: boolean;
  /** What ids are: numbers of nodes, from 0 on, or names, numbered as they come and returned as `nodeIds`. Default: numbers when those of the first edge are whole numbers. */
  readonly ids?: "numbers" | "names";
  /** For ids that are numbers. Default: the largest, plus one. */
  readonly numNodes?: number;
  /** The names of all nodes, in the order wanted; others are an error. */
  readonly nodeIds?: readonly string[];
}

/**
 * A list of edges, one a line; lines that begin with # or % are comments. Fields may stand in double quotes.
 *
 * @throws {WarmstartError} INVALID_OPTION, with the line, for a row of another length than the first, an id that is none, a column
 *   that is not there; NOT_FINITE for a weight that is not; INSUFFICIENT_DATA for no edges.
 *
 * @example
 * const { graph, nodeIds } = fromEdgeList("from,to,weight\nParis,Lyon,2.5\nLyon,Nice,4\n", { undirected: true });
 */
export function fromEdgeList(text: FileText, options: EdgeListOptions = {}): GraphData {
  const table = new TextTable(reader, text);
  table.skipComments("#%");
  if (!table.next()) throw incomplete(reader, "the text has no edges. For a graph without edges use createGraph.");
  table.separate(options.separator);
  const first = fieldsOf(table);
  const header = hasHeader(table, first, options);
  const [source, target] = [columnOf(first, header, options.source ?? 0, "source"), columnOf(first, header, options.target ?? 1, "target")];
  const third = first.length > 2 && source === 0 && target === 1 ? 2 : -1;
  const columns = { source, target, weight: options.weight === undefined ? third : options.weight === false ? -1 : columnOf(first, header, options.weight, "weight") };
  if (header && !table.next()) throw incomplete(reader, "the text has a header and no edges. For a graph without edges use createGraph.");
  const numbers = options.nodeIds === undefined && (options.ids ?? guessIds(table, columns)) === "numbers";
  const nodes = numbers ? new Numbers(options.numNodes) : new Names(options.nodeIds);
  const edges = new EdgeList();
  do {
    table.rewind();
    let [src, dst, weight, column] = [0, 0, 1, 0];
    for (; table.field(); column++) {
      if (column === columns.source) src = nodes.number(table);
      else if (column === columns.target) dst = nodes.number(table);
      else if (column === columns.weight && !Number.isFinite((weight = table.number()))) throw weightError(table, options);
    }
    if (column !== first.length) throw malformed(reader, `${table.where} must have ${first.length} fields as the first, got ${column}: ${JSON.stringify(table.lineText())}. Name the \`separator\`, or mend the line.`, { line: table.line, fields: column });
    edges.add(src, dst, weight, options.undirected);
  } while (table.next());
  const { numNodes, nodeIds } = nodes.finish(edges.length);
  return graphData({ graph: createGraph({ numNodes, ...edges.edges() }), nodeIds });
}

const reader = "fromEdgeList";

interface Columns {
  readonly source: number;
  readonly target: number;
  /** -1 without weights. */
  readonly weight: number;
}

/** Ids that are the numbers of nodes. */
class Numbers {
  #largest = -1;

  constructor(private readonly numNodes: number | undefined) {}

  number(table: TextTable): number {
    const id = table.number();
    if (!Number.isInteger(id) || id < 0 || id >= (this.numNodes ?? 2 ** 31 - 1)) throw malformed(reader, `ids must be whole numbers from 0 ${this.numNodes === undefined ? "on" : `to ${this.numNodes - 1}`}, got ${JSON.stringify(table.text())} in ${table.where}. Pass { ids: "names" } to number nodes as they come${this.numNodes === undefined ? "" : ", or raise numNodes"}.`, { line: table.line, id: table.text() });
    if (id > this.#largest) this.#largest = id;
    return id;
  }

  finish(edges: number): { numNodes: number; nodeIds?: readonly string[] } {
    const numNodes = this.numNodes ?? this.#largest + 1;
    if (this.numNodes === undefined && numNodes > 1000 + 20 * edges) throw malformed(reader, `${edges} edges name nodes up to ${this.#largest}, so that nearly all of ${numNodes} nodes would be without edges. Pass { ids: "names" } to number nodes as they come, or { numNodes } when this is meant.`, { numNodes, edges });
    return { numNodes };
  }
}

/** Ids that are names, numbered as they come, or as listed. */
class Names {
  readonly #names = new ByteNames();

  constructor(private readonly listed: readonly string[] | undefined) {
    for (const [i, name] of (listed ?? []).entries()) {
      const bytes = new TextEncoder().encode(name);
      if (this.#names.find(bytes, 0, bytes.length, true) !== i) throw malformed(reader, `nodeIds must differ from each other, but ${JSON.stringify(name)} is there twice.`, { id: name });
    }
  }

  number(table: TextTable): number {
    if (table.empty) throw malformed(reader, `${table.where} has an empty id.`, { line: table.line });
    const number = table.numberIn(this.#names, this.listed === undefined);
    if (number === -1) throw malformed(reader, `${table.where} has a node ${JSON.stringify(table.text())}, which is not in nodeIds. Add it there, or leave the edge out.`, { line: table.line, id: table.text() });
    return number;
  }

  finish(): { numNodes: number; nodeIds?: readonly string[] } {
    return { numNodes: this.#names.length, nodeIds: this.listed ?? this.#names.names() };
  }
}

function fieldsOf(table: TextTable): string[] {
  const fields: string[] = [];
  for (table.rewind(); table.field(); ) fields.push(table.text());
  return fields;
}

const ends = new Set(["source", "target", "src", "dst", "from", "to", "origin", "destination", "node1", "node2", "id1", "id2", "u", "v"]);
const isNumber = (field: string | undefined) => field !== undefined && field !== "" && !Number.isNaN(Number(field));

function hasHeader(table: TextTable, first: readonly string[], { header, source, target, weight }: EdgeListOptions): boolean {
  if (header !== undefined) return header;
  if ([source, target, weight].some((column) => typeof column === "string")) return true;
  const [from, to] = [first[Number(source ?? 0)], first[Number(target ?? 1)]];
  if (isNumber(from) || isNumber(to)) return false;
  const weights = weight === false ? undefined : first[Number(weight ?? 2)];
  return (weights !== undefined && !isNumber(weights)) || (ends.has(from?.toLowerCase() ?? "") && ends.has(to?.toLowerCase() ?? "")) || table.peek(() => fieldsOf(table).every(isNumber));
}

function columnOf(first: readonly string[], header: boolean, column: string | number, option: string): number {
  const number = typeof column === "number" ? column : header ? first.indexOf(column) : -1;
  if (!Number.isInteger(number) || number < 0 || number >= first.length) throw malformed(reader, `${option} must be a column of the text, got ${JSON.stringify(column)}. ${header ? `Its columns are ${first.join(", ")}.` : `Its first line has ${first.length} fields: ${JSON.stringify(first.join(" "))}. Name the \`separator\` when that is not so.`}`, { column, columns: first });
  return number;
}

function guessIds(table: TextTable, { source, target }: Columns): "numbers" | "names" {
  const fields = fieldsOf(table);
  return [source, target].every((column) => /^\d+$/.test(fields[column] ?? "")) ? "numbers" : "names";
}

const weightError = (table: TextTable, { weight }: EdgeListOptions) => (weight === undefined && Number.isNaN(table.number()) && !/^[+-]?nan$/i.test(table.text()) ? malformed(reader, `the third column must be weights, finite numbers, got ${JSON.stringify(table.text())} in ${table.where}. Pass { weight: false } where it is something else.`, { line: table.line }) : unreadable(table));
