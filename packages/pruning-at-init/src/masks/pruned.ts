// The result of pruning: masks that stay, and the way to keep a network masked while it trains.
import * as tf from "@tensorflow/tfjs-core";
import type { Optimizer, Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError, type Network } from "@warmstart/init-core";
import { MaskedOptimizer, registerMaskedOptimizer } from "./masked-optimizer.js";

/** Masks of a network that was pruned in place. Owns its tensors. */
export interface Pruned {
  /** 1 where a weight stays, by kernel path, of the kernel's shape. */
  readonly masks: Readonly<Record<string, Tensor>>;
  /**
   * The optimizer, with pruned weights kept at zero: for `compile`, `minimize` and `applyGradients`. It has masks of its own, is saved
   * with the model and the optimizer inside (`includeOptimizer`), and owns that one from now on.
   */
  readonly keep: (optimizer: Optimizer) => MaskedOptimizer;
  /** Frees the masks; kept optimizers go on. Calling it twice is fine. */
  readonly dispose: () => void;
}

/** Multiplies the network's kernels by the masks, in place, after all paths and shapes have been checked; `fresh` has weights, by path, to put in first. */
export function applyMasks(caller: string, network: Network, masks: Readonly<Record<string, Tensor>>, fresh: Readonly<Record<string, Tensor>> = {}): Pruned {
  const byPath = new Map(network.parameters.map((parameter) => [parameter.path, parameter]));
  const pairs = Object.entries(masks).map(([path, mask]) => {
    const parameter = byPath.get(path);
    if (parameter === undefined || !tf.util.arraysEqual([...parameter.shape], mask.shape)) {
      throw new WarmstartError("PLAN_MISMATCH", `${caller}: the plan has a mask [${mask.shape}] for "${path}", and the network has ${parameter === undefined ? "no such parameter" : `[${parameter.shape}] there`}. Apply it to the model that it was made for; a plan that was saved is matched by loadPlan(bytes, networkOf(model)).`, { path });
    }
    return { path, mask, variable: parameter.variable };
  });
  for (const [path, value] of Object.entries(fresh)) byPath.get(path)!.variable.assign(value);
  for (const { variable, mask } of pairs) tf.tidy(() => variable.assign(tf.mul<Tensor>(variable, mask)));
  const own = Object.fromEntries(pairs.map(({ path, mask }) => [path, mask.clone()]));
  return {
    masks: own,
    keep: (optimizer) => {
      registerMaskedOptimizer();
      return new MaskedOptimizer(optimizer, new Map(pairs.map(({ path, variable }) => [variable.name, own[path]!])));
    },
    dispose: () => Object.values(own).forEach((mask) => !mask.isDisposed && mask.dispose()),
  };
}
