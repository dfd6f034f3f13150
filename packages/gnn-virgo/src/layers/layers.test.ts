import * as tf from "@tensorflow/tfjs";
import { layersOf, networkOf } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels, unregisterTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { createGraph, gatConv, gcnConv, ginConv, globalPooling, graphNorm, isGraphConvolution, registerLayers, sageConv, setGraph, type Graph } from "../index.js";

beforeAll(() => void (tf.getBackend() === "wasm" && registerTrainingKernels()));

/** Two triangles and an edge between them. */
const triangles = () => createGraph({ numNodes: 6, src: [0, 1, 0, 3, 4, 3, 2], dst: [1, 2, 2, 4, 5, 5, 3], undirected: true });
/** Numbers that repeat on no axis. */
const input = (rows: number, columns: number) => tf.tensor2d(Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(1.7 * i + 0.3)), [rows, columns]);
const read = async (t: tf.Tensor) => {
  const values = await t.data();
  t.dispose();
  return values;
};

const inputShape = [4];
const convolutions: [string, (more?: object) => tf.layers.Layer, { weights: Record<string, number[]>; output: number }][] = [
  ["gcnConv", (more) => gcnConv({ units: 3, operator: "vpa", degrees: "both", selfLoopWeight: 2, inputShape, ...more }), { weights: { kernel: [4, 3], bias: [3] }, output: 3 }],
  ["sageConv", (more) => sageConv({ units: 3, aggregator: "max", normalize: true, inputShape, ...more }), { weights: { kernel: [4, 3], root_kernel: [4, 3], bias: [3] }, output: 3 }],
  ["sageConv without the root", (more) => sageConv({ units: 3, aggregator: "sum", rootWeight: false, inputShape, ...more }), { weights: { kernel: [4, 3], bias: [3] }, output: 3 }],
  ["gatConv", (more) => gatConv({ units: 3, heads: 2, dropout: 0.4, seed: 3, attentionInitializer: tf.initializers.randomNormal({ seed: 2 }), inputShape, ...more }), { weights: { kernel: [4, 6], attention_source: [2, 3], attention_target: [2, 3], bias: [6] }, output: 6 }],
  ["gatConv, version 2", (more) => gatConv({ units: 3, heads: 2, version: 2, concat: false, selfLoops: false, negativeSlope: 0.1, inputShape, ...more }), { weights: { kernel: [4, 6], source_bias: [6], target_kernel: [4, 6], target_bias: [6], attention: [2, 3], bias: [3] }, output: 3 }],
  ["gatConv, version 2, one kernel", (more) => gatConv({ units: 3, version: 2, shareWeights: true, useBias: false, inputShape, ...more }), { weights: { kernel: [4, 3], attention: [1, 3] }, output: 3 }],
  ["ginConv", (more) => ginConv({ units: 3, hiddenUnits: 5, eps: 0.2, innerActivation: "tanh", inputShape, ...more }), { weights: { kernel: [4, 5], bias: [5], inner_kernel: [5, 3], inner_bias: [3] }, output: 3 }],
  ["ginConv, ε trained", (more) => ginConv({ units: 3, trainEps: true, inputShape, ...more }), { weights: { kernel: [4, 3], bias: [3], inner_kernel: [3, 3], inner_bias: [3], eps: [1] }, output: 3 }],
];
const others: typeof convolutions = [
  ["graphNorm", (more) => graphNorm({ epsilon: 1e-3, inputShape, ...more }), { weights: { gamma: [4], beta: [4], mean_scale: [4] }, output: 4 }],
  ["globalPooling", (more) => globalPooling({ pooling: "max", inputShape, ...more }), { weights: {}, output: 4 }],
];

/** Saved and loaded again. */
async function reloaded(model: tf.LayersModel): Promise<tf.LayersModel> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler(async (given) => ((artifacts = given), { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } })));
  return tf.loadLayersModel(tf.io.fromMemory({ ...artifacts!, modelTopology: JSON.parse(JSON.stringify(artifacts!.modelTopology)) as tf.io.ModelJSON["modelTopology"] }));
}

describe.each([...convolutions, ...others])("%s", (_, make, { weights, output }) => {
  it("has the weights and the output that it says, and every kernel is one to networkOf", () => {
    const model = tf.sequential({ layers: [make()] });
    const { parameters } = networkOf(model);
    expect(Object.fromEntries(parameters.map(({ path, shape }) => [path.split("/").at(-1), shape]))).toEqual(weights);
    expect(model.outputs[0]!.shape).toEqual([null, output]);
    for (const { path, role, fans, shape } of parameters) if (path.endsWith("kernel")) expect([role, fans]).toEqual(["kernel", { fanIn: shape[0], fanOut: shape[1] }]);
    model.dispose();
  });

  it("comes back from a saved model as it was, without its graph", async () => {
    registerLayers();
    const graph = triangles();
    const model = tf.sequential({ layers: [make({ graph, name: "one", ...(output === 4 ? {} : { activation: "elu", kernelInitializer: "heNormal", kernelRegularizer: "l1l2" }) })] });
    const loaded = await reloaded(model);
    const [layer, again] = [model.layers[0]!, loaded.layers[0]!];
    expect(again.getConfig()).toEqual(layer.getConfig());
    expect("graph" in layer.getConfig()).toBe(false);
    const x = input(6, 4);
    expect(() => loaded.predict(x)).toThrow(expect.objectContaining({ code: "MODEL_STATE", message: expect.stringContaining('"one": the layer has no graph. Call setGraph(model, graph)') as string }));
    setGraph(loaded, graph);
    expect(await read(loaded.predict(x) as tf.Tensor)).toEqual(await read(model.predict(x) as tf.Tensor));
    x.dispose();
    graph.dispose();
    for (const one of [model, loaded]) one.dispose();
  });

  it("says what to do when nodes are cut into batches, and leaves nothing", async () => {
    const graph = createGraph({ numNodes: 40, src: [0], dst: [1] });
    const model = tf.sequential({ layers: [make({ graph })] });
    const x = input(40, 4);
    (model.predict(x, { batchSize: 40 }) as tf.Tensor).dispose();
    await expectTensorGrowth(0, () => {
      const attempt = () => tf.tidy(() => void model.predict(x));
      expect(attempt).toThrow(expect.objectContaining({ code: "SHAPE_MISMATCH" }));
      expect(attempt).toThrow("the input must have one row for each of the 40 nodes of the graph, got shape [32,4]. Pass batchSize: 40 to fit (with shuffle: false), predict and evaluate");
    });
    x.dispose();
    graph.dispose();
    model.dispose();
  });

  it("is permutation equivariant, and a batch of graphs is each by itself", async () => {
    const order = [3, 0, 5, 2, 4, 1]; // node i becomes node order[i]
    const single = triangles();
    const edges = (graph: Graph, f: (node: number) => number) => ({ src: Array.from(graph.src, f), dst: Array.from(graph.dst, f) });
    const turned = createGraph({ numNodes: 6, ...edges(single, (node) => order[node]!) });
    const back = edges(single, (node) => node + 6);
    const both = createGraph({ numNodes: 12, src: [...single.src, ...back.src], dst: [...single.dst, ...back.dst], batch: [...Array<number>(6).fill(0), ...Array<number>(6).fill(1)] });
    const model = tf.sequential({ layers: [make()] });
    const run = (graph: Graph, x: tf.Tensor) => {
      setGraph(model, graph);
      return model.predict(x, { batchSize: graph.numNodes }) as tf.Tensor;
    };
    const x = input(6, 4);
    const y = run(single, x);
    const pooled = y.shape[0] === 1;
    const places = tf.tensor1d(order, "int32");
    const moved = tf.tidy(() => tf.unsortedSegmentSum(x, places, 6));
    const expected = tf.tidy(() => (pooled ? y.clone() : tf.unsortedSegmentSum(y, places, 6)));
    expectClose(await read(run(turned, moved)), await read(expected), 1e-5, 1e-5);
    const other = tf.tidy(() => tf.mul(x, -0.7));
    const joined = tf.concat([x, other]);
    const apart = [await read(y), await read(run(single, other))].flatMap((values) => [...values]);
    expectClose(await read(run(both, joined)), apart, 1e-5, 1e-5);
    tf.dispose([x, places, moved, other, joined]);
    for (const graph of [single, turned, both]) graph.dispose();
    model.dispose();
  });
});

describe.each(convolutions)("%s", (_, make) => {
  it("learns through fit from the labels of some nodes", async () => {
    const graph = triangles();
    const model = tf.sequential({ layers: [make({ graph, activation: "tanh", kernelInitializer: tf.initializers.glorotUniform({ seed: 4 }), inputShape: [6] }), tf.layers.dense({ units: 2, activation: "softmax", kernelInitializer: tf.initializers.glorotUniform({ seed: 5 }) })] });
    model.compile({ optimizer: tf.train.adam(0.05), loss: "categoricalCrossentropy" });
    const [x, y] = [tf.eye(6), tf.tensor2d([[1, 0], [0, 0], [1, 0], [0, 1], [0, 0], [0, 1]])];
    const { history } = await model.fit(x, y, { epochs: 40, batchSize: 6, shuffle: false, verbose: 0 });
    const losses = history.loss as number[];
    expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
    for (const weight of model.getWeights()) expect((await weight.data()).every(Number.isFinite)).toBe(true);
    tf.dispose([x, y]);
    graph.dispose();
    model.dispose();
  });

  it("is what Virgo reads of it, and its kernels are weights of the layer", () => {
    const model = tf.sequential({ layers: [make()] });
    const layer = model.layers[0]!;
    if (!isGraphConvolution(layer)) throw new Error("it is none");
    const names = networkOf(model).parameters.map(({ path }) => path.split("/").at(-1));
    for (const { weight } of layer.kernels) expect(names).toContain(weight);
    expect(layer.kernels.map(({ weight }) => weight)).toEqual(names.filter((name) => name!.endsWith("kernel")));
    model.dispose();
  });

  it("frees what it made, in training too", async () => {
    await expectTensorGrowth(0, async () => {
      const graph = triangles();
      const model = tf.sequential({ layers: [make({ graph })] });
      const x = input(6, 4);
      const step = () => tf.variableGrads(() => tf.tidy(() => tf.sum(tf.square(model.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar));
      tf.dispose(step() as never);
      const { value, grads } = await expectTensorGrowth(1 + model.trainableWeights.length, step);
      tf.dispose([value, ...Object.values(grads)]);
      x.dispose();
      graph.dispose();
      model.dispose();
    });
  });
});

describe("setGraph", () => {
  it("reaches nested models and shared layers, and a graph of another size", async () => {
    const shared = gcnConv({ units: 3 });
    const nested = tf.sequential({ layers: [gcnConv({ units: 3, inputShape: [3] })] });
    const x = tf.input({ shape: [4] });
    const hidden = shared.apply(tf.layers.dense({ units: 4 }).apply(x)) as tf.SymbolicTensor;
    const twice = shared.apply(tf.layers.dense({ units: 4 }).apply(hidden)) as tf.SymbolicTensor;
    const model = tf.model({ inputs: x, outputs: nested.apply(twice) as tf.SymbolicTensor });
    for (const nodes of [6, 9]) {
      const graph = createGraph({ numNodes: nodes, src: [0, 1], dst: [1, 2] });
      setGraph(model, graph);
      expect(layersOf(model).filter(({ layer }) => isGraphConvolution(layer)).map(({ layer }) => (layer as unknown as { graph: Graph }).graph)).toEqual([graph, graph]);
      const rows = input(nodes, 4);
      const y = model.predict(rows) as tf.Tensor;
      expect(y.shape).toEqual([nodes, 3]);
      tf.dispose([rows, y]);
      graph.dispose();
    }
    model.dispose();
  });

  it("refuses a model without graph layers", () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
    expect(() => setGraph(model, triangles())).toThrow(expect.objectContaining({ code: "NO_MATCH" }));
    expect(isGraphConvolution(model.layers[0]!)).toBe(false);
    model.dispose();
  });
});

describe("gatConv", () => {
  it("drops attention in training alone, other edges at each call, and repeats with the same seed", async () => {
    const graph = triangles();
    const of = () => tf.sequential({ layers: [gatConv({ name: "gat", units: 2, dropout: 0.5, seed: 1, kernelInitializer: "ones", graph, inputShape })] });
    const [model, same] = [of(), of()];
    same.setWeights(model.getWeights());
    const x = tf.ones([6, 4]);
    const run = (one: tf.LayersModel, training: boolean) => read(one.apply(x, { training }) as tf.Tensor);
    expect(new Set(await run(model, false))).toEqual(new Set([4])); // attention sums to 1
    const [first, second] = [await run(model, true), await run(model, true)];
    expect(first).not.toEqual(second);
    expect(first.some((value) => value !== 4)).toBe(true);
    expect(await run(same, true)).toEqual(first);
    x.dispose();
    graph.dispose();
    for (const one of [model, same]) one.dispose();
  });

  it("shows its attention, which sums to 1 at every node and head", async () => {
    const graph = createGraph({ numNodes: 4, src: [0, 1, 2, 2], dst: [1, 2, 1, 2] });
    const layer = gatConv({ units: 2, heads: 3, graph, inputShape });
    const x = input(4, 4);
    expect(() => layer.attend(x)).toThrow(expect.objectContaining({ code: "MODEL_STATE" }));
    const model = tf.sequential({ layers: [layer] });
    const { src, dst, attention } = layer.attend(x);
    expect([[...src], [...dst]]).toEqual([[0, 0, 1, 2, 1, 2, 3], [0, 1, 1, 1, 2, 2, 3]]);
    const sums = tf.tidy(() => tf.unsortedSegmentSum(attention, tf.tensor1d([...dst], "int32"), 4));
    expectClose(await read(sums), Array<number>(12).fill(1), 1e-6, 1e-6);
    tf.dispose([attention, x]);
    graph.dispose();
    model.dispose();
  });
});

describe("arguments", () => {
  it.each<[string, () => unknown, string]>([
    ["units", () => gcnConv({ units: 0 }), "GCNConv: `units` must be an integer of at least 1, got 0"],
    ["aggregator", () => sageConv({ units: 1, aggregator: "median" as "mean" }), 'SAGEConv: `aggregator` must be one of "mean", "sum", "max", got "median"'],
    ["version", () => gatConv({ units: 1, version: 3 as 2 }), "GATConv: `version` must be one of 1, 2, got 3"],
    ["heads", () => gatConv({ units: 1, heads: 1.5 }), "GATConv: `heads` must be an integer of at least 1, got 1.5"],
    ["dropout", () => gatConv({ units: 1, dropout: 1 }), "GATConv: `dropout` must be at least 0 and below 1, got 1"],
    ["seed", () => gatConv({ units: 1, seed: 0.5 }), "GATConv: `seed` must be an integer, got 0.5"],
    ["negativeSlope", () => gatConv({ units: 1, negativeSlope: NaN }), "GATConv: `negativeSlope` must be a finite number, got NaN"],
    ["hiddenUnits", () => ginConv({ units: 1, hiddenUnits: -2 }), "GINConv: `hiddenUnits` must be an integer of at least 1, got -2"],
    ["eps", () => ginConv({ units: 1, eps: Infinity }), "GINConv: `eps` must be a finite number, got Infinity"],
    ["epsilon", () => graphNorm({ epsilon: 0 }), "GraphNorm: `epsilon` must be above 0, got 0"],
    ["pooling", () => globalPooling({ pooling: "min" as "max" }), 'GlobalPooling: `pooling` must be one of "mean", "sum", "max", got "min"'],
  ])("refuses %s that cannot work", (_, attempt, message) => {
    expect(attempt).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(attempt).toThrow(message);
  });

  it("refuses inputs that are no rows of nodes", () => {
    for (const make of [gcnConv, graphNorm, globalPooling]) expect(() => tf.sequential({ layers: [make({ units: 2, inputShape: [3, 2] })] })).toThrow("the input must have shape [nodes, features] with a known number of features, got [*, 3, 2]. Nodes are the batch axis: inputShape: [features].");
  });

  it("adds the kernels' penalty to the loss", async () => {
    const graph = triangles();
    const model = tf.sequential({ layers: [gcnConv({ units: 1, kernelInitializer: "ones", kernelRegularizer: tf.regularizers.l2({ l2: 0.5 }), graph, inputShape })] });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const [x, y] = [tf.zeros([6, 4]), tf.zeros([6, 1])];
    const { history } = await model.fit(x, y, { batchSize: 6, shuffle: false, verbose: 0 });
    expect(history.loss![0]).toBeCloseTo(0.5 * 4, 5); // 0.5 · Σ 1² over 4 entries
    tf.dispose([x, y]);
    graph.dispose();
    model.dispose();
  });
});

if (process.env.WARMSTART_BACKEND === "wasm") {
  describe("without the training kernels", () => {
    it("says which package brings them", () => {
      unregisterTrainingKernels();
      try {
        const layer = gcnConv({ units: 1, graph: triangles() });
        expect(() => tf.tidy(() => void layer.apply(input(6, 4)))).toThrow(expect.objectContaining({ code: "BACKEND", message: expect.stringContaining("Install @warmstart/wasm-training") as string }));
      } finally {
        registerTrainingKernels();
      }
    });
  });
}
