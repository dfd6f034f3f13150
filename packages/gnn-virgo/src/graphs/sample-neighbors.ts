// Neighbourhoods drawn at random (GraphSAGE: Hamilton, Ying, Leskovec 2017, arXiv:1706.02216), so that a step of training sees a
// part of a large graph. As PyG's NeighborLoader: a node is expanded once, in the hop after the one that reached it.
import { permutation, randomGenerator, subSeed, WarmstartError, type RandomGenerator } from "@warmstart/init-core";
import { createGraph, type Graph, type Numbers } from "../graph.js";
import { Growing } from "../growing.js";
import { countingSort } from "../sparse-matrix.js";
import { numbered, type Subgraph } from "./subgraph.js";
import { taken, weightOption } from "./with-edges.js";

export interface SampleNeighborsOptions {
  /** Integer; the same seed draws the same. Default 0. */
  readonly seed?: number;
  /** Draws each neighbour from all anew, so that some come twice. Default false. */
  readonly replace?: boolean;
}

/** Some nodes with the neighbourhood drawn for them. */
export interface NeighborSample extends Subgraph {
  /** The nodes asked for stand first, in the order given: of what layers compute these rows are of use, the others only feed them. */
  readonly numSeeds: number;
}

/**
 * The nodes given and, hop by hop, nodes that send to them: of the edges into a node at most as many as the hop's fanout, drawn
 * uniformly. The first call on a graph takes time in proportion to it, later ones in proportion to the sample.
 *
 * With all edges (-1) and as many hops as layers, layers that use what comes in and nothing else (sum, mean, max, attention) give
 * the seeds what they give them in the whole graph; `gcn` divides by degrees, which are those in the sample.
 *
 * @param fanouts edges a node, one entry a hop, beginning at the seeds (PyG's order; DGL's is the other way round); -1: all.
 * @returns a graph of its own; free what layers keep for it with `graph.dispose()`.
 * @throws {WarmstartError} INVALID_OPTION for seeds out of range or named twice, and for fanouts that are no such numbers;
 *   INSUFFICIENT_DATA for no seeds.
 *
 * @example
 * const { graph: part, nodes, numSeeds } = sampleNeighbors(graph, [7, 12], [10, 5], { seed: step });
 * setGraph(model, part);
 * const output = model.predict(tf.gather(features, tf.tensor1d(nodes, "int32")));
 * const ofSeeds = tf.slice(output, 0, numSeeds);
 */
export function sampleNeighbors(graph: Graph, seeds: Numbers, fanouts: readonly number[], { seed = 0, replace = false }: SampleNeighborsOptions = {}): NeighborSample {
  checkFanouts("sampleNeighbors", fanouts);
  numbered("sampleNeighbors", "seeds", seeds, graph.numNodes);
  return drawn(graph, new Int32Array(seeds), fanouts, randomGenerator(seed), replace);
}

export interface NeighborBatchesOptions extends SampleNeighborsOptions {
  /** As in `sampleNeighbors`. */
  readonly fanouts: readonly number[];
  /** Seeds a batch; the last may have fewer. */
  readonly batchSize: number;
  /** Whether the nodes come in random order. Default true. */
  readonly shuffle?: boolean;
}

/**
 * An epoch of `sampleNeighbors`: the nodes in batches, each with a neighbourhood drawn for it. Give every epoch a seed of its own.
 *
 * @throws {WarmstartError} as `sampleNeighbors`, at once; INVALID_OPTION for a batch size that is no whole number above 0.
 *
 * @example
 * for (const { graph: part, nodes, numSeeds } of neighborBatches(graph, splits.train, { fanouts: [10, 5], batchSize: 512, seed: epoch })) {
 *   …
 *   part.dispose();
 * }
 */
export function neighborBatches(graph: Graph, nodes: Numbers, { fanouts, batchSize, seed = 0, shuffle = true, replace = false }: NeighborBatchesOptions): IterableIterator<NeighborSample> {
  checkFanouts("neighborBatches", fanouts);
  numbered("neighborBatches", "nodes", nodes, graph.numNodes);
  if (!Number.isInteger(batchSize) || batchSize < 1) throw new WarmstartError("INVALID_OPTION", `neighborBatches: batchSize must be a whole number above 0, got ${batchSize}.`, { batchSize });
  const ordered = shuffle ? taken(new Int32Array(nodes), permutation(nodes.length, subSeed(seed, "order"))) : new Int32Array(nodes);
  return batches();

  function* batches() {
    for (let begin = 0; begin < ordered.length; begin += batchSize) yield drawn(graph, ordered.slice(begin, begin + batchSize), fanouts, randomGenerator(subSeed(seed, begin)), replace);
  }
}

function checkFanouts(caller: string, fanouts: readonly number[]): void {
  if (fanouts.length === 0) throw new WarmstartError("INVALID_OPTION", `${caller}: fanouts is empty. Give one a layer, such as [10, 5] for two.`, {});
  const wrong = fanouts.findIndex((fanout) => !Number.isInteger(fanout) || fanout < -1 || fanout === 0);
  if (wrong >= 0) throw new WarmstartError("INVALID_OPTION", `${caller}: fanouts must be whole numbers above 0, or -1 for all neighbours, got ${fanouts[wrong]} at position ${wrong}.`, { position: wrong, fanout: fanouts[wrong] });
}

const known = new WeakMap<Graph, ReturnType<typeof countingSort>>();

/** Edges in the order of the nodes that they lead to. */
function incoming(graph: Graph): ReturnType<typeof countingSort> {
  let edges = known.get(graph);
  if (edges === undefined) known.set(graph, (edges = countingSort(graph.numNodes, graph.dst)));
  return edges;
}

function drawn(whole: Graph, seeds: Int32Array, fanouts: readonly number[], generator: RandomGenerator, replace: boolean): NeighborSample {
  const { pointers, order } = incoming(whole);
  const [nodes, edges, src, dst] = [new Growing(Int32Array), new Growing(Int32Array), new Growing(Int32Array), new Growing(Int32Array)];
  const places = new Map<number, number>();
  const place = (node: number): number => {
    let own = places.get(node);
    if (own === undefined) {
      places.set(node, (own = nodes.length));
      nodes.push(node);
    }
    return own;
  };
  seeds.forEach(place);
  let begin = 0;
  for (const fanout of fanouts) {
    const end = nodes.length;
    for (let own = begin; own < end; own++) {
      const node = nodes.at(own);
      const first = pointers[node]!;
      for (const p of chosen(pointers[node + 1]! - first, fanout, generator, replace)) {
        const e = order[first + p]!;
        edges.push(e);
        src.push(place(whole.src[e]!));
        dst.push(own);
      }
    }
    begin = end;
  }
  const { batch, numGraphs, weight } = whole;
  const [ownNodes, ownEdges] = [nodes.view().slice(), edges.view().slice()];
  const graph = createGraph({
    numNodes: ownNodes.length,
    src: src.view(),
    dst: dst.view(),
    ...weightOption(weight && taken(weight, ownEdges)),
    ...(batch === undefined ? {} : { batch: taken(batch, ownNodes), numGraphs }),
  });
  return { graph, nodes: ownNodes, edges: ownEdges, numSeeds: seeds.length };
}

/** So many of the numbers below `total`, any as likely as any other. */
function* chosen(total: number, count: number, generator: RandomGenerator, replace: boolean): Iterable<number> {
  if (count === -1 || total === 0 || (!replace && count >= total)) {
    for (let p = 0; p < total; p++) yield p;
  } else if (replace) {
    for (let i = 0; i < count; i++) yield generator.integer(total);
  } else {
    // R. W. Floyd's sample (Bentley, Floyd 1987): every subset is equally likely, and its size is all that it takes.
    const taken = new Set<number>();
    for (let top = total - count; top < total; top++) {
      const p = generator.integer(top + 1);
      taken.add(taken.has(p) ? top : p);
    }
    yield* taken;
  }
}
