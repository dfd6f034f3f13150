// Graph classification: a batch of small graphs at a step, their nodes' features averaged, a dense layer.
import * as tf from "@tensorflow/tfjs";
import { createGraph, globalPool, selectGraphs, setGraph, type Graph } from "@warmstart/gnn-virgo";
import { disposeModel, glorotUniform, permutation, subSeed } from "@warmstart/init-core";
import type { GraphsData, Split } from "./data.js";
import { buildStack } from "./model.js";
import { signalOf } from "./signal.js";
import { groupedSplit, randomSplit } from "./splits.js";
import { startModel, type StartName } from "./starts.js";
import { trainLoop, variablesOf, type Outcome, type Point, type Setting } from "./training.js";

export interface GraphsProblem {
  readonly classes: number;
  readonly run: (setting: Setting, start: StartName, seed: number, onPoint?: (point: Point) => void) => Promise<Outcome>;
  readonly dispose: () => void;
}

/** Graphs a step. */
const batchSize = 128;

/** @param how "groups" keeps groups of near copies on one side of the split, which a random one does not. */
export function graphsProblem(data: GraphsData, shares: { readonly train: number; readonly valid: number }, how: "random" | "groups"): GraphsProblem {
  const { numNodes, src, dst, batch, numGraphs } = data;
  const graph = createGraph({ numNodes, src, dst, batch, numGraphs, undirected: !data.directed });
  const split = (seed: number): Split => data.split ?? (how === "groups" && data.groups !== undefined ? groupedSplit(data.groups, shares, seed) : randomSplit(data.labels, shares, seed));
  return {
    classes: data.classes.length,
    run: (setting, start, seed, onPoint = () => undefined) => runGraphs(data, graph, split(subSeed(seed, "split")), setting, start, seed, onPoint),
    dispose: () => graph.dispose(),
  };
}

/** Graphs of a batch with what belongs to them. */
interface Batch {
  readonly graph: Graph;
  readonly features: Float32Array;
  readonly x: tf.Tensor2D;
  readonly labels: tf.Tensor2D;
  readonly classes: Int32Array;
}

async function runGraphs(data: GraphsData, graph: Graph, split: Split, setting: Setting, start: StartName, seed: number, onPoint: (point: Point) => void): Promise<Outcome> {
  const { width } = data.features;
  const classes = data.classes.length;
  const taken = (part: Int32Array): Batch => {
    const own = selectGraphs(graph, part);
    const features = new Float32Array(own.nodes.length * width);
    for (const [i, node] of own.nodes.entries()) features.set(data.features.values.subarray(node * width, (node + 1) * width), i * width);
    const labels = part.map((i) => data.labels[i]!);
    return { graph: own.graph, features, x: tf.tensor2d(features, [own.nodes.length, width]), labels: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes), "float32") as tf.Tensor2D), classes: labels };
  };
  // The same batches in every epoch, so that each is laid out once.
  const order = permutation(split.train.length, subSeed(seed, "batches")).map((i) => split.train[i]!);
  const count = Math.ceil(order.length / batchSize);
  const batches = Array.from({ length: count }, (_, i) => taken(order.slice(Math.round((i * order.length) / count), Math.round(((i + 1) * order.length) / count))));
  const held = { valid: taken(split.valid), test: taken(split.test) };
  const model = buildStack({ ...setting, width, output: setting.hidden });
  const head = tf.sequential({ layers: [tf.layers.dense({ units: classes, inputShape: [setting.hidden], kernelInitializer: glorotUniform({ seed: subSeed(seed, "head") }) })] });
  const logits = ({ graph: own, x }: Batch, training: boolean) => {
    setGraph(model, own);
    return head.apply(globalPool(own, model.apply(x, { training }) as tf.Tensor2D, "mean")) as tf.Tensor2D;
  };
  try {
    const first = batches[0]!;
    setGraph(model, first.graph);
    // As the authors do: the statistics of a part of the graphs for training, and the width of the last convolution for the number of classes.
    await startModel(model, start, { graph: first.graph, features: first.features, numClasses: setting.hidden }, subSeed(seed, "weights"));
    const signal = await signalOf(model, first.graph, first.x);
    const accuracy = async (part: Batch) => {
      const right = part.classes;
      const answers = tf.tidy(() => tf.argMax(logits(part, false), 1));
      const given = await answers.data();
      answers.dispose();
      return (100 * right.reduce((sum, label, i) => sum + Number(given[i] === label), 0)) / right.length;
    };
    const course = await trainLoop(
      [...variablesOf(model), ...variablesOf(head)],
      setting,
      (step) => {
        const part = batches[(step - 1) % count]!;
        return tf.losses.softmaxCrossEntropy(part.labels, logits(part, true));
      },
      async () => ({ valid: await accuracy(held.valid), test: await accuracy(held.test) }),
      onPoint,
    );
    return { ...course, signal, parameters: model.countParams() + head.countParams() };
  } finally {
    for (const { graph: own, x, labels } of [...batches, held.valid, held.test]) {
      own.dispose();
      tf.dispose([x, labels]);
    }
    disposeModel(model);
    disposeModel(head);
  }
}
