// Cora and CiteSeer as text: `<name>.content`, a line a paper with id, words and class, and `<name>.cites`, a line a citation.
import { createGraph } from "../graph.js";
import { EdgeList, Growing } from "../growing.js";
import { toUndirected } from "../graphs/undirected.js";
import { classesOf } from "./classes.js";
import { incomplete, malformed } from "./errors.js";
import { graphData, type GraphData } from "./graph-data.js";
import { NumberedNodes } from "./numbered-nodes.js";
import { requireFile, type TextFiles } from "./text-files.js";
import { TextTable, unreadable } from "./text-table.js";

export interface PlanetoidOptions {
  /** True merges citations of each other and makes every one go both ways, as papers on these data do; false: from the citing to the cited paper. Default true. */
  readonly undirected?: boolean;
  /** Citations of papers that `.content` lacks, as CiteSeer has some: an error, or left out. Default "error". */
  readonly unknown?: "error" | "drop";
}

/**
 * The older text form of Planetoid's data sets, `{ "cora.content": text, "cora.cites": text }`, with `features`, `labels` and `nodeIds`.
 * (The pickled `ind.*` files are Python's own: in Python, `json.dump` what torch_geometric reads from them, for `fromPyG`.)
 *
 * @throws {WarmstartError} INVALID_OPTION, with file and line, for rows of another length than the first, a feature that is no number,
 *   a paper that is there twice or cited and not there; NOT_FINITE; INSUFFICIENT_DATA for a missing or empty file.
 *
 * @example
 * const { graph, features, labels, classNames } = fromPlanetoid({ "cora.content": content, "cora.cites": cites });
 */
export function fromPlanetoid(files: TextFiles, { undirected = true, unknown = "error" }: PlanetoidOptions = {}): GraphData {
  const papers = requireFile(reader, files, "content");
  const content = new TextTable(reader, papers.text, papers.name);
  const nodes = new NumberedNodes(reader);
  const features = new Growing(Float32Array);
  const classes: string[] = [];
  let width = 0;
  while (content.next()) {
    if (width === 0) {
      content.separate();
      while (content.field()) width++;
      if (width < 2) throw malformed(reader, `${content.where} must have an id, features and a class, got ${JSON.stringify(content.lineText())}.`, { line: 1 });
      content.rewind();
    }
    let fields = 0;
    let wrong: Error | undefined;
    for (; content.field(); fields++) {
      if (fields === 0) nodes.add(content.text());
      else if (fields === width - 1) classes.push(content.text());
      else {
        const value = content.number();
        if (!Number.isFinite(value)) wrong ??= unreadable(content);
        features.push(value);
      }
    }
    if (fields !== width) throw malformed(reader, `${content.where} must have ${width} fields as the first, got ${fields}.`, { line: content.line, fields });
    if (wrong !== undefined) throw wrong;
  }
  if (width === 0) throw incomplete(reader, `${papers.name} is empty.`);
  const graph = createGraph({ numNodes: nodes.ids.length, ...citations(files, nodes, unknown) });
  return graphData({ graph: undirected ? toUndirected(graph) : graph, ...(width === 2 ? {} : { features: features.view().slice(), numFeatures: width - 2 }), ...classesOf(classes), nodeIds: nodes.ids });
}

const reader = "fromPlanetoid";

/** Lines name the cited paper first. */
function citations(files: TextFiles, nodes: NumberedNodes, unknown: "error" | "drop"): ReturnType<EdgeList["edges"]> {
  const { name, text } = requireFile(reader, files, "cites");
  const cites = new TextTable(reader, text, name);
  const edges = new EdgeList();
  while (cites.next()) {
    if (edges.length === 0) cites.separate();
    const [cited, citing] = [cites, cites].map((line) => (line.field() ? line.text() : undefined));
    if (cited === undefined || citing === undefined || cites.field()) throw malformed(reader, `${cites.where} must have two ids, got ${JSON.stringify(cites.lineText())}.`, { line: cites.line });
    const [src, dst] = [nodes.find(citing), nodes.find(cited)];
    if (src !== undefined && dst !== undefined) edges.add(src, dst);
    else if (unknown === "error") throw malformed(reader, `${cites.where} has the paper ${JSON.stringify(src === undefined ? citing : cited)}, which has no line among the papers. Pass { unknown: "drop" } to leave such citations out.`, { line: cites.line });
  }
  return edges.edges();
}
