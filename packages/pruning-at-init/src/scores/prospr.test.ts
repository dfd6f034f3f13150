import * as tf from "@tensorflow/tfjs";
import { WarmstartError, type Network } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { prospr, prosprScores, snipScores, type ProsprScoreOptions } from "../index.js";
import { disposedAfterEach } from "../disposed-after-each.fixture.js";

const owned = disposedAfterEach();

/** f(x) = v · w · x with two kernels of one weight each. */
function chain(w: number, v: number): Network {
  const [first, second] = [w, v].map((value) => owned(tf.variable(tf.tensor2d([value], [1, 1]))));
  const parameter = (layer: string, variable: tf.Variable) => ({ path: `${layer}/kernel`, layer, role: "kernel" as const, shape: [1, 1], variable, trainable: true });
  return { parameters: [parameter("first", first!), parameter("second", second!)], sites: [], forward: (x) => tf.mul(tf.mul(x as tf.Tensor, first!), second!) };
}

const half = (y: tf.Tensor, out: tf.Tensor) => tf.div(tf.sum(tf.square(tf.sub(out, y))), 2) as tf.Scalar;
const points = [[1, 2], [2, 1], [-1, 0.5], [0.5, -1]] as const;
const batches = () => points.map(([x, y]) => ({ xs: owned(tf.tensor2d([[x]])), ys: owned(tf.tensor2d([[y]])) }));
const codeOf = (attempt: Promise<unknown>) => attempt.then(() => "none", (error: unknown) => (WarmstartError.isInstance(error) ? error.code : String(error)));
const all = async (network: Network, options: ProsprScoreOptions) => [...(await prosprScores(network, batches(), { loss: half, ...options })).scores.values()].flatMap((values) => Array.from(values));

/** The loss after training, as a function of the two masks, in float64. */
function lossAfter(w: number, v: number, { steps, learningRate, momentum }: { steps: number; learningRate: number; momentum: number }, masks: readonly [number, number]): number {
  let [a, b] = [w * masks[0], v * masks[1]];
  let [ua, ub] = [0, 0];
  for (const [x, y] of points.slice(0, steps)) {
    const error = a * b * x - y;
    [ua, ub] = [momentum * ua + error * b * x, momentum * ub + error * a * x];
    [a, b] = [a - learningRate * ua, b - learningRate * ub];
  }
  const [x, y] = points[steps]!;
  return (a * b * x - y) ** 2 / 2;
}

describe("prosprScores", () => {
  it("is |∂L(θ₁)/∂m|, one step by hand", async () => {
    // w = v = 1, batch (1, 2): error -1, g = [-1, -1]; η = 0.5: θ₁ = [1.5, 1.5].
    // Loss on (2, 1): out 4.5, error 3.5, ∇ = 3.5 · 2 · 1.5 = 10.5 each.
    // H at θ₀ on (1, 2): diagonal x²v² = 1, x²w² = 1; mixed error·x + x²wv = 0. So ∇ − ηH∇ = 5.25 each.
    expectClose(await all(chain(1, 1), { steps: 1, learningRate: 0.5 }), [5.25, 5.25], 1e-4);
    expectClose(await all(chain(1, 1), { steps: 1, learningRate: 0.5, firstOrder: true }), [10.5, 10.5], 1e-4);
  });

  it.each([{ steps: 3, learningRate: 0.1, momentum: 0 }, { steps: 3, learningRate: 0.2, momentum: 0.9 }, { steps: 2, learningRate: 0.3, momentum: 0.5 }])("is the derivative by the masks through all steps: $steps at $learningRate with momentum $momentum", async (options) => {
    const [w, v, step] = [0.8, -0.6, 1e-5];
    const slope = (i: 0 | 1) => Math.abs(lossAfter(w, v, options, [1 + (i === 0 ? step : 0), 1 + (i === 1 ? step : 0)]) - lossAfter(w, v, options, [1 - (i === 0 ? step : 0), 1 - (i === 1 ? step : 0)])) / (2 * step);
    expectClose(await all(chain(w, v), options), [slope(0), slope(1)], 1e-4, 1e-3);
  });

  it("is SNIP at the end of the steps where they count as constants, and SNIP itself as the rate goes to zero", async () => {
    const { scores, sum } = await snipScores(chain(0.8, -0.6), [batches()[3]!], { loss: half });
    const raw = [...scores.values()].flatMap((values) => Array.from(values, (value) => value * sum));
    expectClose(await all(chain(0.8, -0.6), { steps: 3, learningRate: 1e-7 }), raw, 1e-4);
  });

  it("restores the network, wants a batch a step and one more, and leaks nothing", async () => {
    const network = chain(0.8, -0.6);
    const data = batches();
    await expectTensorGrowth(0, () => prosprScores(network, data, { loss: half, momentum: 0.9 }));
    expect(await expectTensorGrowth(0, () => codeOf(prosprScores(network, data, { loss: half, steps: 4 })))).toBe("INSUFFICIENT_DATA");
    expect(await expectTensorGrowth(0, () => codeOf(prosprScores(network, data, { loss: half, learningRate: -1 })))).toBe("INVALID_OPTION");
    expect(await expectTensorGrowth(0, () => codeOf(prospr({ density: 0.5, data, loss: half, momentum: 1 }).plan(network)))).toBe("INVALID_OPTION");
    expect(await Promise.all(network.parameters.map(async ({ variable }) => Math.round((await variable.data())[0]! * 10)))).toEqual([8, -6]);
  });
});
