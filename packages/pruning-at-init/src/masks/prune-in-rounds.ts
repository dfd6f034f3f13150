// The loop of all scores: score what is left, keep the best, again.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { InitOptions, Parameter } from "@warmstart/init-core";
import type { Scored } from "../scores/score-settings.js";
import { scheduleDensities, type Schedule } from "./density.js";
import { selectMasks, type MaskMap, type Scope } from "./select-masks.js";

/** One round of pruning, as data. */
export interface Round {
  /** Asked for. */
  readonly density: number;
  /** Weights kept, in the order of the kernels. */
  readonly kept: readonly number[];
  /** The loss, or log10 R, before this round's pruning; null where the method has none, or where R is 0. */
  readonly figure: number | null;
}

export interface RoundSettings {
  readonly caller: string;
  readonly density: number;
  /** In place of `density`, one a path; one round. */
  readonly densities?: Readonly<Record<string, number>>;
  readonly iterations: number;
  readonly schedule: Schedule;
  readonly scope: Scope;
  readonly minPerLayer: number;
  /** Whether pruned weights stay pruned. */
  readonly pinned: boolean;
  readonly init: InitOptions;
}

/** Scores of the kernels under these masks, none in the first round. */
export type ScoreFunction = (masks: MaskMap | undefined) => Scored | Promise<Scored>;

export interface Rounds {
  readonly masks: MaskMap;
  readonly rounds: readonly Round[];
  /** Kernels all of whose scores were zero in the first round. */
  readonly unscored: readonly string[];
}

/** An abort gets through after so many milliseconds at most, or a round where that takes longer. A pause costs a millisecond or two. */
const pauseEvery = 50;

export async function pruneInRounds(score: ScoreFunction, settings: RoundSettings): Promise<Rounds> {
  const { caller, iterations, scope, minPerLayer, pinned, init } = settings;
  const rounds: Round[] = [];
  let unscored: readonly string[] | undefined;
  let masks: MaskMap | undefined;
  let paused = performance.now();
  for (const density of scheduleDensities(settings.density, iterations, settings.schedule)) {
    init.signal?.throwIfAborted();
    const { scores, figure } = await score(masks);
    unscored ??= [...scores].flatMap(([path, values]) => (values.every((value) => value === 0) ? [path] : []));
    masks = selectMasks(scores, { density: settings.densities ?? density, scope, minPerLayer, ...(pinned && masks ? { previous: masks } : {}) });
    rounds.push({ density, kept: [...masks.values()].map(countKept), figure: figure === undefined || !Number.isFinite(figure) ? null : figure });
    init.onProgress?.({ stage: `${caller}: pruning`, done: rounds.length, total: iterations });
    if (performance.now() - paused < pauseEvery) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    paused = performance.now();
  }
  init.signal?.throwIfAborted();
  return { masks: masks!, rounds, unscored: unscored! };
}

/** Calls `use` with the masked kernels by path, none without masks; they are freed afterwards. */
export async function withMasked<T>(parameters: readonly Parameter[], masks: MaskMap | undefined, use: (values: Readonly<Record<string, Tensor>>) => T | Promise<T>): Promise<T> {
  const values: Record<string, Tensor> = {};
  if (masks !== undefined) for (const { path, shape, variable } of parameters) values[path] = tf.tidy(() => tf.mul(variable, maskTensor(masks.get(path)!, shape)));
  try {
    return await use(values);
  } finally {
    tf.dispose(values);
  }
}

/** A mask as a `float32` tensor. */
export const maskTensor = (mask: Uint8Array, shape: readonly number[]): Tensor => tf.tensor(new Float32Array(mask), [...shape], "float32");

/** The ones in a mask. */
export function countKept(mask: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < mask.length; i++) count += mask[i]!;
  return count;
}
