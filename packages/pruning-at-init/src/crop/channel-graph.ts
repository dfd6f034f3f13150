// What planning needs to know of a model: groups of channels, and the weights whose sizes depend on them. Plain data.
import type { ChannelAxis } from "./channel-axis.js";

/** Channels that must be equally many in every tensor they pass through. */
export interface ChannelGroup {
  /** The layers that produce it, joined by commas, in the order of the model. */
  readonly id: string;
  readonly layers: readonly string[];
  readonly width: number;
  /** Why the width cannot change: a model input or output, a layer that was excluded, one that is not supported. */
  readonly fixed?: string;
}

export interface ChannelWeight {
  /** Last part of its path: "kernel". */
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether the budget counts it. */
  readonly kernel: boolean;
  /** Multiply-adds an entry and example; NaN where a size is open. */
  readonly times: number;
  /** Axes of the weight that hold channels. */
  readonly axes: readonly { readonly axis: number; readonly channels: ChannelAxis }[];
}

/** A layer with weights, or one whose configuration tells a number of channels. */
export interface ChannelLayer {
  /** container/layer. */
  readonly path: string;
  readonly className: string;
  readonly weights: readonly ChannelWeight[];
  /** Multiply-adds that no width changes: of layers whose channels are fixed. NaN where a size is open. */
  readonly otherMacs: number;
  readonly input: ChannelAxis;
  readonly output: ChannelAxis;
}

/** A layer whose channels are left as they are, with the reason. */
export interface UnsupportedLayer {
  readonly path: string;
  readonly className: string;
  readonly reason: string;
}

export interface ChannelGraph {
  /** In the order of their first layer; fixed ones among them. */
  readonly groups: readonly ChannelGroup[];
  /** In the order of the model. */
  readonly layers: readonly ChannelLayer[];
  /** Inputs of nested models, whose configuration states the width. */
  readonly nestedInputs: readonly { readonly path: string; readonly channels: ChannelAxis }[];
  readonly unsupported: readonly UnsupportedLayer[];
}
