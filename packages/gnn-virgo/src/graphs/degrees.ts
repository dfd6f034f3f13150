import { WarmstartError } from "@warmstart/init-core";
import type { Graph } from "../graph.js";

/**
 * How many edges lead into each node, or out of it, `"nodes"`: self-loops count once, weights do not count.
 *
 * @throws {WarmstartError} INVALID_OPTION for another direction.
 *
 * @example
 * const features = tf.oneHot(tf.tensor1d(degrees(graph, "in"), "int32"), 64); // for graphs without features
 */
export function degrees(graph: Graph, direction: "in" | "out"): Int32Array {
  if (direction !== "in" && direction !== "out") throw new WarmstartError("INVALID_OPTION", `degrees: direction must be "in" or "out", got ${JSON.stringify(direction)}. On an undirected graph they are the same.`, { direction });
  const counts = new Int32Array(graph.numNodes);
  for (const node of direction === "in" ? graph.dst : graph.src) counts[node]!++;
  return counts;
}
