import { WarmstartError } from "@warmstart/init-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGraph, graphOperator, virgoPlan, type Graph, type OperatorName, type OperatorOptions, type VirgoPlan, type VirgoPlanOptions } from "./index.js";
import { karateClub } from "./karate.fixture.js";
import { edgeOperator } from "./operator.js";
import { barabasiAlbert, erdosRenyi, normals, ring, uniforms } from "./random-graphs.fixture.js";
import { multiply, multiplyTransposed } from "./sparse-matrix.js";
import { chainLogs } from "./statistics-chain.js";
import { applyOperator, pathLogs } from "./statistics.js";

const path3 = () => createGraph({ numNodes: 3, src: [0, 1], dst: [1, 2], undirected: true });
const star = () => createGraph({ numNodes: 5, src: [0, 0, 0, 0], dst: [1, 2, 3, 4], undirected: true });
const outStar = () => createGraph({ numNodes: 3, src: [0, 0], dst: [1, 2] });
const cycle = (numNodes: number) => ring(numNodes, 2);

function expectNear(actual: ArrayLike<number>, expected: readonly number[], relative = 2e-6): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(actual[i]! - value), `entry ${i}: ${actual[i]} for ${value}`).toBeLessThanOrEqual(relative * Math.abs(value) + 1e-300);
}
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    return WarmstartError.isInstance(error) ? `${error.code} ${error.message}` : String(error);
  }
  return "no error";
};
const modes = (graph: Graph, options: VirgoPlanOptions) => Object.fromEntries((["forward", "backward", "harmonic", "arithmetic"] as const).map((mode) => [mode, virgoPlan(graph, { ...options, mode })])) as Record<string, VirgoPlan>;

/** A random graph with everything: self-loops, parallel edges, isolated nodes, weights. */
const anyGraph = fc
  .record({ numNodes: fc.integer({ min: 1, max: 9 }), edges: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 5 })), { maxLength: 30 }), weighted: fc.boolean(), undirected: fc.boolean() })
  .map(({ numNodes, edges, weighted, undirected }) => createGraph({ numNodes, src: edges.map(([a]) => a % numNodes), dst: edges.map(([, b]) => b % numNodes), ...(weighted ? { weight: edges.map(([, , w]) => w / 2) } : {}), undirected }));
const anyOperator = fc.record({
  name: fc.constantFrom<OperatorName>("gcn", "mean", "sum", "vpa", "custom"),
  options: fc.record({ selfLoops: fc.boolean(), selfLoopWeight: fc.constantFrom(0.5, 1, 2), existingLoops: fc.constantFrom("keep" as const, "replace" as const), degrees: fc.constantFrom("both" as const, "in" as const), eps: fc.constantFrom(0, 0.25) }),
});

/** ‖P^k x‖² by the sparse matrix. */
function norms(graph: Graph, name: OperatorName, options: OperatorOptions, x: Float64Array, steps: number, transposed = false): number[] {
  const matrix = graphOperator(graph, name, options);
  const squares: number[] = [];
  let h: Float64Array = x;
  for (let k = 0; k < steps; k++) {
    h = transposed ? multiplyTransposed(matrix, h) : multiply(matrix, h);
    squares.push(h.reduce((sum, value) => sum + value * value, 0));
  }
  return squares;
}

describe("worked by hand", () => {
  // P = [[.5, .40824829, 0], [.40824829, .33333333, .40824829], [0, .40824829, .5]], means of the features [.5, .5, 1]
  it("a path of three nodes", () => {
    const features = Float64Array.of(1, 0, 0, 1, 1, 1);
    const { forward, backward, harmonic, arithmetic } = modes(path3(), { dims: [2, 4, 4, 3], numClasses: 3, features });
    expectNear(forward!.f, [1.30892147, 1.2827804, 1.27684593], 1e-8);
    expectNear(forward!.g, [2.97193875, 2.97115927, 2.97113761], 1e-8);
    expectNear(forward!.variance, [1, 0.51018922, 0.50232388], 1e-7);
    expectNear(forward!.bound, [1.73205081, 1.23716113, 1.22758773], 1e-8);
    expectNear(backward!.variance, [0.50000364, 0.50013117, 0.50472104], 1e-7);
    expectNear(backward!.bound, [1.22474933, 1.22490552, 1.23051335], 1e-8);
    expectNear(harmonic!.variance, [0.66666991, 0.50511013, 0.5035196], 1e-7);
    expectNear(harmonic!.bound, [1.414217, 1.23098757, 1.22904793], 1e-8);
    expectNear(arithmetic!.variance, [0.75000182, 0.5051602, 0.50352246], 1e-7);
    for (const plan of [forward!, backward!, harmonic!, arithmetic!]) {
      expectNear(plan.std, [...plan.variance].map(Math.sqrt), 1e-15);
      expectNear(plan.forward, [...forward!.variance], 0);
      expectNear(plan.backward, [...backward!.variance], 0);
      expect(plan.notes).toEqual([]);
    }
    const frobenius = virgoPlan(path3(), { dims: [2, 4, 4, 3], mode: "forward", reduce: "frobenius", features });
    expectNear(frobenius.f, [2.7081916, 2.5889747, 2.56482978], 1e-8);
    expectNear(frobenius.variance, [1, 0.52302396, 0.50470692], 1e-7);
  });

  // P 1: centre 1/5 + 4/√10, leaves 1/2 + 1/√10
  it("a star of five nodes", () => {
    const { g, variance } = virgoPlan(star(), { dims: [5, 8, 8, 2], mode: "backward" });
    expectNear(g, [4.81087549, 4.79385428, 4.79232238], 1e-8);
    expectNear(variance, [0.25007991, 0.25088766, 1.03931187], 1e-7);
  });

  it("the karate club with one-hot features", () => {
    const features = Float64Array.from({ length: 34 * 34 }, (_, at) => (Math.floor(at / 34) === at % 34 ? 1 : 0));
    const { f, g, forward, backward, variance } = virgoPlan(karateClub(), { dims: [34, 16, 16, 2], features });
    expectNear(f, [0.02735739, 0.02707521, 0.02701482], 1e-6);
    expectNear(forward, [0.05882353, 0.12630274, 0.12527942], 1e-6);
    expectNear(g, [31.62513915, 31.29894412, 31.22913601], 1e-8);
    expectNear(backward, [0.12527942, 0.12630274, 1.07509408], 1e-6);
    expectNear(variance, [0.08005714, 0.12630274, 0.22440876], 1e-6);
    expectNear(f, [...g].map((value) => value / 34 ** 2), 1e-12);
  });

  // P = [[.57735, 0, 0], [.40825, .70711, 0], [.40825, 0, .70711]]
  it("a directed star, with the transpose backward and without", () => {
    const dims = [2, 4, 4, 4];
    const { f, g } = virgoPlan(outStar(), { dims });
    expectNear(f, [2.82136721, 2.20980921, 1.51770616], 1e-8);
    expectNear(g, [2.94280904, 2.41016758, 1.70491178], 1e-8);
    expectNear(virgoPlan(outStar(), { dims, compat: "official" }).g, [...f], 1e-12);
    // the authors' PyG version divides by in-degrees at both ends
    expectNear(virgoPlan(outStar(), { dims, operatorOptions: { degrees: "in" } }).f, [3.9142, 4.4357, 4.7125], 2e-5);
  });

  it("two nodes and a weight of 3: P = [[.25, .75], [.75, .25]]; an isolated node: a 1 of its own", () => {
    const pair = createGraph({ numNodes: 2, src: [0], dst: [1], weight: [3], undirected: true });
    const { values } = graphOperator(pair, "gcn");
    expectNear(values, [0.25, 0.75, 0.75, 0.25], 1e-15);
    expectNear(virgoPlan(pair, { dims: [1, 2, 2], features: Float64Array.of(1, 0) }).f, [0.25 ** 2 + 0.75 ** 2, (0.25 ** 2 + 0.75 ** 2) ** 2 + (2 * 0.25 * 0.75) ** 2], 1e-14);
    const isolated = createGraph({ numNodes: 3, src: [0], dst: [1], undirected: true });
    expectNear(virgoPlan(isolated, { dims: [1, 2, 2, 2] }).g, [3, 3, 3], 1e-15);
  });
});

describe("virgoPlan", () => {
  it("is Kaiming's on a regular graph with constant features, 2 / m backward, 1 / (C - 1) at the end", () => {
    for (const d of [2, 4, 6]) {
      const { forward, backward, g } = virgoPlan(ring(17, d), { dims: [3, 8, 16, 5], features: new Float64Array(51).fill(0.7) });
      expectNear(g, [17, 17, 17], 1e-12);
      expectNear(forward, [2 / 3, 2 / 8, 2 / 16], 1e-12);
      expectNear(backward, [2 / 8, 2 / 16, 1 / 4], 1e-12);
    }
  });

  it("has ratios f / f' of 1 or more that fall to 1 from the second step on, on any undirected graph (Cauchy and Schwarz)", () => {
    for (let seed = 0; seed < 20; seed++) {
      const graph = erdosRenyi(40, 0.1, seed);
      const { f } = virgoPlan(graph, { dims: Array.from({ length: 31 }, () => 4), features: uniforms(160, seed + 100) });
      const ratios = Array.from({ length: 29 }, (_, k) => f[k]! / f[k + 1]!);
      for (const [k, ratio] of ratios.entries()) {
        expect(ratio).toBeGreaterThanOrEqual(1 - 1e-12);
        if (k > 0) expect(ratio).toBeLessThanOrEqual(ratios[k - 1]! + 1e-12);
      }
      expect(ratios.at(-1)!).toBeLessThan(1.05);
    }
  });

  it("multiplies over the edges as the sparse matrix of the operator does, for any graph, operator and option, both ways", () => {
    fc.assert(
      fc.property(anyGraph, anyOperator, (graph, { name, options }) => {
        const matrix = graphOperator(graph, name, options);
        const operator = edgeOperator(graph, name, options);
        const x = Float64Array.from({ length: graph.numNodes }, (_, i) => Math.sin(i + 1));
        const y = new Float64Array(graph.numNodes);
        applyOperator(operator, x, y, false);
        for (const [i, value] of multiply(matrix, x).entries()) expect(y[i]).toBeCloseTo(value, 12);
        applyOperator(operator, x, y, true);
        for (const [i, value] of multiplyTransposed(matrix, x).entries()) expect(y[i]).toBeCloseTo(value, 12);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it("has the norms of the sparse matrix's powers", () => {
    fc.assert(
      fc.property(anyGraph, anyOperator, fc.integer({ min: 1, max: 50 }), (graph, { name, options }, seed) => {
        const selfLoops = { ...options, selfLoops: true };
        const features = uniforms(graph.numNodes * 2, seed);
        const means = Float64Array.from({ length: graph.numNodes }, (_, i) => (features[2 * i]! + features[2 * i + 1]!) / 2);
        const { f, g } = virgoPlan(graph, { dims: [2, 3, 3, 3], features, operator: name, operatorOptions: selfLoops });
        expectNear(f, norms(graph, name, selfLoops, means, 3), 1e-9);
        expectNear(g, norms(graph, name, selfLoops, new Float64Array(graph.numNodes).fill(1), 3, true), 1e-9);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it("has the same statistics from one walk over the edges both ways as from two", () => {
    fc.assert(
      fc.property(anyGraph, anyOperator, fc.integer({ min: 1, max: 5 }), (graph, { name, options }, steps) => {
        const operator = edgeOperator(graph, name, options);
        const x = Float64Array.from({ length: graph.numNodes }, (_, i) => Math.cos(i));
        const layers = Array.from({ length: steps }, () => ({ operator, root: false }));
        const { forward, backward } = chainLogs(operator, steps, x);
        for (const [one, other] of [[forward, pathLogs(layers, [x], false)], [backward, pathLogs(layers, [new Float64Array(graph.numNodes).fill(1)], true)]] as const) {
          for (const [k, log] of one.entries()) expect(Math.exp(log)).toBeCloseTo(Math.exp(other[k]!), 9);
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it("does not see the scale of the features, nor the order of nodes and edges, and adds up over separate graphs", () => {
    fc.assert(
      fc.property(anyGraph, fc.double({ min: 1e-200, max: 1e200, noNaN: true }), fc.integer({ min: 1, max: 50 }), (graph, scale, seed) => {
        const { numNodes, numEdges } = graph;
        const options = { dims: [3, 4, 5, 2] } as const;
        const features = uniforms(numNodes * 3, seed);
        const plain = virgoPlan(graph, { ...options, features });
        expectNear(virgoPlan(graph, { ...options, features: features.map((value) => value * scale) }).variance, [...plain.variance], 1e-10);
        const moved = (node: number) => (node + seed) % numNodes;
        const order = Array.from({ length: numEdges }, (_, e) => numEdges - 1 - e);
        const other = createGraph({ numNodes, src: order.map((e) => moved(graph.src[e]!)), dst: order.map((e) => moved(graph.dst[e]!)), ...(graph.weight === undefined ? {} : { weight: order.map((e) => graph.weight![e]!) }) });
        const turned = new Float64Array(features.length);
        for (let i = 0; i < numNodes; i++) turned.set(features.subarray(3 * i, 3 * i + 3), 3 * moved(i));
        const permuted = virgoPlan(other, { ...options, features: turned });
        for (const name of ["f", "g", "variance"] as const) expectNear(permuted[name], [...plain[name]], 1e-10);
        const club = karateClub();
        const clubFeatures = uniforms(34 * 3, seed + 1);
        const alone = virgoPlan(club, { ...options, features: clubFeatures });
        const both = virgoPlan([graph, club], { ...options, features: Float64Array.of(...features, ...clubFeatures) });
        for (const name of ["f", "g"] as const) expectNear(both[name], [...plain[name]].map((value, k) => value + alone[name][k]!), 1e-10);
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it("scales with coefficients c of a custom operator as c^-2, but for the first layer forward", () => {
    const graph = erdosRenyi(20, 0.2, 3);
    const scaled = (c: number) => virgoPlan(createGraph({ numNodes: 20, src: graph.src, dst: graph.dst, weight: new Float64Array(graph.numEdges).fill(c) }), { dims: [4, 5, 6, 3], operator: "custom" });
    const [one, three] = [scaled(1), scaled(3)];
    expectNear(three.forward, [one.forward[0]!, one.forward[1]! / 9, one.forward[2]! / 9], 1e-12);
    expectNear(three.backward, [...one.backward].map((v) => v / 9), 1e-12);
  });

  it("holds sums over hubs through a thousand layers, where the squares end beyond float64", () => {
    const hub = createGraph({ numNodes: 2001, src: new Int32Array(2000), dst: Int32Array.from({ length: 2000 }, (_, i) => i + 1), undirected: true });
    const { f, forward, variance } = virgoPlan(hub, { dims: Array.from({ length: 1001 }, () => 8), operator: "sum" });
    expect(f.at(-1)).toBe(Infinity);
    // the largest eigenvalue of A + I is 1 + √2000
    expectNear(forward.slice(-3), [1, 1, 1].map(() => 2 / 8 / (1 + Math.sqrt(2000)) ** 2), 1e-9);
    expect(variance.every(Number.isFinite)).toBe(true);
  });

  it("sums over all ways through layers with a root term: Σ_k binom(l, k) f_k", () => {
    const graph = erdosRenyi(20, 0.2, 5);
    const features = uniforms(40, 6);
    const options = { dims: [2, 8, 8, 8, 4], features, operator: "mean", operatorOptions: { selfLoops: false } } as const;
    const [plain, root] = [virgoPlan(graph, options), virgoPlan(graph, { ...options, rootWeight: true })];
    const means = Array.from({ length: 20 }, (_, i) => (features[2 * i]! + features[2 * i + 1]!) / 2);
    const powers = [means.reduce((sum, x) => sum + x * x, 0), ...plain.f];
    const binomials = [[1, 1], [1, 2, 1], [1, 3, 3, 1], [1, 4, 6, 4, 1]];
    expectNear(root.f, binomials.map((row) => row.reduce((sum, c, k) => sum + c * powers[k]!, 0)), 1e-12);
    const back = [20, ...plain.g];
    expectNear(root.g, binomials.map((row) => row.reduce((sum, c, k) => sum + c * back[k]!, 0)), 1e-12);
    // a root term in the second of two layers alone: P (P x) and P x, each once
    expectNear(virgoPlan(graph, { ...options, dims: [2, 8, 8], rootWeight: [false, true] }).f, [powers[1]!, powers[2]! + powers[1]!], 1e-12);
  });

  it("takes an operator a layer, in order forward and from the end backward", () => {
    const graph = outStar();
    const { f, g } = virgoPlan(graph, { dims: [1, 2, 2], operator: ["gcn", { operator: "sum", eps: 1 }] });
    const [first, second] = [graphOperator(graph, "gcn", { existingLoops: "replace" }), graphOperator(graph, "sum", { eps: 1 })];
    const ones = new Float64Array(3).fill(1);
    const square = (x: Float64Array) => x.reduce((sum, value) => sum + value * value, 0);
    expectNear(f, [square(multiply(first, ones)), square(multiply(second, multiply(first, ones)))], 1e-12);
    expectNear(g, [square(multiplyTransposed(second, ones)), square(multiplyTransposed(first, multiplyTransposed(second, ones)))], 1e-12);
  });

  it("replaces existing self-loops by one unit loop by default, for gcn", () => {
    const edges = { numNodes: 3, src: [0, 1, 1, 2, 1, 1], dst: [1, 0, 2, 1, 1, 1] };
    const loops = createGraph({ ...edges, weight: [1, 1, 1, 1, 5, 5] });
    expectNear(virgoPlan(loops, { dims: [2, 2, 2] }).f, [...virgoPlan(path3(), { dims: [2, 2, 2] }).f], 1e-14);
    expect(virgoPlan(loops, { dims: [2, 2, 2], operatorOptions: { existingLoops: "keep" } }).f[0]).not.toBeCloseTo(virgoPlan(path3(), { dims: [2, 2, 2] }).f[0]!, 3);
  });

  it("makes up for dropout and averaged heads, and takes gains by layer", () => {
    const options = { dims: [4, 8, 8, 3] } as const;
    const plain = virgoPlan(star(), options);
    expectNear(virgoPlan(star(), { ...options, dropout: [0, 0.5, 0.2] }).variance, [plain.variance[0]!, plain.variance[1]! * 0.5, plain.variance[2]! * 0.8], 1e-12);
    expectNear(virgoPlan(star(), { ...options, averagedHeads: [1, 1, 4] }).variance, [plain.variance[0]!, plain.variance[1]!, plain.variance[2]! * 4], 1e-12);
    const mixed = virgoPlan(star(), { ...options, gain: ["linear", "relu", 7] });
    expectNear(mixed.forward, [plain.forward[0]! / 2, plain.forward[1]! / 2, plain.forward[2]!], 1e-12);
    expectNear(mixed.backward, [plain.backward[0]! / 2, plain.backward[1]!, plain.backward[2]!], 1e-12);
  });

  it("with one layer is Kaiming forward and the class rule backward", () => {
    const { forward, backward, g } = virgoPlan(star(), { dims: [6, 3] });
    expectNear(forward, [2 / 6], 0);
    expectNear(backward, [5 / (2 * g[0]!)], 1e-14);
  });

  it("counts one logit as two classes, and needs no classes forward", () => {
    expectNear(virgoPlan(star(), { dims: [6, 1], numClasses: 1 }).backward, [...virgoPlan(star(), { dims: [6, 1], numClasses: 2 }).backward], 0);
    expect(virgoPlan(star(), { dims: [6, 1], mode: "forward" }).variance[0]).toBe(2 / 6);
    expect(code(() => virgoPlan(star(), { dims: [6, 1] }))).toMatch(/^INVALID_OPTION virgoPlan: numClasses must be given/);
  });

  it("is Kaiming's without edges: self-loops alone", () => {
    const { forward } = virgoPlan(createGraph({ numNodes: 4, src: [], dst: [] }), { dims: [3, 8, 8] });
    expectNear(forward, [2 / 3, 2 / 8], 1e-15);
  });

  it("counts parallel edges each", () => {
    const twice = createGraph({ numNodes: 3, src: [0, 1, 0], dst: [1, 2, 1], undirected: true });
    const weighted = createGraph({ numNodes: 3, src: [0, 1], dst: [1, 2], weight: [2, 1], undirected: true });
    expectNear(virgoPlan(twice, { dims: [2, 3, 3] }).f, [...virgoPlan(weighted, { dims: [2, 3, 3] }).f], 1e-14);
  });

  it("takes float32 features, and without any those of ones", () => {
    const features = Float32Array.of(1, 0, 0, 1, 1, 1);
    expectNear(virgoPlan(path3(), { dims: [2, 4], features }).f, [1.30892147], 1e-8);
    expectNear(virgoPlan(path3(), { dims: [2, 4] }).f, [2.97193875], 1e-8);
    expectNear(virgoPlan(path3(), { dims: [2, 4], features, reduce: "ones" }).f, [2.97193875], 1e-8);
  });

  it("notes features that vary around 0, and variances of another scale, once each", () => {
    const graph = barabasiAlbert(200, 3, 1);
    const standardised = { dims: [10, 8, 8], features: normals(2000, 2) };
    expect(virgoPlan(graph, standardised).notes).toEqual([expect.stringContaining('Take reduce: "ones"')]);
    for (const fine of [{ ...standardised, reduce: "ones" }, { ...standardised, mode: "backward" }, { ...standardised, features: uniforms(2000, 2) }] as const) expect(virgoPlan(graph, fine).notes).toEqual([]);
    const weighted = createGraph({ numNodes: 3, src: [0, 1, 2], dst: [1, 2, 0], weight: [1e-6, 1e-6, 1e-6] });
    expect(virgoPlan(weighted, { dims: [2, 2, 2, 2], operator: "custom", mode: "forward" }).notes).toEqual([expect.stringMatching(/^The variance of layer 2 is 1\.00e\+12/)]);
  });
});

describe("virgoPlan refuses", () => {
  const dims = [2, 4, 4];
  const features = (values: number[]) => Float64Array.from(values);
  const line = () => createGraph({ numNodes: 3, src: [0, 1], dst: [1, 2] });
  const negative = () => createGraph({ numNodes: 3, src: [0, 1], dst: [1, 2], weight: [-1, -3], undirected: true });
  const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
    ["too few widths", () => virgoPlan(path3(), { dims: [2] }), /^INVALID_OPTION virgoPlan: dims must name at least two widths/],
    ["a width of 0", () => virgoPlan(path3(), { dims: [2, 0, 4] }), /^INVALID_OPTION virgoPlan: dims must hold positive whole numbers, got 0 at entry 1/],
    ["half a unit", () => virgoPlan(path3(), { dims: [2, 4, 2.5] }), /got 2.5 at entry 2/],
    ["an unknown mode", () => virgoPlan(path3(), { dims, mode: "normal" as never }), /^INVALID_OPTION virgoPlan: mode must be one of "harmonic"/],
    ["an unknown reduction", () => virgoPlan(path3(), { dims, reduce: "sum" as never }), /reduce must be one of/],
    ["an unknown operator", () => virgoPlan(path3(), { dims, operator: "max" as never }), /^INVALID_OPTION graphOperator: the operator must be one of/],
    ["unknown operator options", () => virgoPlan(path3(), { dims, operatorOptions: { degrees: "out" as never } }), /degrees must be one of "both", "in", got "out"/],
    ["an unknown compatibility", () => virgoPlan(path3(), { dims, compat: "pyg" as never }), /compat must be one of "official", got "pyg"/],
    ["an unknown activation", () => virgoPlan(path3(), { dims, gain: "rule" as never }), /^INVALID_OPTION activationGain: no gain is known for "rule"/],
    ["a gain of 0", () => virgoPlan(path3(), { dims, gain: 0 }), /the gain must be a positive number, got 0/],
    ["too few gains", () => virgoPlan(path3(), { dims, gain: ["relu"] }), /gain must have one entry a layer, 2 by dims, got 1/],
    ["too many operators", () => virgoPlan(path3(), { dims, operator: ["gcn", "gcn", "gcn"] }), /operator must have one entry a layer, 2 by dims, got 3/],
    ["a dropout of 1", () => virgoPlan(path3(), { dims, dropout: [0, 1] }), /dropout must hold rates from 0 to below 1, got 1 for layer 2/],
    ["half a head", () => virgoPlan(path3(), { dims, averagedHeads: [1, 0.5] }), /averagedHeads must be positive whole numbers, got 0.5 for layer 2/],
    ["no class", () => virgoPlan(path3(), { dims, numClasses: 0 }), /numClasses must be a positive whole number, got 0/],
    ["features of another shape", () => virgoPlan(path3(), { dims, features: features([1, 2, 3]) }), /^SHAPE_MISMATCH virgoPlan: features must hold 3 nodes × 2 features/],
    ["features with NaN", () => virgoPlan(path3(), { dims, features: features([1, 2, 3, NaN, 5, 6]) }), /^NOT_FINITE virgoPlan: features must be finite, got NaN at node 1, feature 1/],
    ["features of 0", () => virgoPlan(path3(), { dims, reduce: "frobenius", features: new Float64Array(6) }), /^INSUFFICIENT_DATA virgoPlan: all features are 0/],
    ["features that cancel", () => virgoPlan(path3(), { dims, features: features([1, -1, 2, -2, 3, -3]) }), /^INSUFFICIENT_DATA virgoPlan: the mean of the features is 0 at every node.*"ones", or "frobenius"/],
    ["a path that ends", () => virgoPlan(line(), { dims: [2, 4, 4, 4], operatorOptions: { selfLoops: false } }), /^INSUFFICIENT_DATA virgoPlan: the signal dies at layer 3.*selfLoops: true/],
    ["a degree that is not positive", () => virgoPlan(negative(), { dims }), /^INVALID_OPTION graphOperator: degrees must be positive to divide by, the degree of node 1 is -3/],
    ["no graphs", () => virgoPlan([], { dims }), /^INSUFFICIENT_DATA virgoPlan: there is no graph/],
  ];
  it.each(cases)("%s", (_, attempt, message) => {
    expect(code(attempt)).toMatch(message);
  });

  it("edges out of range, ragged lists, weights that are none, and a graph without nodes already when the graph is made", () => {
    expect(code(() => createGraph({ numNodes: 2, src: [0], dst: [2] }))).toMatch(/^INVALID_OPTION .* got 2 at edge 0/);
    expect(code(() => createGraph({ numNodes: 2, src: [0, 1], dst: [1] }))).toMatch(/^INVALID_OPTION .* got 2 and 1/);
    expect(code(() => createGraph({ numNodes: 2, src: [0], dst: [1], weight: [NaN] }))).toMatch(/^INVALID_OPTION .* NaN at edge 0/);
    expect(code(() => createGraph({ numNodes: 0, src: [], dst: [] }))).toMatch(/^INSUFFICIENT_DATA/);
  });

  it("nothing that its mode does not need", () => {
    const cancel = features([1, -1, 2, -2, 3, -3]);
    expect(virgoPlan(path3(), { dims, mode: "backward", features: cancel }).variance.every(Number.isFinite)).toBe(true);
    expect(virgoPlan(path3(), { dims, mode: "forward", features: Float64Array.of(1, 1, 1, 1, 1, 1) }).notes).toEqual([]);
    expectNear(virgoPlan(cycle(5), { dims, operatorOptions: { selfLoops: false } }).g, [5, 5], 1e-14);
    expect(virgoPlan(negative(), { dims, operator: "custom", mode: "forward" }).variance.every(Number.isFinite)).toBe(true);
  });
});
