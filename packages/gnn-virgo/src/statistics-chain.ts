// The usual case of statistics.ts in one walk over the edges a step: one operator for all layers, no root terms, one column.
import type { EdgeOperator } from "./operator.js";
import { takeLargest } from "./statistics.js";

/**
 * log ‖P^k x‖² and log ‖(Pᵀ)^k 1‖², k = 0 … steps: what `pathLogs` gives of both ways. An edge reads and writes one stretch of
 * memory at each end, which holds the four numbers of a node, and not two: on graphs larger than the cache that is the time.
 */
export function chainLogs({ edges, loops, left, right }: EdgeOperator, steps: number, column: Float64Array): { forward: Float64Array; backward: Float64Array } {
  const { numNodes, src, dst, weight } = edges;
  const forward = { x: column.slice(), scale: 0, logs: new Float64Array(steps + 1) };
  const backward = { x: new Float64Array(numNodes).fill(1), scale: 0, logs: new Float64Array(steps + 1) };
  const nodes = new Float64Array(4 * numNodes); // what the node sends forward and backward, what it gets forward and backward
  for (let k = 0; ; k++) {
    for (const way of [forward, backward]) {
      const { largest, square } = takeLargest(way.x);
      way.scale += Math.log(largest);
      way.logs[k] = 2 * way.scale + Math.log(square);
    }
    if (k === steps) return { forward: forward.logs, backward: backward.logs };
    for (let i = 0, at = 0; i < numNodes; i++, at += 4) {
      const loop = loops === undefined ? 0 : loops[i]!;
      nodes[at] = right === undefined ? forward.x[i]! : forward.x[i]! * right[i]!;
      nodes[at + 1] = left === undefined ? backward.x[i]! : backward.x[i]! * left[i]!;
      nodes[at + 2] = loop * nodes[at]!;
      nodes[at + 3] = loop * nodes[at + 1]!;
    }
    for (let e = 0; e < src.length; e++) {
      const [from, to] = [4 * src[e]!, 4 * dst[e]!];
      const w = weight === undefined ? 1 : weight[e]!;
      nodes[to + 2]! += w * nodes[from]!;
      nodes[from + 3]! += w * nodes[to + 1]!;
    }
    for (let i = 0, at = 0; i < numNodes; i++, at += 4) {
      forward.x[i] = left === undefined ? nodes[at + 2]! : nodes[at + 2]! * left[i]!;
      backward.x[i] = right === undefined ? nodes[at + 3]! : nodes[at + 3]! * right[i]!;
    }
  }
}
