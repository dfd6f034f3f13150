// Node classification: the whole graph at every step, the loss of the nodes that are for training.
import * as tf from "@tensorflow/tfjs";
import { createGraph, setGraph, type Graph } from "@warmstart/gnn-virgo";
import { disposeModel, subSeed } from "@warmstart/init-core";
import type { NodeData, Split } from "./data.js";
import { buildStack } from "./model.js";
import { signalOf } from "./signal.js";
import { fewOfEachClass, randomSplit } from "./splits.js";
import { startModel, type StartName } from "./starts.js";
import { trainLoop, variablesOf, type Outcome, type Point, type Setting } from "./training.js";

/** The data once on the device, for many runs. */
export interface NodeProblem {
  readonly numNodes: number;
  readonly classes: number;
  readonly run: (setting: Setting, start: StartName, seed: number, onPoint?: (point: Point) => void) => Promise<Outcome>;
  readonly dispose: () => void;
}

/** Training nodes: so many of each class, or a share of all beside a share to choose by. */
export type Sampling = { readonly each: number } | { readonly train: number; readonly valid: number };

export function nodeProblem(data: NodeData, sampling: Sampling): NodeProblem {
  const { numNodes, src, dst, weight } = data;
  const graph = createGraph({ numNodes, src, dst, ...(weight === undefined ? {} : { weight }), undirected: !data.directed });
  const features = data.features ?? { values: identity(numNodes), width: numNodes };
  const x = tf.tensor2d(features.values, [numNodes, features.width]);
  const split = (seed: number): Split => data.split ?? ("each" in sampling ? fewOfEachClass(data.labels, sampling.each, seed) : randomSplit(data.labels, sampling, seed));
  return {
    numNodes,
    classes: data.classes.length,
    run: (setting, start, seed, onPoint = () => undefined) => runNodes({ graph, features, x, labels: data.labels, classes: data.classes.length }, split(subSeed(seed, "split")), setting, start, seed, onPoint),
    dispose() {
      graph.dispose();
      x.dispose();
    },
  };
}

interface Prepared {
  readonly graph: Graph;
  readonly features: { readonly values: Float32Array; readonly width: number };
  readonly x: tf.Tensor2D;
  readonly labels: Int32Array;
  readonly classes: number;
}

/** From a new model of the seed to its accuracy in per cent. Frees everything but what it was given. */
async function runNodes({ graph, features, x, labels, classes }: Prepared, split: Split, setting: Setting, start: StartName, seed: number, onPoint: (point: Point) => void): Promise<Outcome> {
  const model = buildStack({ ...setting, width: features.width, output: classes });
  const targets = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels.map((label) => Math.max(0, label)), "int32"), classes), "float32"));
  const weights = tf.tensor1d(indicator(labels.length, split.train));
  let answers: tf.Tensor1D | undefined;
  try {
    setGraph(model, graph);
    await startModel(model, start, { graph, features: features.values, numClasses: classes }, subSeed(seed, "weights"));
    const signal = await signalOf(model, graph, x);
    const course = await trainLoop(
      variablesOf(model),
      setting,
      (step) => {
        const logits = model.apply(x, { training: true }) as tf.Tensor2D;
        // The answers of all nodes are at hand: before this step, so that looking at them costs no further pass.
        if (step % setting.evaluateEvery === 0 || step === setting.steps) answers = tf.keep(tf.argMax(logits, 1) as tf.Tensor1D);
        return tf.losses.softmaxCrossEntropy(targets, logits, weights);
      },
      async () => {
        const given = await answers!.data();
        answers!.dispose();
        answers = undefined;
        const right = (part: Int32Array) => (100 * part.reduce((sum, i) => sum + Number(given[i] === labels[i]), 0)) / part.length;
        return { valid: split.valid.length === 0 ? null : right(split.valid), test: right(split.test) };
      },
      onPoint,
    );
    return { ...course, signal, parameters: model.countParams() };
  } finally {
    tf.dispose([targets, weights]);
    answers?.dispose();
    disposeModel(model);
  }
}

function identity(size: number): Float32Array {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * size + i] = 1;
  return values;
}

function indicator(length: number, chosen: Int32Array): Float32Array {
  const values = new Float32Array(length);
  for (const i of chosen) values[i] = 1;
  return values;
}
