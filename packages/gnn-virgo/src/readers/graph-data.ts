import type { Graph } from "../graph.js";

/** Numbers of the nodes (or graphs) to train on, to choose by, and to report. */
export interface Splits {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/**
 * What every reader returns: a graph, and of what belongs to it that which was there. Many graphs come as one batch
 * (`selectGraphs` takes some of it). All on the host: `tf.tensor2d(features, [graph.numNodes, numFeatures])`.
 */
export interface GraphData {
  readonly graph: Graph;
  /** `"nodes numFeatures"`, row by row; PyG's `x`. */
  readonly features?: Float32Array;
  /** 0 without features. */
  readonly numFeatures: number;
  /** Class of each node, from 0 on, -1 where it is not known; PyG's `y`. */
  readonly labels?: Int32Array;
  /** Class of each graph of a batch, from 0 on, -1 where it is not known. */
  readonly graphLabels?: Int32Array;
  /** 0 without classes. */
  readonly numClasses: number;
  /** What each class is called in the data. */
  readonly classNames?: readonly string[];
  /** What is to be predicted where that is no class: real numbers or several a row, `"nodes numTargets"` or, of graphs, `"graphs numTargets"`. NaN where unknown. */
  readonly targets?: Float32Array;
  /** 0 without targets. */
  readonly numTargets: number;
  /** What each node is called in the data, where it is not its number. */
  readonly nodeIds?: readonly string[];
  /** Of nodes; of graphs where the graphs have the labels or targets. */
  readonly splits?: Splits;
}

/** The parts that were there, with the counts that were not. */
export function graphData(parts: { readonly [name in keyof GraphData]?: GraphData[name] | undefined } & { readonly graph: Graph }): GraphData {
  const present = Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as Partial<GraphData> & { graph: Graph };
  return { numFeatures: 0, numClasses: 0, numTargets: 0, ...present };
}
