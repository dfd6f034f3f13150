// What a row of the bench is, as data.
import type { Bound } from "./bounds.js";
import type { OwnResult } from "./result.js";

/** Does the work once. What it measured beside the time of all goes into the row; `dispose` frees what was made, outside the clock. */
export type Work = () => Promise<{
  readonly figures?: Omit<OwnResult, "ms_all" | "peak_rss_mb" | "parts">;
  /** Milliseconds of each part, where the row has several. */
  readonly parts?: Readonly<Record<string, number>>;
  readonly dispose: () => void;
}>;

export interface Row {
  readonly name: string;
  readonly work: string;
  /** Untimed turns before the timed ones. */
  readonly warmup: number;
  /** Timed turns in each round; ours and the peers' rounds alternate. */
  readonly repeats: number;
  /** Default 2; more for work so short that a few seconds of a busy host decide. */
  readonly rounds?: number;
  readonly peers: readonly Peer[];
  readonly bounds: readonly Bound[];
  /** The backends that the row is about. Default: all that are here. */
  readonly backends?: readonly string[];
  readonly prepare: () => Promise<Work>;
}

/** What a row is compared with. */
export type Peer = Program | Variant;

/** Somebody else's program for the same work: a script in bench/peers with its arguments. */
export interface Program {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
}

/** The same work on another backend, or other work that says what to expect, by a process of this bench. */
export interface Variant {
  readonly name: string;
  readonly backend: "wasm" | "tensorflow" | "cpu";
  /** WebAssembly without the kernels of wasm-training. */
  readonly asShipped?: boolean;
  /** The row's own where absent. */
  readonly prepare?: () => Promise<Work>;
  /** `prepare` makes less work than the row has, since all of it would take minutes: what is printed is the measured time × `factor`. */
  readonly smaller?: Smaller;
  /** The row's own where absent. */
  readonly warmup?: number;
  readonly repeats?: number;
}

export interface Smaller {
  readonly shape: string;
  readonly factor: number;
}
