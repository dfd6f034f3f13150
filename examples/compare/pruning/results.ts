import { ResultFile } from "../result-file.js";

export const parts = ["masks", "structured", "layers"] as const;
export type Part = (typeof parts)[number];

export const dataNames = ["mnist", "fashion", "cifar10"] as const;
export type DataName = (typeof dataNames)[number];
export type NetName = "conv" | "residual";

/** What one run prunes, and how much. */
export interface Run {
  /** The dense networks, to which all else is compared, are run once for all parts. */
  readonly part: Part | "dense";
  readonly data: DataName;
  readonly net: NetName;
  readonly method: string;
  /** Masks: how many times fewer weights. Structured: how many times fewer multiply-adds, or, for masks, as many weights as PreCrop then has. Layers: blocks removed. Dense: 1. */
  readonly amount: number;
  readonly seed: number;
}

interface RunKey extends Run {
  readonly steps: number;
}

export interface Result extends RunKey {
  readonly backend: string;
  /** Per cent of the held-out images. */
  readonly accuracy: number;
  /** Kernel weights that are left, and multiply-adds for one image; masks save none of these. */
  readonly weights: number;
  readonly macs: number;
  /** Whether masks cut the inputs from the outputs. */
  readonly disconnected: boolean;
  /** The whole run, and its training steps. */
  readonly seconds: number;
  readonly trainingSeconds: number;
}

export type Results = ResultFile<RunKey, Result>;

export const openResults = (path: string): Results => new ResultFile(path, ({ part, data, net, method, amount, seed, steps }) => [part, data, net, method, amount, seed, steps].join(" "));
