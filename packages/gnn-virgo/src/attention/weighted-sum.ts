// What attention is for: of each row's sources the sum, weighted.
import type { Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { csrMatMul } from "@warmstart/gradients";
import type { Layout } from "./layout.js";

/**
 * `"N*H D"`: the sparse matrix with these values, `"E*H"`, times x `"N*H D"`. Differentiable towards both, where the backend has the
 * kernel without a row an edge. The gradient towards x scatters; gathering over a transposed matrix with the values in its order
 * was no faster on WebAssembly and slower on tfjs-node.
 */
export function weightedSum({ numNodes, heads, pointers, rows, columns }: Layout, values: Tensor1D, x: Tensor2D): Tensor2D {
  const size = numNodes * heads;
  return csrMatMul({ rowPointers: pointers, columnIndices: columns, rowIndices: rows, values, rows: size, columns: size }, x);
}
