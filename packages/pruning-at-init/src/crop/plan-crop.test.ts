import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { expectClose } from "@warmstart/test-kit";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { channelGroups } from "./channel-groups.js";
import type { ChannelGraph } from "./channel-graph.js";
import { costAt, costModel, widthCost } from "./cost-terms.js";
import { netA, resnet20 } from "./models.fixture.js";
import { log10ExpectedPathSum } from "./path-sum.js";
import { planCrop, type PlanCropOptions } from "./plan-crop.js";
import { topologies } from "./topologies.fixture.js";

const models = { netA: netA(), resnet20: resnet20() };
const graphs = { netA: channelGroups(models.netA), resnet20: channelGroups(models.resnet20) };
const small = topologies.map(({ build }) => {
  const model = build();
  const graph = channelGroups(model);
  disposeModel(model);
  return graph;
});
afterAll(() => Object.values(models).forEach(disposeModel));

const free = (graph: ChannelGraph) => graph.groups.flatMap(({ fixed }, g) => (fixed === undefined ? [g] : []));
const widthsOf = (graph: ChannelGraph, options: PlanCropOptions) => {
  const { groups } = planCrop(graph, options);
  return free(graph).map((g) => groups[g]!.to);
};

describe("planCrop", () => {
  it.each<[PlanCropOptions["budget"], readonly number[], number]>([
    [{ params: 0.25 }, [16, 7, 62], 5966], // 27·16 + 9·16·7 + 9·7·62 + 62·10
    [{ params: 0.1 }, [16, 3, 41], 2381],
    [{ flops: 0.5 }, [16, 13, 63], 1393974],
    [{ flops: 0.25 }, [10, 7, 64], 696448],
    [{ flops: 0.1 }, [5, 3, 61], 278818],
  ])("finds the best widths of the worked example under %o", (budget, widths, cost) => {
    expect(widthsOf(graphs.netA, { budget })).toEqual(widths);
    const { kernelParams, macs } = planCrop(graphs.netA, { budget });
    expect(budget!.params === undefined ? macs![1] : kernelParams[1]).toBe(cost);
  });

  it("equals brute force over all widths of a small net", () => {
    const graph = channelGroups(tiny);
    const costs = costModel(graph);
    for (const ratio of [0.15, 0.3, 0.5, 0.7]) {
      const limit = ratio * costAt(costs.terms, "params", costs.widths);
      let best = -Infinity;
      for (let a = 1; a <= 8; a++) {
        for (let b = 1; b <= 10; b++) {
          for (let c = 1; c <= 6; c++) {
            const widths = graph.groups.map(({ id, width }) => ({ a, b, c })[id] ?? width);
            if (costAt(costs.terms, "params", widths) <= limit) best = Math.max(best, 2 * (Math.log(a / 8) + Math.log(b / 10) + Math.log(c / 6)));
          }
        }
      }
      expect(planCrop(graph, { budget: { params: ratio } }).objective[1]).toBeCloseTo(best, 9);
    }
  });

  it("narrows a residual net inside its blocks and leaves the streams", () => {
    expect(widthsOf(graphs.resnet20, { budget: { params: 0.5 } }).toSorted((x, y) => x - y)).toEqual([16, 16, 16, 16, 32, 32, 32, 32, 64, 27, 19, 19].toSorted((x, y) => x - y));
    const { scales, objective, kernelParams } = planCrop(graphs.resnet20, { budget: { params: 0.5 } });
    expectClose(free(graphs.resnet20).map((g) => scales[g]!), [1, 1, 1, 1, 1, 1, 1, 1, 0.4057, 1, 0.3043, 0.3043], 1e-4);
    expect(kernelParams).toEqual([270896, 135248]);
    // Against −14.591 of one width for all
    expect(objective[0]).toBeCloseTo(-6.563, 3);
  });

  it("meets the conditions of an optimum: every group inside its bounds spends its slots", () => {
    const { scales, slots } = planCrop(graphs.resnet20, { budget: { flops: 0.5 } });
    const { terms, widths } = costModel(graphs.resnet20);
    const at = scales.map((scale, g) => scale * widths[g]!);
    const rates = free(graphs.resnet20).filter((g) => scales[g]! < 1).map((g) => terms.reduce((sum, term) => sum + term.groups.filter((other) => other === g).length * costAt([term], "macs", at), 0) / slots[g]!);
    expect(rates.length).toBeGreaterThan(3);
    expectClose(rates, rates.map(() => rates[0]!), 0, 1e-6);
  });

  it("keeps every budget exactly, leaves no room for one channel more, and repeats itself, on every topology", () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: small.length - 1 }), fc.double({ min: 0.62, max: 0.98, noNaN: true }), fc.constantFrom("params", "flops", "both"), (index, ratio, which) => {
        const graph = small[index]!;
        const options = { budget: which === "params" ? { params: ratio } : which === "flops" ? { flops: ratio } : { params: ratio, flops: ratio } };
        const plan = planCrop(graph, options);
        const { terms, widths } = costModel(graph);
        const to = plan.groups.map((group) => group.to);
        const limits = (["params", "macs"] as const).flatMap((kind) => (which === "both" || (which === "params") === (kind === "params") ? [{ kind, limit: ratio * costAt(terms, kind, widths) }] : []));
        for (const { kind, limit } of limits) expect(costAt(terms, kind, to)).toBeLessThanOrEqual(limit);
        for (const g of free(graph)) {
          if (to[g] === widths[g]) continue;
          const more = to.with(g, to[g]! + 1);
          expect(limits.some(({ kind, limit }) => costAt(terms, kind, more) > limit)).toBe(true);
        }
        expect(plan.objective[1]).toBeLessThanOrEqual(plan.objective[0] + 1e-9);
        expect(planCrop(graph, options)).toEqual(plan);
      }),
      { seed: 5, numRuns: 40 },
    ));

  it("rounds to multiples, and keeps at least minChannels of those that have them", () => {
    const { groups } = planCrop(graphs.resnet20, { budget: { flops: 0.5 }, roundTo: 8, minChannels: 8 });
    for (const g of free(graphs.resnet20)) {
      expect(groups[g]!.to % 8).toBe(0);
      expect(groups[g]!.to).toBeGreaterThanOrEqual(8);
    }
  });

  it("grows within both budgets, to twice the width, and gains", () => {
    const plan = planCrop(graphs.netA, { budget: { params: 1, flops: 1 }, maxExpand: 2 });
    expectClose(free(graphs.netA).map((g) => plan.scales[g]!), [2, 0.406114, 2], 1e-5);
    expect(plan.objective[0]).toBeCloseTo(0.970348, 5);
    expect(plan.objective[1]).toBeGreaterThan(0);
    for (const use of [plan.utilisation.params!, plan.utilisation.flops!]) expect(use).toBeLessThanOrEqual(1);
  });

  describe("layerwise", () => {
    const densities = { c16: 1, c32: 0.537760417, c64: 0.134440104, fc: 1 };

    it("fits widths to densities by least squares, or takes the square root of each producer's", () => {
      const scales = (mapping: "lsq" | "sqrt") => planCrop(graphs.netA, { mode: "layerwise", mapping, densities, budget: { params: 0.25 } }).mapped!.scales;
      expectClose(free(graphs.netA).map((g) => scales("lsq")[g]!), [1, 0.338768027, 0.629960491], 1e-5);
      expectClose(free(graphs.netA).map((g) => scales("sqrt")[g]!), [1, Math.sqrt(0.537760417), Math.sqrt(0.134440104)], 1e-9);
    });

    it("takes the densities of synExpDensities where none are given", () => {
      const [given, own] = [{ densities }, {}].map((options) => planCrop(graphs.netA, { mode: "layerwise", budget: { params: 0.25 }, ...options }));
      expectClose(own!.scales, given!.scales, 1e-6);
    });

    it("follows densities as they are without a budget, and keeps one that is given", () => {
      const plan = planCrop(graphs.netA, { mode: "layerwise", mapping: "sqrt", densities: { c16: 0.25, c32: 0.25, c64: 0.25 } });
      expect(free(graphs.netA).map((g) => plan.groups[g]!.to)).toEqual([8, 16, 32]);
      expect(plan.utilisation).toEqual({});
      const { kernelParams } = planCrop(graphs.netA, { mode: "layerwise", densities, budget: { params: 0.2 } });
      expect(kernelParams[1]).toBeLessThanOrEqual(0.2 * kernelParams[0]);
    });
  });
});

describe("widthCost", () => {
  it("tells what widths cost and keep", () => {
    // 27·8 + 9·8·16 + 9·16·32 + 32·10
    expect(widthCost(graphs.netA, { c16: 8, c32: 16, c64: 32 })).toMatchObject({ kernelParams: [24112, 6296], params: [24112, 6296], layerDensities: { c16: 0.5, c32: 0.25, c64: 0.25, fc: 0.5 } });
  });

  it("refuses unknown layers and groups at odds", () => {
    expect(() => widthCost(graphs.netA, { c17: 8 })).toThrow(/no layer "c17"/);
    expect(() => widthCost(graphs.resnet20, { stem: 8, r1b1_c2: 9 })).toThrow(/its group "stem,r1b1_c2.*has 8/);
    expect(() => widthCost(graphs.netA, { c16: 0 })).toThrow(/cannot have 0 channels/);
  });
});

describe("log10ExpectedPathSum", () => {
  it("falls by exactly the sum of the logarithms of the densities", () => {
    const widths = { c16: 8, c32: 8, c64: 48 };
    expect(log10ExpectedPathSum(models.netA) - log10ExpectedPathSum(models.netA, widths)).toBeCloseTo(-widthCost(graphs.netA, widths).sumLogDensity / Math.LN10, 9);
  });

  it("is the output of the model for ones, with every weight at its mean size", async () => {
    const model = tf.sequential({ layers: [tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: "same", useBias: false, inputShape: [7, 6, 2] }), tf.layers.maxPooling2d({ poolSize: 2 }), tf.layers.flatten(), tf.layers.dense({ units: 3, useBias: false })] });
    const total = tf.tidy(() => {
      model.setWeights(model.getWeights().map(({ shape }) => tf.fill(shape, Math.sqrt(4 / Math.PI / shape.slice(0, -1).reduce((product, size) => product * size, 1)))));
      return tf.sum(model.predict(tf.ones([1, 7, 6, 2])) as tf.Tensor);
    });
    expect(log10ExpectedPathSum(model)).toBeCloseTo(Math.log10((await total.data())[0]!), 5);
    total.dispose();
    disposeModel(model);
  });

  it("refuses models that branch", () => expect(() => log10ExpectedPathSum(models.resnet20)).toThrow(/does not continue one/));
});

const tiny = tf.sequential({ layers: [tf.layers.dense({ name: "a", units: 8, inputShape: [5], useBias: false }), tf.layers.dense({ name: "b", units: 10, useBias: false }), tf.layers.dense({ name: "c", units: 6, useBias: false }), tf.layers.dense({ name: "head", units: 3, useBias: false })] });
afterAll(() => disposeModel(tiny));
