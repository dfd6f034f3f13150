// Who takes part, and the grid: the same learning rates and decays for all, as in the paper.
import * as tf from "@tensorflow/tfjs";
import { adamW, sgd, sgdSai } from "@warmstart/optim-sai";

export const names = ["SGD-SaI", "AdamW", "Adam", "momentum", "SGD"] as const;
export type Name = (typeof names)[number];

export interface Setting {
  readonly learningRate: number;
  readonly weightDecay: number;
}

export const grid: { readonly learningRates: readonly number[]; readonly weightDecays: readonly number[] } = { learningRates: [1e-4, 1e-3, 1e-2, 1e-1, 1], weightDecays: [1e-4, 1e-2, 0.5] };

/** Whether decay changes anything: tfjs' Adam has none, so one run a learning rate stands for all. */
export const decays = (name: Name): boolean => name !== "Adam";

/** Decay is decoupled for SGD-SaI and AdamW and added to the gradient for the two others, as in torch; on matrices alone. */
export function makeOptimizer(name: Name, { learningRate, weightDecay }: Setting, steps: number): tf.Optimizer {
  const shared = { learningRate: { schedule: "cosine", learningRate, steps, warmupSteps: Math.round(steps / 10) }, weightDecay, decayFilter: "matrices" } as const;
  switch (name) {
    case "SGD-SaI":
      return sgdSai(shared);
    case "AdamW":
      return adamW(shared);
    case "Adam":
      return adamW({ ...shared, weightDecay: 0 });
    case "momentum":
      return sgd({ ...shared, momentum: 0.9, decay: "added-to-gradient" });
    case "SGD":
      return sgd({ ...shared, decay: "added-to-gradient" });
  }
}
