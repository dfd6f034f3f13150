// A network as the techniques see it: parameters, the sites where kernels read their input, and a forward pass that can be watched.
import type { Tensor, Variable } from "@tensorflow/tfjs-core";

/** What a parameter does in its layer; decides fans, and which techniques look at it. */
export type Role = "kernel" | "depthwise-kernel" | "pointwise-kernel" | "recurrent-kernel" | "embedding" | "bias" | "scale" | "shift" | "statistic" | "other";

/** A weight of the network, once, however often its layer is applied. */
export interface Parameter {
  /** container/layer/weight, for example "encoder/fc1/kernel". Unique in the network. Not the variable's name, which changes from run to run. */
  readonly path: string;
  /** container/layer. */
  readonly layer: string;
  readonly role: Role;
  readonly shape: readonly number[];
  /** Inputs that feed one output, and outputs fed by one input; absent for biases, scales and statistics. */
  readonly fans?: Fans;
  /** The live variable; never dispose it. */
  readonly variable: Variable;
  readonly trainable: boolean;
}

/** Inputs that feed one output, and outputs fed by one input. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** How a kernel reads its input: decides how input rows line up with the kernel's first axis. */
export type SiteKind = "dense" | "conv1d" | "conv2d" | "depthwise-conv2d" | "embedding" | "other";

/** How a convolution lays its windows over its input. */
export interface Windows {
  /** One an axis of the window. Default 1. */
  readonly strides?: readonly number[];
  /** Default "valid". */
  readonly padding?: "valid" | "same" | "causal";
  /** One an axis of the window. Default 1. */
  readonly dilations?: readonly number[];
  /** Whether channels are the axis after the batch, not the last one. Default false. */
  readonly channelsFirst?: boolean;
}

/** Where a kernel reads its input. A layer applied twice has one site that is met twice. */
export interface Site {
  /** Path of the kernel. */
  readonly path: string;
  readonly layer: string;
  readonly kind: SiteKind;
  readonly kernel: Parameter;
  /** Sites with equal `input` are fed by the very same tensors (query, key and value of an attention block) and can share one statistic. */
  readonly input: string;
  /** Of a convolution; absent where all is as the defaults say. */
  readonly windows?: Windows;
}

export interface ForwardOptions {
  /** Dropout on, batch statistics in use. Default false. A training pass moves batch-norm statistics. */
  readonly training?: boolean;
  /** Sees the input of every site, as often as the site is met; it lives for this call, so clone what is to stay. A returned tensor takes the input's place (a custom gradient, noise, a mask). */
  readonly onInput?: (site: Site, input: Tensor) => Tensor | void;
  /** The pass may stop, and return no outputs (`[]`), once each of these sites has been met as often as it will be. */
  readonly until?: readonly Site[];
}

/**
 * Any model: `networkOf(model)` for a LayersModel, by hand (two arrays and a function) for plain tfjs-core.
 * `forward` is synchronous and leaves its intermediates to the caller's `tidy`.
 */
export interface Network {
  readonly parameters: readonly Parameter[];
  readonly sites: readonly Site[];
  forward(inputs: Tensor | Tensor[], options?: ForwardOptions): Tensor | Tensor[];
}
