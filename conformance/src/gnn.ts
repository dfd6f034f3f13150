// Runners of the graph layers: torch's weights [out, in] become kernels [in, out], and gradients the other way.
import * as tf from "@tensorflow/tfjs";
import { createGraph, gatAttention, gatForward, gcnForward, ginForward, globalPool, graphNormForward, graphOperator, sageForward, type Graph, type GATWeights, type GATv2Weights, type Pooling, type SAGEAggregator } from "@warmstart/gnn-virgo";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import type { ReferenceCase } from "./cases.js";
import { allEntries, toTensor, type Runner } from "./runner.js";
import type { Entries, Value } from "./values.js";

const numbers = (input: Entries | undefined): number[] | undefined => input && (Array.from(input.data) as number[]);

function graphOf({ inputs, options }: ReferenceCase): Graph {
  const [src, dst, weight, batch] = [inputs.src, inputs.dst, inputs.edgeWeight, inputs.batch].map(numbers);
  return createGraph({ numNodes: options.numNodes as number, src: src ?? [], dst: dst ?? [], weight, batch, ...(options.numGraphs === undefined ? {} : { numGraphs: options.numGraphs as number }) });
}

const norm: Runner = async (reference) => {
  const { numNodes: n, addSelfLoops, selfLoopWeight, degrees } = reference.options as { numNodes: number; addSelfLoops: boolean; selfLoopWeight: number; degrees: "both" | "in" };
  const { rowPointers, columnIndices, values } = graphOperator(graphOf(reference), "gcn", { selfLoops: addSelfLoops, selfLoopWeight, degrees });
  const [dense, rowSum] = [new Float64Array(n * n), new Float64Array(n)];
  for (let row = 0; row < n; row++) {
    for (let p = rowPointers[row]!; p < rowPointers[row + 1]!; p++) {
      dense[row * n + columnIndices[p]!]! += values[p]!;
      rowSum[row]! += values[p]!;
    }
  }
  return { dense: { shape: [n, n], data: dense }, rowSum: { shape: [n], data: rowSum }, nonZero: dense.filter((value) => value !== 0).length };
};

/** How an input of a case becomes a tensor of the package, and its gradient an expected value again. */
interface Translation {
  readonly input: string;
  /** Default: the input with a capital. */
  readonly gradient?: string;
  readonly toOurs?: (given: tf.Tensor) => tf.Tensor;
  readonly toTheirs?: (gradient: tf.Tensor) => tf.Tensor;
}

const asIs = (input: string): Translation => ({ input });
const kernel = (input: string): Translation => ({ input, toOurs: (weight) => tf.transpose(weight), toTheirs: (gradient) => tf.transpose(gradient) });
const heads = (input: string): Translation => ({ input, toOurs: (attention) => tf.squeeze(attention, [0]), toTheirs: (gradient) => tf.expandDims(gradient, 0) });

type Named = Readonly<Partial<Record<string, tf.Tensor>>>;
type Forward = (graph: Graph, at: Named, reference: ReferenceCase) => tf.Tensor;

/** A runner of `forward`: its output and the gradients of sum(gradY · y) towards the inputs that the case has. */
const differentiated =
  (translations: readonly Translation[], forward: Forward, more?: (graph: Graph, at: Named, reference: ReferenceCase) => Promise<Record<string, Value>>): Runner =>
  async (reference) => {
    if (tf.getBackend() === "wasm") registerTrainingKernels(); // sums over the edges of a node
    const present = translations.filter(({ input }) => input in reference.inputs || input === "eps");
    const graph = graphOf(reference);
    const given = present.map(({ input, toOurs = tf.clone }) => tf.tidy(() => toOurs(input === "eps" ? tf.scalar(reference.options.eps as number) : toTensor(reference.inputs[input]))));
    const byName = (at: readonly tf.Tensor[]): Named => Object.fromEntries(present.map(({ input }, i) => [input, at[i]]));
    try {
      const results = tf.tidy(() => {
        const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(tf.mul(forward(graph, byName(at), reference), toTensor(reference.inputs.gradY))))(given);
        const named = present.map(({ input, toTheirs = tf.clone }, i) => [`grad${input[0]!.toUpperCase()}${input.slice(1)}`, toTheirs(gradients[i]!)] as const);
        return { y: forward(graph, byName(given), reference), ...Object.fromEntries(named) };
      });
      return { ...(await allEntries(results)), ...(await more?.(graph, byName(given), reference)) };
    } finally {
      tf.dispose(given);
      graph.dispose();
    }
  };

const gcn = differentiated([asIs("x"), kernel("weight"), asIs("bias")], (graph, { x, weight, bias }, { options }) =>
  gcnForward(graph, x as tf.Tensor2D, { kernel: weight as tf.Tensor2D, bias: bias as tf.Tensor1D | undefined }, { selfLoops: options.addSelfLoops as boolean, selfLoopWeight: options.selfLoopWeight as number, degrees: options.degrees as "in" }),
);

const sage = differentiated([asIs("x"), kernel("weightNeighbour"), asIs("bias"), kernel("weightRoot")], (graph, { x, weightNeighbour, bias, weightRoot }, { options }) =>
  sageForward(graph, x as tf.Tensor2D, { kernel: weightNeighbour as tf.Tensor2D, rootKernel: weightRoot as tf.Tensor2D | undefined, bias: bias as tf.Tensor1D | undefined }, { aggregator: options.aggregator as SAGEAggregator, normalize: options.normalize as boolean }),
);

/** The weights of either version. */
const gatWeights = ({ weight, attSrc, attDst, weightL, biasL, weightR, biasR, att, bias }: Named): GATWeights | GATv2Weights =>
  (att === undefined ? { kernel: weight, attentionSource: attSrc, attentionTarget: attDst, bias } : { kernel: weightL, sourceBias: biasL, targetKernel: weightR, targetBias: biasR, attention: att, bias }) as GATWeights | GATv2Weights;
const gatOptions = ({ options }: ReferenceCase) => ({ negativeSlope: options.negativeSlope as number, selfLoops: options.addSelfLoops as boolean });

/** `[heads, N, N]` */
async function attentionOf(graph: Graph, at: Named, reference: ReferenceCase): Promise<Record<string, Value>> {
  const { src, dst, attention } = gatAttention(graph, at.x as tf.Tensor2D, gatWeights(at), gatOptions(reference));
  const [n, count, values] = [graph.numNodes, attention.shape[1], await attention.data()];
  attention.dispose();
  const dense = new Float64Array(count * n * n);
  for (let e = 0; e < src.length; e++) for (let h = 0; h < count; h++) dense[(h * n + dst[e]!) * n + src[e]!]! += values[e * count + h]!;
  return { attention: { shape: [count, n, n], data: dense } };
}

const gat = differentiated(
  [asIs("x"), kernel("weight"), heads("attSrc"), heads("attDst"), kernel("weightL"), asIs("biasL"), kernel("weightR"), asIs("biasR"), heads("att"), asIs("bias")],
  (graph, at, reference) => gatForward(graph, at.x as tf.Tensor2D, gatWeights(at), { ...gatOptions(reference), concat: reference.options.concat as boolean }),
  attentionOf,
);

const gin = differentiated([asIs("x"), kernel("weight1"), asIs("bias1"), kernel("weight2"), asIs("bias2"), asIs("eps")], (graph, { x, weight1, bias1, weight2, bias2, eps }) =>
  ginForward(graph, x as tf.Tensor2D, { kernel: weight1 as tf.Tensor2D, bias: bias1 as tf.Tensor1D, innerKernel: weight2 as tf.Tensor2D, innerBias: bias2 as tf.Tensor1D }, { eps: eps! }),
);

const graphNorm = differentiated([asIs("x"), asIs("weight"), asIs("bias"), asIs("meanScale")], (graph, { x, weight, bias, meanScale }, { options }) =>
  graphNormForward(graph, x as tf.Tensor2D, { weight: weight as tf.Tensor1D, bias: bias as tf.Tensor1D, meanScale: meanScale as tf.Tensor1D }, { epsilon: options.eps as number }),
);

const pool = differentiated([asIs("x")], (graph, { x }, { options }) => globalPool(graph, x as tf.Tensor2D, options.pooling as Pooling));

/** By operation. */
export const gnnRunners = {
  "gnn/gcn-norm": norm,
  "gnn/gcn-forward": gcn,
  "gnn/sage-forward": sage,
  "gnn/gat-forward": gat,
  "gnn/gatv2-forward": gat,
  "gnn/gin-forward": gin,
  "gnn/graph-norm": graphNorm,
  "gnn/global-pool": pool,
} satisfies Record<string, Runner>;
