// Matrix Market's coordinate format (SuiteSparse, Network Repository; Boisvert, Pozo, Remington 1996): a graph as its adjacency matrix.
import { createGraph } from "../graph.js";
import { EdgeList } from "../growing.js";
import { incomplete, malformed } from "./errors.js";
import { graphData, type GraphData } from "./graph-data.js";
import { TextTable, unreadable, type FileText } from "./text-table.js";

/**
 * A square matrix in coordinates, entry (i, j) being an edge from node i - 1 to node j - 1 with the entry as its weight: `real`,
 * `integer` or `pattern` (without weights); `general`, or `symmetric` and `skew-symmetric`, which have one half of the matrix in the file.
 *
 * @throws {WarmstartError} INVALID_OPTION, with the line, for other kinds (complex, array), a matrix that is not square, an entry out of
 *   range, fields missing; NOT_FINITE; INSUFFICIENT_DATA for fewer entries than announced.
 *
 * @example
 * const { graph } = fromMatrixMarket("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 2\n");
 */
export function fromMatrixMarket(text: FileText): GraphData {
  const table = new TextTable(reader, text);
  const { pattern, symmetry } = kindOf(table);
  table.skipComments("%");
  const { rows, columns, entries } = sizes(table);
  if (rows !== columns) throw malformed(reader, `the matrix must be square, a row and a column a node, got ${rows} by ${columns}.`, { rows, columns });
  const edges = new EdgeList();
  let count = 0;
  for (; table.next(); count++) {
    const [src, dst] = [node(table, rows), node(table, rows)];
    const valued = !pattern && table.field();
    const weight = valued ? table.number() : 1;
    if (!Number.isFinite(weight)) throw unreadable(table);
    if (valued === pattern || table.field()) throw malformed(reader, `${table.where} must have ${pattern ? 2 : 3} fields, got ${JSON.stringify(table.lineText())}.`, { line: table.line });
    if (symmetry === "skew-symmetric" && src === dst) throw malformed(reader, `a skew-symmetric matrix has nothing on its diagonal, got row and column ${src + 1} in ${table.where}.`, { line: table.line });
    edges.add(src, dst, weight, symmetry === "symmetric");
    if (symmetry === "skew-symmetric") edges.add(dst, src, -weight);
  }
  if (count < entries) throw incomplete(reader, `the text must have ${entries} entries, as its first lines say, got ${count}. It seems to be cut off.`, { entries, count });
  if (count > entries) throw malformed(reader, `the text must have ${entries} entries, as its first lines say, got ${count}.`, { entries, count });
  return graphData({ graph: createGraph({ numNodes: rows, ...edges.edges() }) });
}

const reader = "fromMatrixMarket";

function kindOf(table: TextTable): { pattern: boolean; symmetry: string } {
  const header = table.next() ? table.lineText() : "";
  const [banner, object, format, field = "", symmetry = ""] = header.toLowerCase().split(/\s+/);
  if (banner !== "%%matrixmarket") throw malformed(reader, `the text must begin with %%MatrixMarket, got ${JSON.stringify(header.slice(0, 60))}. For lists of edges without it there is fromEdgeList.`);
  const kinds = { real: false, double: false, integer: false, pattern: true }[field];
  if (object !== "matrix" || format !== "coordinate" || kinds === undefined || !["general", "symmetric", "skew-symmetric"].includes(symmetry)) throw malformed(reader, `the matrix must be of the kind "matrix coordinate", real, integer or pattern, and general, symmetric or skew-symmetric, got ${JSON.stringify(header)}.`, { header });
  return { pattern: kinds, symmetry };
}

function sizes(table: TextTable): { rows: number; columns: number; entries: number } {
  const found = table.next();
  const numbers: number[] = [];
  if (found) while (table.field()) numbers.push(table.number());
  if (numbers.length !== 3 || numbers.some((size) => !Number.isInteger(size) || size < 0)) throw malformed(reader, `${found ? table.where : "the text"} must have the numbers of rows, columns and entries, got ${found ? JSON.stringify(table.lineText()) : "no such line"}.`, { line: table.line });
  const [rows = 0, columns = 0, entries = 0] = numbers;
  return { rows, columns, entries };
}

function node(table: TextTable, count: number): number {
  const number = table.field() ? table.number() : NaN;
  if (!Number.isInteger(number) || number < 1 || number > count) throw malformed(reader, `rows and columns must be whole numbers from 1 to ${count}, got ${JSON.stringify(table.lineText())} in ${table.where}.`, { line: table.line });
  return number - 1;
}
