// Arguments are checked at the public functions; the code inside relies on it.
import type { Tensor } from "@tensorflow/tfjs-core";
import { requireKernels, WarmstartError } from "@warmstart/init-core";
import type { Graph } from "./graph.js";

/** Throws `SHAPE_MISMATCH` unless `x` is `"nodes features"` of the graph, `BACKEND` where nothing can be added up by nodes. */
export function requireNodes(where: string, graph: Graph, x: Tensor): void {
  requireKernels(["UnsortedSegmentSum"], where);
  if (x.rank === 2 && x.shape[0] === graph.numNodes) return;
  throw new WarmstartError("SHAPE_MISMATCH", `${where}: x must have shape [${graph.numNodes}, features], a row a node, got [${x.shape}].`, { shape: x.shape, numNodes: graph.numNodes });
}

/** Throws `SHAPE_MISMATCH` unless the tensor is there and has this shape, in which null is any size. */
export function requireShape(where: string, name: string, tensor: Tensor, expected: readonly (number | null)[], hint: string): void {
  const { shape } = tensor;
  if (shape.length === expected.length && shape.every((size, i) => expected[i] === null || size === expected[i])) return;
  throw new WarmstartError("SHAPE_MISMATCH", `${where}: \`${name}\` must have shape [${expected.map((size) => size ?? "*").join(", ")}], got [${shape.join(", ")}]. ${hint}`, { name, shape, expected });
}

/** Throws `INVALID_OPTION` unless `value` is one of `choices`. */
export function requireChoice<T extends string | number>(where: string, name: string, value: T, choices: readonly T[]): void {
  if (choices.includes(value)) return;
  throw new WarmstartError("INVALID_OPTION", `${where}: \`${name}\` must be one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}, got ${JSON.stringify(value) ?? String(value)}. Choose one of these.`, { [name]: value, choices });
}

/** Throws `INVALID_OPTION` unless `value` is an integer of at least 1. */
export function requireCount(where: string, name: string, value: number, hint: string): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new WarmstartError("INVALID_OPTION", `${where}: \`${name}\` must be an integer of at least 1, got ${value}. ${hint}`, { [name]: value });
}

/** Throws `INVALID_OPTION` unless `value` is a finite number. */
export function requireFinite(where: string, name: string, value: number, hint: string): void {
  if (Number.isFinite(value)) return;
  throw new WarmstartError("INVALID_OPTION", `${where}: \`${name}\` must be a finite number, got ${value}. ${hint}`, { [name]: value });
}
