// Blocks scored by what leaving them out does to the network: Kullback–Leibler divergence of the outputs, alignment of the last features.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { disposeModel, layerGraph, networkOf, WarmstartError, type LabelledBatch } from "@warmstart/init-core";
import { klDivergence, linearCka } from "./compare-outputs.js";
import { openNetwork } from "../scores/prunable.js";
import type { ResidualBlock } from "./find-residual-blocks.js";
import { removeBlocks } from "./remove-blocks.js";
import type { ScoreBlocksOptions } from "./score-blocks.js";

const caller = "scoreBlocks";

/** The scores of `blocks`, in their order, with moving statistics. The model is left alone. */
export async function ablationScores(criterion: "kl" | "cka", model: LayersModel, blocks: readonly ResidualBlock[], batches: readonly LabelledBatch[], { signal, onProgress }: ScoreBlocksOptions): Promise<number[]> {
  const read = (of: LayersModel) => (criterion === "kl" ? logitsOf(of, batches) : lastInputs(of, batches));
  const intact = read(model);
  try {
    const values: number[] = [];
    for (const { id } of blocks) {
      signal?.throwIfAborted();
      const without = removeBlocks(model, [id]);
      const ablated = read(without);
      disposeModel(without);
      try {
        values.push(criterion === "kl" ? await klDivergence(intact, ablated) : 1 - (await linearCka(intact as Tensor2D, ablated as Tensor2D)));
      } finally {
        ablated.dispose();
      }
      onProgress?.({ stage: `${criterion} without each block`, done: values.length, total: blocks.length });
      await new Promise((resolve) => setTimeout(resolve, 0)); // lets timers run, so that somebody can abort
    }
    signal?.throwIfAborted();
    return values;
  } finally {
    intact.dispose();
  }
}

function logitsOf(model: LayersModel, batches: readonly LabelledBatch[]): Tensor {
  if (model.outputs.length !== 1) throw new WarmstartError("INVALID_OPTION", `${caller}: the criterion "kl" compares one output, the model has ${model.outputs.length}. Use "cka" or a function of your own.`);
  const { network, close } = openNetwork(model);
  try {
    return tf.tidy(() => tf.concat(batches.map(({ xs }) => network.forward(xs) as Tensor)));
  } finally {
    close();
  }
}

/** What the last layer with a kernel reads, `"samples features"`. */
function lastInputs(model: LayersModel, batches: readonly LabelledBatch[]): Tensor2D {
  const network = networkOf(model);
  const sites = new Map(network.sites.map((site) => [site.layer, site]));
  const last = layerGraph(model).calls.map(({ path }) => sites.get(path)).findLast((site) => site !== undefined);
  if (last === undefined) throw new WarmstartError("INVALID_OPTION", `${caller}: the criterion "cka" compares what the last dense or convolution layer reads, and the model has none. Use "kl" or a function of your own.`);
  const features: Tensor2D[] = [];
  try {
    // The pass frees its tensors when it ends; what is kept is freed here.
    for (const { xs } of batches) network.forward(xs, { until: [last], onInput: (site, input) => {
      if (site === last) features.push(tf.keep(tf.reshape(input, [input.shape[0]!, -1])));
    } });
    return tf.concat(features);
  } finally {
    tf.dispose(features);
  }
}
