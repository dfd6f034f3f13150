// Blocks scored by what comes out of them: the mean absolute activation, and the rank of feature maps (HRank: M. Lin et al., Filter pruning using
// high-rank feature map, CVPR 2020, arXiv:2002.10179). Both are for trained networks; both are named, not defined for blocks, by A. Jordao et al.,
// arXiv:2301.10835: the mean over the whole output, and the mean over its maps, are ours.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor4D } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph, WarmstartError, type LabelledBatch } from "@warmstart/init-core";
import { allFinite } from "../scores/read-scores.js";
import type { ResidualBlock } from "./find-residual-blocks.js";
import { matrixRank } from "./matrix-rank.js";
import type { ScoreBlocksOptions } from "./score-blocks.js";
import { sizeOf } from "./scoring-batches.js";

type ActivationCriterion = "expectedAbs" | "hrank";

/** The scores of `blocks`, in their order, with moving statistics and without dropout. The model is left alone. */
export async function activationScores(criterion: ActivationCriterion, model: LayersModel, blocks: readonly ResidualBlock[], batches: readonly LabelledBatch[], { signal, onProgress }: ScoreBlocksOptions): Promise<number[]> {
  const ends = blockOutputs(model, blocks);
  if (criterion === "hrank") requireMaps(blocks, ends);
  const sums = new Float64Array(blocks.length);
  for (const [done, batch] of batches.entries()) {
    signal?.throwIfAborted();
    const outputs = outputsAt(model, ends.map(({ tensor }) => tensor), batch);
    try {
      for (const [i, output] of outputs.entries()) sums[i]! += sizeOf(batch) * (await (criterion === "hrank" ? meanRank : meanAbsolute)(output));
    } finally {
      tf.dispose(outputs);
    }
    onProgress?.({ stage: `${criterion} of blocks`, done: done + 1, total: batches.length });
    await new Promise((resolve) => setTimeout(resolve, 0)); // lets timers run, so that somebody can abort
  }
  signal?.throwIfAborted();
  const samples = batches.reduce((total, batch) => total + sizeOf(batch), 0);
  return Array.from(sums, (sum) => sum / samples);
}

interface BlockOutput {
  /** Its name in the model's graph. */
  readonly tensor: string;
  readonly shape: readonly (number | null)[];
}

/** What the last layer of each block makes: the activation behind the Add where it belongs to the block. */
function blockOutputs(model: LayersModel, blocks: readonly ResidualBlock[]): BlockOutput[] {
  const { calls } = layerGraph(model);
  return blocks.map(({ layers }) => {
    const own = calls.filter(({ path }) => layers.includes(path));
    const { outputs, outputShapes } = own.at(-1)!;
    return { tensor: outputs[0]!, shape: outputShapes[0]! };
  });
}

function requireMaps(blocks: readonly ResidualBlock[], outputs: readonly BlockOutput[]): void {
  const flat = outputs.findIndex(({ shape }) => shape.length !== 4);
  if (flat >= 0) throw new WarmstartError("INVALID_OPTION", `scoreBlocks: the criterion "hrank" takes the rank of feature maps, and the output of "${blocks[flat]!.id}" has shape [${outputs[flat]!.shape.slice(1)}], not height, width and channels. Use "expectedAbs", "kl" or "cka".`, { id: blocks[flat]!.id });
}

/** The tensors of these names when the model runs in inference; the caller disposes them. */
function outputsAt(model: LayersModel, names: readonly string[], { xs }: LabelledBatch): Tensor[] {
  const { calls, inputs } = layerGraph(model);
  const given = [xs].flat();
  if (given.length !== inputs.length) throw new WarmstartError("SHAPE_MISMATCH", `scoreBlocks: the model takes ${inputs.length} input(s), a batch has ${given.length}.`, { expected: inputs.length, received: given.length });
  return tf.tidy(() => {
    const values = new Map(inputs.map((name, i) => [name, given[i]!]));
    for (const { layer, inputs: reads, outputs } of calls) {
      const read = reads.map((name) => values.get(name)!);
      const made = [layer.apply(read.length === 1 ? read[0]! : read, { training: false }) as Tensor | Tensor[]].flat();
      for (const [i, name] of outputs.entries()) values.set(name, made[i]!);
    }
    return names.map((name) => tf.clone(values.get(name)!));
  });
}

async function meanAbsolute(output: Tensor): Promise<number> {
  const mean = tf.tidy(() => tf.mean(tf.abs(output)));
  const [value] = await mean.data();
  mean.dispose();
  return value!;
}

/** The mean over samples and channels of a map's rank over its shorter side. */
async function meanRank(output: Tensor): Promise<number> {
  const [, height, width] = output.shape as Tensor4D["shape"];
  const maps = tf.tidy(() => tf.reshape(tf.transpose(output, [0, 3, 1, 2]), [-1, height * width]));
  const values = await maps.data<"float32">();
  const count = maps.shape[0]!;
  maps.dispose();
  if (!allFinite(values)) return NaN;
  let sum = 0;
  for (let map = 0; map < count; map++) sum += matrixRank(values.subarray(map * height * width, (map + 1) * height * width), height, width);
  return sum / (count * Math.min(height, width));
}
