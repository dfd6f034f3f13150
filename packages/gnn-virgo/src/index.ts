export { createGraph, type Graph, type GraphOptions, type Numbers } from "./graph.js";
export { graphOperator, type OperatorName, type OperatorOptions } from "./operator.js";
export { propagate } from "./propagate.js";
export type { SparseMatrix } from "./sparse-matrix.js";
