// The convolutions against dense float64, on random graphs with loops, parallel edges, isolated nodes and weights.
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { adjacency, attended, each, gcnMatrix, graphs, largest, meanMatrix, plus, rows, times, type Drawn, type Rows } from "./dense.fixture.js";
import { createGraph, gatAttention, gatForward, gcnForward, ginForward, globalPool, graphNormForward, propagate, sageForward, type Graph } from "./index.js";

beforeAll(() => void (tf.getBackend() === "wasm" && registerTrainingKernels()));

const bothWidths = fc.constantFrom([2, 5], [5, 2]) as fc.Arbitrary<[number, number]>;
type Forward = (graph: Graph, ...at: tf.Tensor[]) => tf.Tensor;

/** That `forward` gives `expected` on the drawn graph and leaves one tensor, and that its gradients are those of differences of `reference`, in float64. */
async function expectSame(drawn: Drawn, at: (Rows | number[])[], forward: Forward, reference: (...at: (Rows | number[])[]) => Rows): Promise<void> {
  const graph = createGraph(drawn);
  const tensors = at.map((value) => (Array.isArray(value[0]) ? tf.tensor2d(value as Rows) : tf.tensor1d(value as number[])));
  try {
    tf.dispose(forward(graph, ...tensors)); // keeps the graph's tensors
    const y = await expectTensorGrowth(1, () => forward(graph, ...tensors));
    const expected = reference(...at);
    expect(y.shape).toEqual([expected.length, expected[0]!.length]);
    expectClose(await y.data(), expected.flat(), 2e-5, 2e-5);
    const weights = rows(expected.length, expected[0]!.length, 17);
    const loss = (...values: (Rows | number[])[]) => reference(...values).flat().reduce((sum, value, i) => sum + value * weights.flat()[i]!, 0);
    const gradients = tf.tidy(() => tf.grads((...values: tf.Tensor[]) => tf.sum(tf.mul(forward(graph, ...values), tf.tensor2d(weights))))(tensors));
    for (const [i, gradient] of gradients.entries()) {
      const actual = await gradient.data();
      const flat = at[i]!.flat();
      expect(actual.length).toBe(flat.length);
      // Along a direction of its own, by central differences.
      const direction = rows(1, flat.length, 31 + i)[0]!;
      const moved = (step: number) => {
        let k = 0;
        return at.map((value, j) => (j !== i ? value : Array.isArray(value[0]) ? (value as Rows).map((row) => row.map((entry) => entry + step * direction[k++]!)) : (value as number[]).map((entry) => entry + step * direction[k++]!)));
      };
      const slope = (loss(...moved(1e-6)) - loss(...moved(-1e-6))) / 2e-6;
      const along = direction.reduce((sum, value, k) => sum + value * actual[k]!, 0);
      const scale = Math.hypot(...direction) * Math.hypot(...actual);
      expect(Math.abs(along - slope), `gradient ${i}: ${along}, by differences ${slope}`).toBeLessThan(1e-4 * Math.max(1, scale));
    }
    tf.dispose([y, ...gradients]);
  } finally {
    tf.dispose(tensors);
    graph.dispose();
  }
}

const check = (property: fc.IAsyncProperty<unknown>, numRuns = 25) => fc.assert(property as fc.IAsyncProperty<[unknown]>, { numRuns, seed: 1 });
type T2 = tf.Tensor2D;
type T1 = tf.Tensor1D;

describe("gcnForward", () => {
  it("is P x W + b, whichever side is narrower", () =>
    check(
      fc.asyncProperty(graphs, bothWidths, (drawn, [inputs, outputs]) =>
        expectSame(drawn, [rows(drawn.numNodes, inputs, 1), rows(inputs, outputs, 2), rows(1, outputs, 3)[0]!], (graph, x, kernel, bias) => gcnForward(graph, x as T2, { kernel: kernel as T2, bias: bias as T1 }), (x, kernel, bias) =>
          plus(times(gcnMatrix(drawn), times(x as Rows, kernel as Rows)), bias as number[]),
        ),
      ),
    ));
});

describe("sageForward", () => {
  it.each(["mean", "sum", "max"] as const)("brings neighbours together by %s, and adds the node itself", (aggregator) =>
    check(
      fc.asyncProperty(graphs, bothWidths, (drawn, [inputs, outputs]) =>
        expectSame(
          drawn,
          [rows(drawn.numNodes, inputs, 1), rows(inputs, outputs, 2), rows(inputs, outputs, 3), rows(1, outputs, 4)[0]!],
          (graph, x, kernel, rootKernel, bias) => sageForward(graph, x as T2, { kernel: kernel as T2, rootKernel: rootKernel as T2, bias: bias as T1 }, { aggregator }),
          (x, kernel, rootKernel, bias) => {
            const neighbours = aggregator === "max" ? largest(drawn, x as Rows) : times(aggregator === "mean" ? meanMatrix(drawn) : adjacency(drawn), x as Rows);
            return plus(plus(times(neighbours, kernel as Rows), times(x as Rows, rootKernel as Rows)), bias as number[]);
          },
        ),
      ),
    ),
  );

  it("gives rows of length 1 when normalized, and zeros with a gradient of zeros to a node that has nothing", async () => {
    const graph = createGraph({ numNodes: 3, src: [0], dst: [1] });
    const [x, kernel] = [tf.tensor2d([[3, 4], [1, 2], [5, 6]]), tf.tensor2d([[1, 0], [0, 1]])];
    const y = sageForward(graph, x, { kernel }, { normalize: true });
    expectClose(await y.data(), [0, 0, 0.6, 0.8, 0, 0], 1e-6, 1e-6);
    const gradient = tf.grad((at) => tf.sum(sageForward(graph, at as T2, { kernel }, { normalize: true })))(x);
    expect((await gradient.data()).every(Number.isFinite)).toBe(true);
    tf.dispose([x, kernel, y, gradient]);
    graph.dispose();
  });
});

describe("neighbours' largest", () => {
  it("shares its gradient equally by those that are equal, a node with 20 sources as one with 2", async () => {
    const hub = Array.from({ length: 20 }, (_, i) => i);
    const graph = createGraph({ numNodes: 23, src: [...hub, 0, 3], dst: [...hub.map(() => 20), 21, 21] });
    const [x, kernel] = [tf.tensor2d(Array.from({ length: 23 }, (_, i) => [i % 4 === 3 ? 2 : 1])), tf.tensor2d([[1]])];
    const gradient = tf.grad((at) => tf.sum(sageForward(graph, at as T2, { kernel }, { aggregator: "max" })))(x);
    // Of nodes 0 … 19 five have a 2 (3, 7, 11, 15, 19), each with a fifth; node 21 takes that of 3.
    expectClose(await gradient.data(), Array.from({ length: 23 }, (_, i) => (i < 20 && i % 4 === 3 ? 0.2 : 0) + (i === 3 ? 1 : 0)), 1e-6, 1e-6);
    tf.dispose([x, kernel, gradient]);
    graph.dispose();
  });

  it("is found also where the table is made a part after the other", async () => {
    const n = 1500;
    const from = Array.from({ length: 3 * n }, (_, e) => (e * 7919) % n);
    const to = Array.from({ length: 3 * n }, (_, e) => (e * 31) % n);
    const drawn = { numNodes: n, src: from, dst: to, weight: undefined };
    const graph = createGraph(drawn);
    const wide = rows(n, 1, 3);
    // 1,024 columns alike: more than 2²² numbers in a table of 1,500 rows of four.
    const x = tf.tidy(() => tf.tile(tf.tensor2d(wide), [1, 1024]));
    const kernel = tf.tidy(() => tf.fill([1024, 1], 1 / 1024) as T2);
    const y = sageForward(graph, x as T2, { kernel }, { aggregator: "max" });
    expectClose(await y.data(), largest(drawn, wide).flat(), 1e-5, 1e-5);
    const gradient = tf.tidy(() => tf.sum(tf.grad((at) => tf.sum(sageForward(graph, at as T2, { kernel }, { aggregator: "max" })))(x), 1));
    const counts = Array<number>(n).fill(0);
    const found = largest(drawn, wide).flat();
    for (let e = 0; e < from.length; e++) {
      const same = from.filter((source, other) => to[other] === to[e] && wide[source]![0] === found[to[e]!]).length;
      if (wide[from[e]!]![0] === found[to[e]!]) counts[from[e]!]! += 1 / same;
    }
    expectClose(await gradient.data(), counts, 1e-4, 1e-4);
    tf.dispose([x, kernel, y, gradient]);
    graph.dispose();
  });
});

const leaky = (slope: number) => (value: number) => (value > 0 ? value : slope * value);

describe("gatForward", () => {
  /** Columns of one head. */
  const head = (x: Rows, h: number, units: number): Rows => x.map((row) => row.slice(h * units, (h + 1) * units));
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const joined = (heads: Rows[], concat: boolean): Rows => (concat ? heads[0]!.map((_, i) => heads.flatMap((one) => one[i]!)) : heads[0]!.map((row, i) => row.map((_, j) => heads.reduce((sum, one) => sum + one[i]![j]! / heads.length, 0))));
  const options = fc.record({ heads: fc.integer({ min: 1, max: 3 }), concat: fc.boolean(), selfLoops: fc.boolean() });

  it("attends as GAT does", () =>
    check(
      fc.asyncProperty(graphs, options, (drawn, { heads, ...rest }) =>
        expectSame(
          drawn,
          [rows(drawn.numNodes, 3, 1), rows(3, heads * 2, 2), rows(heads, 2, 3), rows(heads, 2, 4), rows(1, rest.concat ? heads * 2 : 2, 5)[0]!],
          (graph, x, kernel, attentionSource, attentionTarget, bias) => gatForward(graph, x as T2, { kernel: kernel as T2, attentionSource: attentionSource as T2, attentionTarget: attentionTarget as T2, bias: bias as T1 }, { ...rest, negativeSlope: 0.3 }),
          (x, kernel, source, target, bias) => {
            const mapped = times(x as Rows, kernel as Rows);
            const each = Array.from({ length: heads }, (_, h) => {
              const own = head(mapped, h, 2);
              return attended(drawn, rest.selfLoops, (i, j) => leaky(0.3)(dot(own[j]!, (source as Rows)[h]!) + dot(own[i]!, (target as Rows)[h]!)), own);
            });
            return plus(joined(each, rest.concat), bias as number[]);
          },
        ),
      ),
    ));

  it("attends as GATv2 does", () =>
    check(
      fc.asyncProperty(graphs, options, (drawn, { heads, ...rest }) =>
        expectSame(
          drawn,
          [rows(drawn.numNodes, 3, 1), rows(3, heads * 2, 2), rows(1, heads * 2, 6)[0]!, rows(3, heads * 2, 7), rows(1, heads * 2, 8)[0]!, rows(heads, 2, 3), rows(1, rest.concat ? heads * 2 : 2, 5)[0]!],
          (graph, x, kernel, sourceBias, targetKernel, targetBias, attention, bias) =>
            gatForward(graph, x as T2, { kernel: kernel as T2, sourceBias: sourceBias as T1, targetKernel: targetKernel as T2, targetBias: targetBias as T1, attention: attention as T2, bias: bias as T1 }, rest),
          (x, kernel, sourceBias, targetKernel, targetBias, attention, bias) => {
            const [sources, targets] = [plus(times(x as Rows, kernel as Rows), sourceBias as number[]), plus(times(x as Rows, targetKernel as Rows), targetBias as number[])];
            const each = Array.from({ length: heads }, (_, h) => {
              const [from, to] = [head(sources, h, 2), head(targets, h, 2)];
              return attended(drawn, rest.selfLoops, (i, j) => dot(from[j]!.map((value, k) => leaky(0.2)(value + to[i]![k]!)), (attention as Rows)[h]!), from);
            });
            return plus(joined(each, rest.concat), bias as number[]);
          },
        ),
      ),
    ));

  it("is safe for scores that no exponential could hold, in training too", async () => {
    const graph = createGraph({ numNodes: 3, src: [0, 1], dst: [2, 2] });
    const weights = { kernel: tf.tensor2d([[1]]), attentionSource: tf.tensor2d([[1000]]), attentionTarget: tf.tensor2d([[0]]) };
    const x = tf.tensor2d([[3], [2], [1]]);
    const y = gatForward(graph, x, weights);
    expect([...(await y.data())]).toEqual([3, 2, 3]); // node 2 sees 3,000, 2,000 and 1,000
    const gradients = tf.tidy(() => tf.grads((at, kernel) => tf.sum(gatForward(graph, at as T2, { ...weights, kernel: kernel as T2 })))([x, weights.kernel]));
    for (const gradient of gradients) expect((await gradient.data()).every(Number.isFinite)).toBe(true);
    tf.dispose([...Object.values(weights), x, y, ...gradients]);
    graph.dispose();
  });

  it("computes GATv2's scores the same a part after the other", async () => {
    const [n, units] = [400, 4096];
    const src = Array.from({ length: 3 * n }, (_, e) => (e * 7) % n);
    const graph = createGraph({ numNodes: n, src, dst: src.map((node, e) => (node + e) % n) });
    const tile = (column: number[]) => tf.tidy(() => tf.tile(tf.tensor2d(column, [column.length, 1]), [1, units]) as T2);
    const column = rows(n, 1, 2).flat();
    const [narrow, x] = [tf.tensor2d(column, [n, 1]), tf.tensor2d(column, [n, 1])];
    // 1,600 edges of 4,096 alike features: more than 2²² numbers; attention 1 / 4,096 makes of them the score of one.
    const wide = { kernel: tile([1.5]), targetKernel: tile([-0.7]), attention: tf.fill([1, units], 1 / units) as T2 };
    const one = { kernel: tf.tensor2d([[1.5]]), targetKernel: tf.tensor2d([[-0.7]]), attention: tf.tensor2d([[1]]) };
    const [a, b] = [gatAttention(graph, x, wide), gatAttention(graph, narrow, one)];
    expectClose(await a.attention.data(), await b.attention.data(), 1e-5, 1e-4);
    const slope = (weights: typeof one) => tf.tidy(() => tf.grad((at) => tf.sum(tf.mul(gatForward(graph, at as T2, weights), tf.range(0, n).reshape([n, 1]))))(x));
    const [left, right] = [slope(wide), slope(one)];
    const [of, to] = [await left.data(), await right.data()];
    expectClose(of.map((value) => value / units), to, 1e-3 * Math.max(...to.map(Math.abs)), 1e-3);
    tf.dispose([narrow, x, ...Object.values(wide), ...Object.values(one), a.attention, b.attention, left, right]);
    graph.dispose();
  });
});

describe("ginForward", () => {
  it("is a network of two layers on (A + (1 + ε) I) x, ε a number or trained", () =>
    check(
      fc.asyncProperty(graphs, bothWidths, fc.boolean(), (drawn, [inputs, hidden], trained) => {
        const sums = (x: Rows, eps: number) => plus(times(adjacency(drawn), x), each(x, (value) => (1 + eps) * value));
        const reference = (x: Rows, kernel: Rows, bias: number[], inner: Rows, eps: number) => times(each(plus(times(sums(x, eps), kernel), bias), Math.tanh), inner);
        const at = [rows(drawn.numNodes, inputs, 1), rows(inputs, hidden, 2), rows(1, hidden, 3)[0]!, rows(hidden, 2, 4), ...(trained ? [[0.3]] : [])];
        return expectSame(
          drawn,
          at,
          (graph, x, kernel, bias, innerKernel, eps = 0.3 as never) => ginForward(graph, x as T2, { kernel: kernel as T2, bias: bias as T1, innerKernel: innerKernel as T2 }, { eps, activation: tf.tanh }),
          (x, kernel, bias, inner, eps = [0.3]) => reference(x as Rows, kernel as Rows, bias as number[], inner as Rows, (eps as number[])[0]!),
        );
      }),
    ));
});

describe("pooling and normalization", () => {
  const parts = fc.array(fc.nat(3), { minLength: 1, maxLength: 12 });
  const graphOf = (batch: number[]) => createGraph({ numNodes: batch.length, src: [], dst: [], batch, numGraphs: 4 });
  const members = (batch: number[], x: Rows) => Array.from({ length: 4 }, (_, part) => x.filter((_, node) => batch[node] === part));
  const mean = (own: Rows, width: number) => Array.from({ length: width }, (_, j) => own.reduce((sum, row) => sum + row[j]! / own.length, 0));

  it("pools the nodes of each graph, whatever their order, and gives 0 to a graph without nodes", () =>
    check(
      fc.asyncProperty(parts, async (batch) => {
        const x = rows(batch.length, 3, 2);
        const graph = graphOf(batch);
        const tensor = tf.tensor2d(x);
        for (const pooling of ["mean", "sum", "max"] as const) {
          const y = globalPool(graph, tensor, pooling);
          const expected = members(batch, x).map((own) => Array.from({ length: 3 }, (_, j) => (own.length === 0 ? 0 : pooling === "max" ? Math.max(...own.map((row) => row[j]!)) : own.reduce((sum, row) => sum + row[j]!, 0) / (pooling === "mean" ? own.length : 1))));
          expectClose(await y.data(), expected.flat(), 1e-5, 1e-5);
          y.dispose();
        }
        tensor.dispose();
        graph.dispose();
      }),
    ));

  it("normalizes over the nodes of each graph", () =>
    check(
      fc.asyncProperty(parts, async (batch) => {
        const [x, scale] = [rows(batch.length, 2, 2), [0.7, 1.2]];
        const graph = graphOf(batch);
        const given = [tf.tensor2d(x), tf.tensor1d(scale)] as const;
        const y = graphNormForward(graph, given[0], { meanScale: given[1] }, { epsilon: 1e-2 });
        const centred = x.map((row, node) => row.map((value, j) => value - scale[j]! * mean(members(batch, x)[batch[node]!]!, 2)[j]!));
        const expected = centred.map((row, node) => row.map((value, j) => value / Math.sqrt(mean(members(batch, centred)[batch[node]!]!.map((other) => other.map((one) => one * one)), 2)[j]! + 1e-2)));
        expectClose(await y.data(), expected.flat(), 1e-4, 1e-4);
        tf.dispose([...given, y]);
        graph.dispose();
      }),
    ));
});

describe("bad input", () => {
  const graph = createGraph({ numNodes: 2, src: [0], dst: [1] });
  const t = (...shape: number[]) => tf.ones(shape) as never;
  const gat = (more: object = {}) => ({ kernel: t(3, 4), attentionSource: t(2, 2), attentionTarget: t(2, 2), ...more }) as never;
  const gat2 = (more: object = {}) => ({ kernel: t(3, 4), attention: t(2, 2), ...more }) as never;
  const gin = (more: object = {}) => ({ kernel: t(3, 4), innerKernel: t(4, 2), ...more }) as never;
  it.each<[string, () => unknown, string, string]>([
    ["rows", () => gcnForward(graph, t(3, 3), { kernel: t(3, 4) }), "SHAPE_MISMATCH", "gcnForward: x must have shape [2, features], a row a node, got [3,3]"],
    ["propagate's rank", () => propagate(graph, t(2, 3, 1)), "SHAPE_MISMATCH", "propagate: x must have shape [2, features]"],
    ["GCN's kernel", () => gcnForward(graph, t(2, 3), { kernel: t(4, 3) }), "SHAPE_MISMATCH", "gcnForward: `kernel` must have shape [3, *], got [4, 3]"],
    ["GCN's bias", () => gcnForward(graph, t(2, 3), { kernel: t(3, 4), bias: t(3) }), "SHAPE_MISMATCH", "gcnForward: `bias` must have shape [4], got [3]"],
    ["SAGE's kernel", () => sageForward(graph, t(2, 3), { kernel: t(4, 3) }), "SHAPE_MISMATCH", "sageForward: `kernel` must have shape [3, *]"],
    ["SAGE's root", () => sageForward(graph, t(2, 3), { kernel: t(3, 4), rootKernel: t(3, 5) }), "SHAPE_MISMATCH", "sageForward: `rootKernel` must have shape [3, 4]"],
    ["SAGE's bias", () => sageForward(graph, t(2, 3), { kernel: t(3, 4), bias: t(4, 1) }), "SHAPE_MISMATCH", "sageForward: `bias` must have shape [4]"],
    ["SAGE's aggregator", () => sageForward(graph, t(2, 3), { kernel: t(3, 4) }, { aggregator: "lstm" as "max" }), "INVALID_OPTION", 'sageForward: `aggregator` must be one of "mean", "sum", "max", got "lstm"'],
    ["GAT's kernel", () => gatForward(graph, t(2, 3), gat({ kernel: t(3, 5) })), "SHAPE_MISMATCH", "gatForward: `kernel` must have shape [3, 4], got [3, 5]. Its columns are those of 2 heads of 2 each."],
    ["GAT's second vector", () => gatForward(graph, t(2, 3), gat({ attentionTarget: t(1, 4) })), "SHAPE_MISMATCH", "gatForward: `attentionTarget` must have shape [2, 2]"],
    ["GAT's bias", () => gatForward(graph, t(2, 3), gat({ bias: t(4) }), { concat: false }), "SHAPE_MISMATCH", "gatForward: `bias` must have shape [2], got [4]. Heads are averaged before it is added."],
    ["GAT's slope", () => gatAttention(graph, t(2, 3), gat(), { negativeSlope: NaN }), "INVALID_OPTION", "gatAttention: `negativeSlope` must be a finite number, got NaN"],
    ["GAT's dropout", () => gatForward(graph, t(2, 3), gat(), { dropout: 1 }), "INVALID_OPTION", "gatForward: `dropout` must be at least 0 and below 1, got 1"],
    ["GATv2's vectors", () => gatForward(graph, t(2, 3), gat2({ attention: t(4) })), "SHAPE_MISMATCH", "gatForward: `attention` must have shape [4, *], got [4]"],
    ["GATv2's second kernel", () => gatForward(graph, t(2, 3), gat2({ targetKernel: t(4, 3) })), "SHAPE_MISMATCH", "gatForward: `targetKernel` must have shape [3, 4]"],
    ["GATv2's biases", () => gatForward(graph, t(2, 3), gat2({ sourceBias: t(3) })), "SHAPE_MISMATCH", "gatForward: `sourceBias` must have shape [4]"],
    ["GIN's kernel", () => ginForward(graph, t(2, 3), gin({ kernel: t(2, 4) })), "SHAPE_MISMATCH", "ginForward: `kernel` must have shape [3, *]"],
    ["GIN's second kernel", () => ginForward(graph, t(2, 3), gin({ innerKernel: t(3, 2) })), "SHAPE_MISMATCH", "ginForward: `innerKernel` must have shape [4, *]"],
    ["GIN's biases", () => ginForward(graph, t(2, 3), gin({ innerBias: t(4) })), "SHAPE_MISMATCH", "ginForward: `innerBias` must have shape [2]"],
    ["GIN's ε", () => ginForward(graph, t(2, 3), gin(), { eps: Infinity }), "INVALID_OPTION", "ginForward: `eps` must be a finite number, got Infinity"],
    ["GIN's ε as a tensor", () => ginForward(graph, t(2, 3), gin(), { eps: t(2) }), "SHAPE_MISMATCH", "ginForward: `eps` must have shape [1], got [2]"],
    ["a normalization's weights", () => graphNormForward(graph, t(2, 3), { bias: t(2) }), "SHAPE_MISMATCH", "graphNormForward: `bias` must have shape [3]"],
    ["the pooling", () => globalPool(graph, t(2, 3), "median" as "mean"), "INVALID_OPTION", 'globalPool: `pooling` must be one of "mean", "sum", "max", got "median"'],
  ])("is refused: %s", async (_, attempt, code, message) => {
    await expectTensorGrowth(0, () => {
      const run = () => tf.tidy(() => void attempt());
      expect(run).toThrow(expect.objectContaining({ code }));
      expect(run).toThrow(message);
    });
  });
});
