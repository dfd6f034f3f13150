// What the readers of this folder give: graphs with labels, graphs whose links are to be guessed, and many small graphs with a label each.

/** Edges, each once: a message flows from `src[e]` to `dst[e]`, and where the direction means nothing also back. */
export interface Edges {
  readonly numNodes: number;
  readonly src: Int32Array;
  readonly dst: Int32Array;
  /** Absent when every edge weighs 1. */
  readonly weight?: Float64Array;
}

/** A graph of which some nodes' classes are known. */
export interface NodeData extends Edges {
  readonly title: string;
  /** Where it is from, with its licence. */
  readonly source: string;
  readonly directed: boolean;
  /** `"nodes width"` row-major. Absent: a column for every node. */
  readonly features?: { readonly values: Float32Array; readonly width: number };
  /** Class of each node, -1 for those that are only there to pass messages on. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** The split that comes with the data: without one it is drawn by the seed. */
  readonly split?: Split;
}

/** Indices of nodes or graphs. */
export interface Split {
  readonly train: Int32Array;
  readonly valid: Int32Array;
  readonly test: Int32Array;
}

/** A graph whose links have kinds: triples `(from, kind, to)`, each once. */
export interface LinkData {
  readonly title: string;
  readonly source: string;
  readonly numNodes: number;
  readonly from: Int32Array;
  readonly kind: Int32Array;
  readonly to: Int32Array;
  readonly kinds: readonly string[];
  readonly features: { readonly values: Float32Array; readonly width: number };
}

/** Many small graphs side by side in one, a label each. */
export interface GraphsData extends Edges {
  readonly title: string;
  readonly source: string;
  readonly directed: boolean;
  /** Of which graph each node is. */
  readonly batch: Int32Array;
  readonly numGraphs: number;
  readonly features: { readonly values: Float32Array; readonly width: number };
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** Graphs that must stay on one side of a split have the same number. Absent: each may go anywhere. */
  readonly groups?: Int32Array;
  readonly split?: Split;
}

/** Drops self-loops and, of several edges between two nodes, all but one; `directed: false` also counts there and back as one. */
export function distinctEdges(numNodes: number, src: ArrayLike<number>, dst: ArrayLike<number>, directed: boolean): Edges {
  const seen = new Set<number>();
  const [from, to]: [number[], number[]] = [[], []];
  for (let e = 0; e < src.length; e++) {
    const [a, b] = [src[e]!, dst[e]!];
    const key = directed || a < b ? a * numNodes + b : b * numNodes + a;
    if (a === b || seen.has(key)) continue;
    seen.add(key);
    from.push(a);
    to.push(b);
  }
  return { numNodes, src: Int32Array.from(from), dst: Int32Array.from(to) };
}

/** A column for each class of texts' words: `"texts width"`, 1 where a word of three or more letters falls into it. Which words share a column is chance. */
export function hashedWords(texts: readonly string[], width: number): { values: Float32Array; width: number } {
  const values = new Float32Array(texts.length * width);
  const columns = new Map<string, number>();
  for (const [i, text] of texts.entries()) {
    for (const word of text.toLowerCase().match(/\p{L}{3,}/gu) ?? []) {
      let column = columns.get(word);
      if (column === undefined) columns.set(word, (column = hashOf(word) % width));
      values[i * width + column] = 1;
    }
  }
  return { values, width };
}

/** Fowler, Noll and Vo's hash of a text, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** @throws when a count is another than this comparison was made with. */
export function expectCounts(source: string, hint: string, counts: Readonly<Record<string, readonly [got: number, least: number, most?: number]>>): void {
  const wrong = Object.entries(counts).filter(([, [got, least, most = least]]) => got < least || got > most);
  if (wrong.length > 0) throw new Error(`${source}: ${wrong.map(([name, [got, least, most = least]]) => `expected ${least === most ? least : `${least} to ${most}`} ${name}, found ${got}`).join("; ")}. ${hint}`);
}
