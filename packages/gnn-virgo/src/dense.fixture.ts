// Every convolution once more, written out over dense matrices in float64: what the tests compare with.
import fc from "fast-check";

export type Rows = number[][];

/** An edge list with loops, parallel edges, isolated nodes; weights are positive. */
export interface Drawn {
  readonly numNodes: number;
  readonly src: number[];
  readonly dst: number[];
  readonly weight: number[] | undefined;
}

export const graphs: fc.Arbitrary<Drawn> = fc.integer({ min: 1, max: 9 }).chain((numNodes) =>
  fc.record({
    numNodes: fc.constant(numNodes),
    edges: fc.array(fc.tuple(fc.nat(numNodes - 1), fc.nat(numNodes - 1), fc.integer({ min: 1, max: 8 })), { maxLength: 30 }),
    weighted: fc.boolean(),
  }).map(({ edges, weighted }) => ({ numNodes, src: edges.map(([src]) => src), dst: edges.map(([, dst]) => dst), weight: weighted ? edges.map(([, , weight]) => weight / 4) : undefined })),
);

/** Spread numbers, of which no two are equal and none is 0. */
export const rows = (count: number, width: number, seed: number): Rows => Array.from({ length: count }, (_, i) => Array.from({ length: width }, (_, j) => Math.fround(Math.sin((i * width + j + 1) * 2.399 + seed * 0.77) + 0.05 * Math.cos(i + 3 * j))));

export const times = (a: Rows, b: Rows): Rows => a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
export const plus = (a: Rows, b: Rows | number[]): Rows => a.map((row, i) => row.map((value, j) => value + (Array.isArray(b[0]) ? (b as Rows)[i]![j]! : (b as number[])[j]!)));
export const each = (a: Rows, f: (value: number) => number): Rows => a.map((row) => row.map(f));

const zeros = (n: number): Rows => Array.from({ length: n }, () => Array<number>(n).fill(0));

/** A[i, j]: the weights of the edges from j to i. */
export function adjacency({ numNodes, src, dst, weight }: Drawn): Rows {
  const dense = zeros(numNodes);
  src.forEach((from, e) => (dense[dst[e]!]![from]! += weight?.[e] ?? 1));
  return dense;
}

/** With self-loops where there are none, then divided by the roots of the in-degrees. Of several loops at a node the last one stays, as in PyG. */
export function gcnMatrix(drawn: Drawn): Rows {
  const { numNodes, src, dst, weight } = drawn;
  const loops = Array<number>(numNodes).fill(1);
  src.forEach((from, e) => void (from === dst[e] && (loops[from] = weight?.[e] ?? 1)));
  const a = adjacency(drawn).map((row, i) => row.map((value, j) => (i === j ? loops[i]! : value)));
  const degrees = a.map((row) => row.reduce((sum, value) => sum + value, 0));
  return a.map((row, i) => row.map((value, j) => value / Math.sqrt(degrees[i]! * degrees[j]!)));
}

export const meanMatrix = (drawn: Drawn): Rows => adjacency(drawn).map((row) => row.map((value) => value / (row.reduce((sum, other) => sum + other, 0) || 1)));

/** The largest of each feature among a node's sources, 0 where it has none. */
export const largest = ({ numNodes, src, dst }: Drawn, x: Rows): Rows =>
  Array.from({ length: numNodes }, (_, i) => x[0]!.map((_, j) => src.reduce((most, from, e) => (dst[e] === i ? Math.max(most, x[from]![j]!) : most), -Infinity))).map((row) => row.map((value) => (value === -Infinity ? 0 : value)));

/** Of one head: softmax over the edges into each node of `score(target, source)`, then the weighted sum of `values`. */
export function attended({ numNodes, src, dst }: Drawn, selfLoops: boolean, score: (target: number, source: number) => number, values: Rows): Rows {
  const edges = src.map((from, e) => [from, dst[e]!] as const).filter(([from, to]) => !selfLoops || from !== to);
  if (selfLoops) for (let node = 0; node < numNodes; node++) edges.push([node, node]);
  return Array.from({ length: numNodes }, (_, i) => {
    const own = edges.filter(([, to]) => to === i).map(([from]) => ({ from, power: Math.exp(score(i, from)) }));
    const total = own.reduce((sum, { power }) => sum + power, 0);
    return values[0]!.map((_, j) => own.reduce((sum, { from, power }) => sum + (power / total) * values[from]![j]!, 0));
  });
}
