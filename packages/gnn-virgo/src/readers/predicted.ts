// What is to be predicted, as classes where it is one whole number a row, else as numbers.
import type { Numbers } from "../graph.js";
import type { GraphData } from "./graph-data.js";

/**
 * Labels when there is one column of whole numbers or NaN (unknown), targets otherwise.
 *
 * @param wrong the error for a class below -1, by row.
 */
export function predicted(values: Numbers, columns: number, of: "nodes" | "graphs", wrong: (row: number) => Error): Partial<GraphData> {
  let whole = columns === 1;
  for (let i = 0; i < values.length && whole; i++) whole = Number.isInteger(values[i]) || Number.isNaN(values[i]);
  if (!whole) return { targets: new Float32Array(values), numTargets: columns };
  const labels = new Int32Array(values.length);
  let numClasses = 0;
  for (let i = 0; i < labels.length; i++) {
    if (values[i]! < -1) throw wrong(i);
    labels[i] = Number.isNaN(values[i]) ? -1 : values[i]!;
    numClasses = Math.max(numClasses, labels[i]! + 1);
  }
  return { [of === "nodes" ? "labels" : "graphLabels"]: labels, numClasses };
}
