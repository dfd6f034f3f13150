// What the forward statistic sends over the graph: columns of numbers, one a node.
import { WarmstartError } from "@warmstart/init-core";

/** - `mean`: each node's mean over its features, one column (the authors' code);
 * - `frobenius`: all features, a column each, the exact form of the path model;
 * - `ones`: 1 at every node, whatever the features. */
export type Reduce = "mean" | "frobenius" | "ones";

/** Node features on the host, row-major `"nodes features"`: `await x.data()` of a tensor. */
export type Features = Float32Array | Float64Array;

/** The columns; each may be the same buffer, filled anew. */
export function* featureColumns(reduce: Reduce, numNodes: number, features: Features | undefined): Generator<Float64Array> {
  if (reduce === "ones" || features === undefined) {
    yield new Float64Array(numNodes).fill(1);
    return;
  }
  const width = features.length / numNodes;
  const column = new Float64Array(numNodes);
  if (reduce === "mean") {
    for (let i = 0, at = 0; i < numNodes; i++) {
      let sum = 0;
      for (let d = 0; d < width; d++) sum += features[at++]!;
      column[i] = sum / width;
    }
    yield column;
    return;
  }
  for (let d = 0; d < width; d++) {
    for (let i = 0; i < numNodes; i++) column[i] = features[i * width + d]!;
    yield column;
  }
}

/** (Σ x)² / (N Σ x²), from 0 to 1: how much of x is the same at every node. Graph operators keep that part and average the rest away. */
export function constantShare(x: Float64Array): number {
  let [largest, sum, square] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]!));
  if (largest === 0) return 1;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]! / largest;
    sum += value;
    square += value * value;
  }
  return (sum * sum) / (x.length * square);
}

/** Throws unless there are as many features as there should be, all finite. */
export function checkFeatures(caller: string, features: Features, numNodes: number, width: number | undefined): void {
  const fits = width === undefined ? features.length > 0 && features.length % numNodes === 0 : features.length === numNodes * width;
  if (!fits) throw new WarmstartError("SHAPE_MISMATCH", `${caller}: features must hold ${numNodes} nodes × ${width ?? "any number of"} features, row by row, got ${features.length} numbers. Their width is the first entry of dims.`, { length: features.length, numNodes, width });
  for (let i = 0; i < features.length; i++) {
    if (!Number.isFinite(features[i])) throw new WarmstartError("NOT_FINITE", `${caller}: features must be finite, got ${features[i]} at node ${Math.floor(i / (features.length / numNodes))}, feature ${i % (features.length / numNodes)}. Replace what is missing before training.`, { position: i });
  }
}
