import type { Tensor } from "@tensorflow/tfjs-core";
import type { Network, Parameter } from "@warmstart/init-core";
import type { ScoreMap } from "../masks/select-masks.js";

/** What a score is computed of. */
export interface ScoreSettings {
  readonly caller: string;
  readonly network: Network;
  readonly parameters: readonly Parameter[];
  /** Masked kernels by path; what is not there is as it is in the network. They stay the caller's. */
  readonly values?: Readonly<Record<string, Tensor>>;
  readonly signal?: AbortSignal;
  /** Told the size of every batch that is normalized by its own statistics. */
  readonly onBatchStatistics?: (size: number) => void;
}

/** Scores, and a figure about the network at that moment: its loss, or log10 R. */
export interface Scored {
  readonly scores: ScoreMap;
  readonly figure?: number;
}
