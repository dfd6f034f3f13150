// Link prediction: the links for training make the graph; a link's score is the product of what the graph network says of both ends, weighted by its kind (DistMult,
// Yang et al. 2015). Trained against links with one end by chance; tested by where the right end stands among all nodes (Bordes et al. 2013, "filtered"), or
// on large graphs among wrong ends by chance (Open Graph Benchmark, Hu et al. 2020).
import * as tf from "@tensorflow/tfjs";
import { createGraph, setGraph } from "@warmstart/gnn-virgo";
import { disposeModel, permutation, randomGenerator, subSeed, type RandomGenerator } from "@warmstart/init-core";
import { distinctEdges, type LinkData } from "./data.js";
import { buildStack } from "./model.js";
import { signalOf } from "./signal.js";
import { startModel, type StartName } from "./starts.js";
import { trainLoop, variablesOf, type Outcome, type Point, type Setting } from "./training.js";

export interface LinksProblem {
  readonly run: (setting: Setting, start: StartName, seed: number, onPoint?: (point: Point) => void) => Promise<LinksOutcome>;
  readonly dispose: () => void;
}

interface LinksOutcome extends Outcome {
  /** Per cent of the test whose right end is among the first ten, at the point of the score. */
  readonly hits: number;
}

export interface LinkSampling {
  readonly train: number;
  readonly valid: number;
  /** Links a step, and as many wrong ones. */
  readonly batch: number;
  /** At most so many of the validation, and of the test, are ranked. */
  readonly ranked: number;
  /** Wrong ends that each right one is ranked among, by chance, the same at every look. Absent: all. */
  readonly among?: number;
}

/** Indices of links. Links between the same two nodes, whatever their kind and direction, are on one side. */
export interface LinkSplit {
  readonly train: Int32Array;
  readonly valid: Int32Array;
  readonly test: Int32Array;
}

export function splitLinks({ numNodes, from, to }: Pick<LinkData, "numNodes" | "from" | "to">, { train, valid }: Pick<LinkSampling, "train" | "valid">, seed: number): LinkSplit {
  const key = (i: number) => Math.min(from[i]!, to[i]!) * numNodes + Math.max(from[i]!, to[i]!);
  const pairs = [...new Set(Array.from(from, (_, i) => key(i)))];
  const part = new Map<number, 0 | 1 | 2>();
  for (const [place, i] of permutation(pairs.length, seed).entries()) part.set(pairs[i]!, place < train * pairs.length ? 0 : place < (train + valid) * pairs.length ? 1 : 2);
  const own = (which: number) => Int32Array.from([...from.keys()].filter((i) => part.get(key(i)) === which));
  return { train: own(0), valid: own(1), test: own(2) };
}

/** @param directed whether a message flows from a link's beginning to its end alone. */
export function linksProblem(data: LinkData, sampling: LinkSampling, directed: boolean): LinksProblem {
  const { values, width } = data.features;
  const x = tf.tensor2d(values, [data.numNodes, width]);
  // What does not stand in the way when the end for a beginning and a kind is looked for, or the beginning for an end: all that are right, and the node itself.
  const known = new Map<string, Set<number>>();
  for (const [i, from] of data.from.entries()) {
    const to = data.to[i]!;
    for (const [place, itself, end] of [[ahead(from, data.kind[i]!), from, to], [back(to, data.kind[i]!), to, from]] as const) {
      const ends = known.get(place);
      if (ends === undefined) known.set(place, new Set([itself, end]));
      else ends.add(end);
    }
  }
  return { run: (setting, start, seed, onPoint = () => undefined) => runLinks(data, x, known, sampling, directed, setting, start, seed, onPoint), dispose: () => x.dispose() };
}

const ahead = (from: number, kind: number) => `${from} ${kind} ?`;
const back = (to: number, kind: number) => `? ${kind} ${to}`;

async function runLinks(data: LinkData, x: tf.Tensor2D, known: ReadonlyMap<string, ReadonlySet<number>>, sampling: LinkSampling, directed: boolean, setting: Setting, start: StartName, seed: number, onPoint: (point: Point) => void): Promise<LinksOutcome> {
  const { numNodes, from, to } = data;
  const split = splitLinks(data, sampling, subSeed(seed, "split"));
  const ends = (part: Int32Array, of: Int32Array) => part.map((i) => of[i]!);
  const { src, dst } = distinctEdges(numNodes, ends(split.train, from), ends(split.train, to), directed);
  const graph = createGraph({ numNodes, src, dst, undirected: !directed });
  const model = buildStack({ ...setting, width: data.features.width, output: setting.hidden });
  const kinds = tf.tidy(() => tf.variable(tf.ones([data.kinds.length, setting.hidden]) as tf.Tensor2D));
  const bias = tf.tidy(() => tf.variable(tf.scalar(0)));
  const chance = randomGenerator(subSeed(seed, "batches"));
  const hits: number[] = [];
  try {
    setGraph(model, graph);
    await startModel(model, start, { graph, features: data.features.values, numClasses: setting.hidden }, subSeed(seed, "weights"));
    const signal = await signalOf(model, graph, x);
    const rivals = randomGenerator(subSeed(seed, "rivals"));
    const few = (part: Int32Array) => questionsOf(data, part.slice(0, sampling.ranked), known, sampling.among, rivals);
    const [valid, test] = [few(split.valid), few(split.test)];
    const course = await trainLoop(
      [...variablesOf(model), kinds, bias],
      setting,
      () => {
        const batch = drawBatch(data, split.train, Math.min(sampling.batch, split.train.length), chance);
        const h = model.apply(x, { training: true }) as tf.Tensor2D;
        const scores = tf.add(tf.sum(tf.mul(tf.mul(tf.gather(h, batch.from), tf.gather(kinds, batch.kind)), tf.gather(h, batch.to)), 1), bias);
        return tf.losses.sigmoidCrossEntropy(batch.right, scores) as tf.Scalar;
      },
      async () => {
        const h = tf.tidy(() => model.apply(x) as tf.Tensor2D);
        const ranks = { valid: await rankAll(valid, h, kinds), test: await rankAll(test, h, kinds) };
        h.dispose();
        hits.push((100 * ranks.test.filter((rank) => rank <= 10).length) / ranks.test.length);
        const reciprocal = (all: readonly number[]) => (100 * all.reduce((sum, rank) => sum + 1 / rank, 0)) / all.length;
        return { valid: reciprocal(ranks.valid), test: reciprocal(ranks.test) };
      },
      onPoint,
    );
    return { ...course, hits: hits[course.points.findIndex(({ test }) => test === course.score)]!, signal, parameters: model.countParams() + kinds.size + 1 };
  } finally {
    graph.dispose();
    kinds.dispose();
    bias.dispose();
    disposeModel(model);
  }
}

/** Links of the training, then the same with one end by chance: the beginning in one half, the end in the other. Tensors of the surrounding tidy. */
function drawBatch({ numNodes, from, kind, to }: LinkData, train: Int32Array, size: number, chance: RandomGenerator): { from: tf.Tensor1D; kind: tf.Tensor1D; to: tf.Tensor1D; right: tf.Tensor1D } {
  const [first, kinds, last] = [new Int32Array(2 * size), new Int32Array(2 * size), new Int32Array(2 * size)];
  for (let i = 0; i < size; i++) {
    const link = train[chance.integer(train.length)]!;
    first[i] = first[size + i] = from[link]!;
    last[i] = last[size + i] = to[link]!;
    kinds[i] = kinds[size + i] = kind[link]!;
    (i % 2 === 0 ? first : last)[size + i] = chance.integer(numNodes);
  }
  const right = Float32Array.from({ length: 2 * size }, (_, i) => (i < size ? 1 : 0));
  return { from: tf.tensor1d(first, "int32"), kind: tf.tensor1d(kinds, "int32"), to: tf.tensor1d(last, "int32"), right: tf.tensor1d(right) };
}

/** One end of a link and its kind: which is the other end? */
interface Question {
  readonly given: number;
  readonly kind: number;
  readonly right: number;
  /** What is no wrong answer: all right ones, and the node itself. */
  readonly aside: ReadonlySet<number>;
  /** Wrong answers to rank among. Absent: all. */
  readonly wrong?: Int32Array;
}

/** Both ends of each link. @param among how many wrong answers each gets, drawn independently; undefined: all there are. */
function questionsOf({ numNodes, from, kind, to }: LinkData, links: Int32Array, known: ReadonlyMap<string, ReadonlySet<number>>, among: number | undefined, chance: RandomGenerator): Question[] {
  return [...links].flatMap((i) =>
    [
      { given: from[i]!, kind: kind[i]!, right: to[i]!, aside: known.get(ahead(from[i]!, kind[i]!))! },
      { given: to[i]!, kind: kind[i]!, right: from[i]!, aside: known.get(back(to[i]!, kind[i]!))! },
    ].map((question) => (among === undefined ? question : { ...question, wrong: wrongEnds(numNodes, question.aside, among, chance) })),
  );
}

/** Nodes by chance that are not among `aside`, drawn independently. */
export function wrongEnds(numNodes: number, aside: ReadonlySet<number>, count: number, { integer }: RandomGenerator): Int32Array {
  if (aside.size >= numNodes) throw new Error(`wrongEnds: there is no wrong end, all ${numNodes} nodes are right ones; rank among all instead`);
  return Int32Array.from({ length: count }, () => {
    for (;;) {
      const end = integer(numNodes);
      if (!aside.has(end)) return end;
    }
  });
}

/** Where the right end of each question stands; equal scores count half, what is no number is ahead. */
async function rankAll(questions: readonly Question[], h: tf.Tensor2D, kinds: tf.Tensor2D): Promise<number[]> {
  const ranks: number[] = [];
  const [numNodes, hidden] = h.shape;
  const wrongs = questions[0]?.wrong?.length;
  const numbers = wrongs === undefined ? numNodes : (wrongs + 1) * hidden; // a question
  const chunk = Math.max(1, Math.floor(2 ** 22 / numbers));
  for (let begin = 0; begin < questions.length; begin += chunk) {
    const part = questions.slice(begin, begin + chunk);
    const scores = tf.tidy(() => {
      const rows = (of: tf.Tensor2D, indices: readonly number[] | Int32Array) => tf.gather(of, tf.tensor1d(indices as number[], "int32"));
      const asked = tf.mul(rows(h, part.map(({ given }) => given)), rows(kinds, part.map(({ kind }) => kind)));
      if (wrongs === undefined) return tf.matMul(asked, h, false, true);
      const ends = Int32Array.from(part.flatMap(({ right, wrong }) => [right, ...wrong!]));
      return tf.matMul(tf.reshape(asked, [part.length, 1, hidden]), tf.reshape(rows(h, ends), [part.length, wrongs + 1, hidden]), false, true);
    });
    const values = (await scores.data()) as Float32Array;
    scores.dispose();
    const width = values.length / part.length;
    for (const [q, { right, aside, wrong }] of part.entries()) {
      const own = values.subarray(q * width, (q + 1) * width);
      ranks.push(wrong === undefined ? rankOf(own, right, aside) : rankOf(own, 0, new Set([0])));
    }
  }
  return ranks;
}

/** @param aside ends that do not stand in the way: those that are right, `right` too, and the node itself. */
export function rankOf(scores: Float32Array, right: number, aside: ReadonlySet<number>): number {
  const own = scores[right]!;
  const share = (score: number) => (score < own ? 0 : score === own ? 0.5 : 1);
  let before = 1;
  for (const score of scores) before += share(score);
  for (const end of aside) before -= share(scores[end]!);
  return before;
}
