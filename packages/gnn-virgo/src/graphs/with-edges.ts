// Graphs made from graphs.
import { createGraph, type Graph } from "../graph.js";

/** The same nodes with other edges. */
export function withEdges({ numNodes, batch, numGraphs }: Graph, src: Int32Array, dst: Int32Array, weight?: Float64Array): Graph {
  return createGraph({ numNodes, src, dst, ...weightOption(weight), ...(batch === undefined ? {} : { batch, numGraphs }) });
}

/** Weights as an option of `createGraph`: none where all are 1. */
export function weightOption(weight: Float64Array | undefined): { weight?: Float64Array } {
  return weight === undefined || weight.every((w) => w === 1) ? {} : { weight };
}

/** The entries of `all` at the places `at`. */
export function taken<T extends Int32Array | Float64Array>(all: T, at: Int32Array): T {
  const result = new (all.constructor as new (length: number) => T)(at.length);
  for (let i = 0; i < at.length; i++) result[i] = all[at[i]!]!;
  return result;
}
