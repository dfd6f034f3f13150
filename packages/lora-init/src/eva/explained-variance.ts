// EVA's mathematics for one layer, on tensors: directions of its inputs and how much of the variance each explains.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { eachBatch, WarmstartError, type Data, type InitOptions } from "@warmstart/init-core";
import { TrackedInput } from "./convergence.js";
import { createStatistics, type StatisticsOptions } from "./statistics.js";

export interface ExplainedVarianceOptions extends StatisticsOptions, Pick<InitOptions, "signal"> {
  /** Directions to keep. */
  readonly components: number;
}

export interface ExplainedVariance {
  /** `"components width"`, orthonormal rows, the strongest first; the largest entry of each is positive. The caller disposes it. */
  readonly components: Tensor2D;
  readonly singularValues: Float64Array;
  /** σ_j² / (rows − 1). */
  readonly explainedVariance: Float64Array;
  /** σ_j² / total variance. */
  readonly explainedVarianceRatio: Float64Array;
  /** `"width"`; the caller disposes it. */
  readonly mean: Tensor1D;
  /** Sum of squares about the mean. */
  readonly totalVariance: number;
  /** After every batch but the first: the cosine of each direction with itself one batch earlier. */
  readonly cosines: number[][];
  readonly rows: number;
}

/**
 * Principal directions of a stream of rows, `"rows width"` a batch (EVA, arXiv:2410.07170, Alg. 2).
 *
 * @throws {WarmstartError} INSUFFICIENT_DATA without rows, INVALID_OPTION for more components than columns. Nothing is leaked.
 *
 * @example
 * const { components, explainedVarianceRatio } = await explainedVariance(batches, { components: 16 });
 */
export async function explainedVariance(batches: Data<Tensor2D>, options: ExplainedVarianceOptions): Promise<ExplainedVariance> {
  const { components: k } = options;
  if (!Number.isInteger(k) || k < 1) throw new WarmstartError("INVALID_OPTION", `explainedVariance: \`components\` must be a whole number of at least 1, got ${k}.`, { components: k });
  let tracked: TrackedInput | undefined;
  const cosines: number[][] = [];
  try {
    await eachBatch(batches, { caller: "explainedVariance", ...(options.signal ? { signal: options.signal } : {}) }, async (rows) => {
      const width = rows.shape[1];
      if (k > width) throw new WarmstartError("INVALID_OPTION", `explainedVariance: ${k} components asked of rows with ${width} columns. Ask for at most ${width}.`, { components: k, width });
      tracked ??= new TrackedInput(createStatistics(width, k, options), k);
      await tracked.statistics.update(rows);
      await tracked.refresh();
      if (tracked.cosines.length > 0) cosines.push(tracked.cosines);
    });
    const { statistics, singularValues, ratio, components } = tracked!;
    return {
      components: tf.clone(components!),
      singularValues,
      explainedVariance: singularValues.map((sigma) => (sigma * sigma) / (statistics.rows - 1)),
      explainedVarianceRatio: ratio,
      mean: statistics.mean(),
      totalVariance: await statistics.totalVariance(),
      cosines,
      rows: statistics.rows,
    };
  } finally {
    tracked?.dispose();
  }
}
