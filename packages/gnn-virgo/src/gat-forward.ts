// Graph attention: GAT (Veličković et al., ICLR 2018, arXiv:1710.10903) and GATv2 (Brody, Alon, Yahav, ICLR 2022, arXiv:2105.14491).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { gatherRows } from "@warmstart/gradients";
import { WarmstartError } from "@warmstart/init-core";
import { edgeSoftmax } from "./attention/edge-softmax.js";
import { attendedEdges, edgeOrderOf, layoutOf, type Layout } from "./attention/layout.js";
import { pairScores } from "./attention/pair-scores.js";
import { weightedSum } from "./attention/weighted-sum.js";
import { requireFinite, requireNodes, requireShape } from "./check.js";
import type { Graph } from "./graph.js";

/** Weights of GAT, whose score of an edge is leakyReLU(a_source · W x_source + a_target · W x_target). */
export interface GATWeights {
  /** `"in heads*out"`, head after head. */
  readonly kernel: Tensor2D;
  /** `"heads out"`: PyG's `att_src`. */
  readonly attentionSource: Tensor2D;
  /** `"heads out"`: PyG's `att_dst`. */
  readonly attentionTarget: Tensor2D;
  /** `"heads*out"`, or `"out"` when heads are averaged. Default: none. */
  readonly bias?: Tensor1D;
}

/** Weights of GATv2, whose score of an edge is a · leakyReLU(W x_source + b_source + W' x_target + b_target). */
export interface GATv2Weights {
  /** Of the source, which is also what is summed, `"in heads*out"`: PyG's `lin_l`. */
  readonly kernel: Tensor2D;
  /** `"heads*out"`. Default: none. */
  readonly sourceBias?: Tensor1D;
  /** Of the target, `"in heads*out"`: PyG's `lin_r`. Default: that of the source, with its bias (`share_weights`). */
  readonly targetKernel?: Tensor2D;
  /** `"heads*out"`. Default: none. */
  readonly targetBias?: Tensor1D;
  /** `"heads out"`: PyG's `att`. */
  readonly attention: Tensor2D;
  /** Added at the end, `"heads*out"`, or `"out"` when heads are averaged. Default: none. */
  readonly bias?: Tensor1D;
}

/** Options of `gatAttention`. */
export interface GATAttentionOptions {
  /** Slope of the leaky ReLU below 0. Default 0.2. */
  readonly negativeSlope?: number;
  /** Every node also attends to itself, once: self-loops of the graph are removed and own ones added. Default true. */
  readonly selfLoops?: boolean;
}

/** Options of `gatForward`. */
export interface GATForwardOptions extends GATAttentionOptions {
  /** Heads side by side, or their mean. Default true, side by side. */
  readonly concat?: boolean;
  /** Share of the attention set to 0 (the rest grows to make up), in training. Default 0. */
  readonly dropout?: number;
  /** Of the dropout. Default: another at every call. */
  readonly seed?: number;
}

/**
 * `"nodes heads*out"`, or `"nodes out"` without `concat`: of each node's neighbours the mean, weighted by attention; the softmax
 * over each node's incoming edges is taken less its largest score. Weights of the graph do not count. A node without neighbours
 * gets 0, and the bias. Which version is told by the weights. Beside tensors of one row a node, GAT makes such of one number an
 * edge and head; GATv2, in parts, of `out` numbers. Differentiable towards `x` and the weights; the caller disposes the result.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH for tensors that do not fit; INVALID_OPTION for a slope that is not finite or a dropout outside of [0, 1).
 *
 * @example
 * const y = gatForward(graph, x, { kernel, attentionSource, attentionTarget, bias }, { concat: false });
 */
export function gatForward(graph: Graph, x: Tensor2D, weights: GATWeights | GATv2Weights, { concat = true, dropout = 0, seed, ...options }: GATForwardOptions = {}): Tensor2D {
  const { heads, units } = check("gatForward", graph, x, weights, options);
  if (!(dropout >= 0 && dropout < 1)) throw new WarmstartError("INVALID_OPTION", `gatForward: \`dropout\` must be at least 0 and below 1, got ${dropout}. It is the share of the attention that is left out.`, { dropout });
  const { bias } = weights;
  if (bias !== undefined) requireShape("gatForward", "bias", bias, [concat ? heads * units : units], concat ? "One number a column of the kernel." : "Heads are averaged before it is added.");
  return tf.tidy(() => {
    const { layout, attention, sources } = attend(graph, x, weights, heads, options);
    const kept = dropout === 0 ? attention : tf.dropout(attention, dropout, undefined, seed);
    const sums = weightedSum(layout, kept as Tensor1D, tf.reshape(sources, [graph.numNodes * heads, units]) as Tensor2D);
    const y = concat ? tf.reshape(sums, [graph.numNodes, heads * units]) : tf.mean(tf.reshape(sums, [graph.numNodes, heads, units]), 1);
    return (bias === undefined ? y : tf.add(y, bias)) as Tensor2D;
  });
}

/** The attention of every edge. */
export interface GATAttention {
  /** Where each edge comes from, `"edges"`: by target and then by source, own self-loops included. */
  readonly src: Int32Array;
  /** Where each edge goes to, `"edges"`. */
  readonly dst: Int32Array;
  /** float32 `"edges heads"`: for every node and head the incoming edges sum to 1. */
  readonly attention: Tensor2D;
}

/**
 * How much each node takes of each of its neighbours in `gatForward`, before dropout. The caller disposes `attention`.
 *
 * @throws {WarmstartError} as {@link gatForward}.
 *
 * @example
 * const { src, dst, attention } = gatAttention(graph, x, weights);
 */
export function gatAttention(graph: Graph, x: Tensor2D, weights: GATWeights | GATv2Weights, options: GATAttentionOptions = {}): GATAttention {
  const { heads } = check("gatAttention", graph, x, weights, options);
  const { selfLoops = true } = options;
  const { src, dst } = attendedEdges(graph, selfLoops);
  const attention = tf.tidy(() => tf.reshape(gatherRows(attend(graph, x, weights, heads, options).attention, edgeOrderOf(graph, heads, selfLoops).toEntries), [src.length, heads]) as Tensor2D);
  return { src, dst, attention };
}

function attend(graph: Graph, x: Tensor2D, weights: GATWeights | GATv2Weights, heads: number, { negativeSlope = 0.2, selfLoops = true }: GATAttentionOptions): { layout: Layout; attention: Tensor1D; sources: Tensor2D } {
  const layout = layoutOf(graph, heads, selfLoops);
  const withBias = (kernel: Tensor2D, bias?: Tensor1D): Tensor2D => (bias === undefined ? tf.matMul(x, kernel) : tf.add(tf.matMul(x, kernel), bias));
  if (isSecond(weights)) {
    const { kernel, sourceBias, targetKernel, targetBias, attention } = weights;
    const sources = withBias(kernel, sourceBias);
    const targets = targetKernel === undefined ? sources : withBias(targetKernel, targetBias);
    const edges = edgeOrderOf(graph, heads, selfLoops);
    const scores = gatherRows(pairScores(edges, sources, targets, attention, negativeSlope), edges.fromEntries) as Tensor1D;
    return { layout, attention: edgeSoftmax(layout, scores, 1), sources };
  }
  const sources = withBias(weights.kernel);
  const scores = (attention: Tensor2D) => tf.reshape(tf.matMul(sources, headByHead(attention)), [graph.numNodes * heads]);
  const sums = tf.add(gatherRows(scores(weights.attentionSource), layout.columns), gatherRows(scores(weights.attentionTarget), layout.rows)) as Tensor1D;
  return { layout, attention: edgeSoftmax(layout, sums, negativeSlope), sources };
}

/** `"heads*out heads"`, so that a product with it is one with the vector of each head: of attention `"heads out"` each row in a column of its own. */
function headByHead(attention: Tensor2D): Tensor2D {
  const [heads, units] = attention.shape;
  return tf.reshape(tf.mul(tf.expandDims(attention, 2), tf.expandDims(tf.eye(heads), 1)), [heads * units, heads]) as Tensor2D;
}

const isSecond = (weights: GATWeights | GATv2Weights): weights is GATv2Weights => "attention" in weights;

function check(where: string, graph: Graph, x: Tensor2D, weights: GATWeights | GATv2Weights, { negativeSlope = 0.2 }: GATAttentionOptions): { heads: number; units: number } {
  requireNodes(where, graph, x);
  requireFinite(where, "negativeSlope", negativeSlope, "0.2 is usual.");
  const tensors: Record<string, Tensor | undefined> = isSecond(weights) ? { attention: weights.attention } : { attentionSource: weights.attentionSource, attentionTarget: weights.attentionTarget };
  const [heads, units] = Object.values(tensors)[0]!.shape as [number, number];
  for (const [name, tensor] of Object.entries(tensors)) requireShape(where, name, tensor!, [heads, units === undefined ? null : units], "It is \"heads out\", a row a head.");
  const width = heads * units;
  const hint = `Its columns are those of ${heads} head${heads === 1 ? "" : "s"} of ${units} each.`;
  requireShape(where, "kernel", weights.kernel, [x.shape[1], width], hint);
  if (isSecond(weights)) {
    if (weights.targetKernel !== undefined) requireShape(where, "targetKernel", weights.targetKernel, [x.shape[1], width], hint);
    for (const name of ["sourceBias", "targetBias"] as const) if (weights[name] !== undefined) requireShape(where, name, weights[name], [width], hint);
  }
  return { heads, units };
}
