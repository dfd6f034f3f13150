import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { countMacs } from "@warmstart/pruning-at-init";
import { balancedBatch } from "../image-batches.js";
import type { Images } from "../images.js";
import { prepare } from "./prune.js";
import type { DataName, NetName, Result, Results, Run } from "./results.js";
import { train, type Training } from "./train.js";

/** What the runs of a comparison have in common. */
export interface Setting {
  readonly net: (name: NetName, seed: number, shape: Images["shape"]) => tf.LayersModel;
  readonly training: (data: DataName) => Training;
}

/** From a new network of the seed to its accuracy. Frees everything. */
export async function runOnce({ net, training }: Setting, run: Run): Promise<Result> {
  const begun = performance.now();
  const how = training(run.data);
  const batch = balancedBatch(how.train, 10, run.seed);
  try {
    const { model, pruned, weights, disconnected } = await prepare(net(run.net, run.seed, how.train.shape), run, [batch]);
    try {
      const { accuracy, seconds } = await train(model, how, run.seed, pruned);
      const tenths = (value: number) => Number(value.toFixed(1));
      return { ...run, steps: how.steps, backend: tf.getBackend(), accuracy, weights, macs: countMacs(model).total, disconnected, seconds: tenths((performance.now() - begun) / 1000), trainingSeconds: tenths(seconds) };
    } finally {
      disposeModel(model);
      pruned?.dispose();
    }
  } finally {
    tf.dispose([batch.xs, batch.ys]);
  }
}

/** Runs what the file has not yet. */
export async function runAll(setting: Setting, runs: readonly Run[], file: Results, onRun: (result: Result, done: number, total: number) => void): Promise<void> {
  for (const [i, run] of runs.entries()) {
    if (file.has({ ...run, steps: setting.training(run.data).steps })) continue;
    const result = await runOnce(setting, run);
    file.add(result);
    onRun(result, i + 1, runs.length);
  }
}
