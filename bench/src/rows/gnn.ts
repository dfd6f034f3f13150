// Training passes of graph networks on graphs like those of peers/torch_gnn.py.
import * as tf from "@tensorflow/tfjs";
import { createGraph, gatForward, gcnForward, virgoPlan, type Graph } from "@warmstart/gnn-virgo";
import type { Work } from "../definition.js";
import { integers, noise } from "../material.js";
import { timed } from "../timed.js";

/** Both directions of `edges / 2` pairs: one end of each by the root of its rank, the other even; no self-loops. */
export function powerLawGraph(nodes: number, edges: number): Graph {
  const pairs = edges / 2;
  const [even, spread] = [integers(pairs, nodes, 1), integers(pairs, 2 ** 24, 2)];
  const src = spread.map((value) => ((Math.floor((value / 2 ** 24) ** 2 * nodes) * 7919) % nodes)); // hubs lie anywhere
  const dst = even.map((node, e) => (node === src[e] ? (node + 1) % nodes : node));
  return createGraph({ numNodes: nodes, src, dst, undirected: true });
}

const width = 128;
const classes = 16;

/** The gradients of the mean cross-entropy in every weight, of a network given by its layers. */
function pass(graph: Graph, weights: tf.Tensor[], network: (x: tf.Tensor2D, weights: tf.Tensor[]) => tf.Tensor): () => tf.Tensor {
  const x = noise<tf.Rank.R2>([graph.numNodes, width], 3);
  const labels = tf.oneHot(tf.tensor1d(integers(graph.numNodes, classes, 4), "int32"), classes).toFloat();
  const loss = (...given: tf.Tensor[]): tf.Scalar => tf.losses.softmaxCrossEntropy(labels, network(x, given));
  return () => {
    const gradients = tf.grads(loss)(weights);
    return tf.concat(gradients.map((gradient) => tf.reshape(gradient, [-1]))); // so that all of them are waited for
  };
}

const glorot = (fanIn: number, fanOut: number, seed: number) => tf.tidy(() => tf.mul(noise<tf.Rank.R2>([fanIn, fanOut], seed), Math.sqrt(6 / (fanIn + fanOut))));

export function prepareGCN(nodes: number, edges: number): Work {
  const graph = powerLawGraph(nodes, edges);
  const weights = [width, width, classes].flatMap((units, layer) => [glorot(width, units, 5 + layer), tf.zeros([units])]);
  return timed(
    pass(graph, weights, (x, given) => {
      let h = x;
      for (let layer = 0; layer < 3; layer++) {
        const y = gcnForward(graph, h, { kernel: given[2 * layer] as tf.Tensor2D, bias: given[2 * layer + 1] as tf.Tensor1D });
        h = layer < 2 ? tf.relu(y) : y;
      }
      return h;
    }),
  );
}

export function prepareGAT(nodes: number, edges: number): Work {
  const graph = powerLawGraph(nodes, edges);
  const heads = [4, 4, 1];
  const weights = [width, width, classes].flatMap((units, layer) => {
    const attention = (seed: number) => glorot(heads[layer]!, units / heads[layer]!, seed);
    return [glorot(width, units, 5 + layer), attention(8 + layer), attention(11 + layer), tf.zeros([units])];
  });
  return timed(
    pass(graph, weights, (x, given) => {
      let h = x;
      for (let layer = 0; layer < 3; layer++) {
        const [kernel, attentionSource, attentionTarget, bias] = given.slice(4 * layer, 4 * layer + 4) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
        const y = gatForward(graph, h, { kernel, attentionSource, attentionTarget, bias });
        h = layer < 2 ? tf.relu(y) : y;
      }
      return h;
    }),
  );
}

function plan(nodes: number, edges: number): () => void {
  const graph = powerLawGraph(nodes, edges);
  const features = Float32Array.from(integers(8 * nodes, 1000, 3), (value) => value / 1000);
  return () => void virgoPlan(graph, { dims: [8, width, width, classes], features });
}

export function preparePlan(nodes: number, edges: number): Work {
  const once = plan(nodes, edges);
  return async () => {
    once();
    return { dispose: () => undefined };
  };
}

/** Plans for several numbers of edges on equally many nodes, each with its own clock. */
export function preparePlans(nodes: number, counts: readonly number[]): Work {
  const plans = counts.map((edges) => [`${edges / 1e6}M edges`, plan(nodes, edges)] as const);
  return async () => {
    const parts: Record<string, number> = {};
    for (const [name, once] of plans) {
      const start = performance.now();
      once();
      parts[name] = performance.now() - start;
    }
    return { parts, dispose: () => undefined };
  };
}
