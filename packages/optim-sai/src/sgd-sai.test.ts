import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { sgdSai, SGDSaI, type SGDSaIConfig } from "./index.js";

const made: { dispose(): void }[] = [];
const variable = (values: number[] | number[][], trainable = true): tf.Variable => {
  const v = tf.tidy(() => tf.variable(tf.tensor(values), trainable));
  made.push(v);
  return v;
};
const optimizer = (config: SGDSaIConfig = {}): SGDSaI => {
  const o = sgdSai(config);
  made.push(o);
  return o;
};
afterEach(() => {
  for (const item of made.splice(0)) item.dispose();
});

/** One step by hand; frees the gradients. */
function step(o: SGDSaI, gradients: readonly (readonly [tf.Variable, number[] | number[][] | undefined])[]): void {
  const list = gradients.map(([v, values]) => ({ name: v.name, tensor: values === undefined ? undefined : tf.tensor(values) }));
  o.applyGradients(list as never);
  tf.dispose(list.map(({ tensor }) => tensor!).filter(Boolean));
}
const values = async (v: tf.Tensor) => Array.from(await v.data());
const gainOf = async (o: SGDSaI, v: tf.Variable) => (await o.gains())[v.name]!;
const slot = async (o: SGDSaI, v: tf.Variable, name: string) => values((await o.getWeights()).find((weight) => weight.name === `${v.name}/${name}`)!.tensor);
const plain = { momentum: 0, weightDecay: 0 };

describe("sgdSai", () => {
  it("takes the three steps of the worked example", async () => {
    // mean 2.5, s 1.29099, ‖g‖ 5.47723: G = √18. θ₁ = (1 − 0.01·0.1)·1 − 0.01·G·g
    const v = variable([1, 1, 1, 1]);
    const o = optimizer({ learningRate: 0.01, momentum: 0.9, weightDecay: 0.1 });
    step(o, [[v, [1, 2, 3, 4]]]);
    expect(await gainOf(o, v)).toBeCloseTo(4.2426406543, 5);
    expectClose(await values(v), [0.9565735935, 0.9141471869, 0.8717207804, 0.8292943738], 1e-6, 0);
    step(o, [[v, [0, 0, 0, 0]]]);
    expectClose(await values(v), [0.917433254, 0.836865508, 0.7562977619, 0.6757300159], 1e-6, 0);
    step(o, [[v, [-1, 0, 1, 2]]]);
    expectClose(await values(v), [0.8863930721, 0.7672978638, 0.6482026556, 0.5291074474], 1e-6, 0);
    expectClose(await slot(o, v, "momentum"), [0.71, 1.62, 2.53, 3.44], 1e-6, 0);
  });

  it("divides gains by the largest of the first step for normalize: max, and a late tensor changes none of them", async () => {
    const [a, b, late] = [variable([0, 0, 0, 0]), variable([0, 0, 0, 0]), variable([0, 0])];
    const o = optimizer({ normalize: "max" });
    step(o, [[a, [1, 2, 3, 4]], [b, [1, -1, 1, -1]]]);
    expectClose([await gainOf(o, a), await gainOf(o, b)], [1, 0.4082482905], 1e-6);
    step(o, [[a, [1, 1, 1, 1]], [late, [100, 101]]]);
    expectClose([await gainOf(o, a), await gainOf(o, b)], [1, 0.4082482905], 1e-6);
    expect(await gainOf(o, late)).toBeGreaterThan(1);
  });

  it("gives tensors without spread √N, and the published code's values when asked", async () => {
    const degenerate = [[3], [0.5, 0.5, 0.5], [0, 0, 0, 0, 0, 0]];
    for (const [config, expected] of [[{}, [1, Math.sqrt(3), Math.sqrt(6)]], [{ degenerate: "official" as const }, [3e8, Math.sqrt(0.75) * 1e8, 0]]] as const) {
      const variables = degenerate.map((g) => variable(g.map(() => 1)));
      const o = optimizer({ ...config, learningRate: 1e-10 });
      step(o, variables.map((v, i) => [v, degenerate[i]!]));
      const gains = await o.gains();
      expectClose(variables.map((v) => gains[v.name]!), expected, 0, 1e-5);
    }
  });

  it("decays by the rate alone, whatever the gain, and only what the filter lets", async () => {
    const [matrix, vector] = [variable([[1, 2], [3, 4]]), variable([1, 2])];
    const o = optimizer({ learningRate: 0.1, weightDecay: 0.5, decayFilter: "matrices" });
    for (let i = 0; i < 4; i++) step(o, [[matrix, [[0, 0], [0, 0]]], [vector, [0, 0]]]);
    expectClose(await values(matrix), [1, 2, 3, 4].map((x) => x * 0.95 ** 4), 1e-6);
    expectClose(await values(vector), [1, 2], 0, 0);
    const named = optimizer({ learningRate: 0.1, weightDecay: 0.5, decayFilter: (name) => name === vector.name });
    step(named, [[matrix, [[0, 0], [0, 0]]], [vector, [0, 0]]]);
    expectClose(await values(vector), [0.95, 1.9], 1e-6);
    expectClose(await values(matrix), [1, 2, 3, 4].map((x) => x * 0.95 ** 4), 1e-6);
  });

  it("is tf.train.sgd with the rate η·G at momentum 0", async () => {
    const g = [0.1, -0.2, 0.05, 0.3, -0.15, 0];
    const [own, other] = [variable([1, 2, 3, 4, 5, 6]), variable([1, 2, 3, 4, 5, 6])];
    step(optimizer({ ...plain, learningRate: 0.02 }), [[own, g]]);
    const reference = tf.train.sgd(0.02 * 2.2474474074);
    const gradient = tf.tensor1d(g);
    reference.applyGradients({ [other.name]: gradient });
    expectClose(await values(own), await values(other), 6e-7, 0);
    gradient.dispose();
    reference.dispose();
  });

  it("goes T·η·G·g for a constant gradient, whatever the momentum", async () => {
    const g = [1, -2, 3];
    for (const momentum of [0, 0.5, 0.99]) {
      const v = variable([0, 0, 0]);
      const o = optimizer({ learningRate: 1e-3, momentum, weightDecay: 0 });
      for (let i = 0; i < 100; i++) step(o, [[v, g]]);
      const gain = await gainOf(o, v);
      expectClose(await values(v), g.map((x) => -100 * 1e-3 * gain * x), 0, 1e-5);
    }
  });

  it("lets momentum fall geometrically when gradients stop, and keeps its gain whatever comes later", async () => {
    const v = variable([0, 0]);
    const o = optimizer({ momentum: 0.5 });
    step(o, [[v, [1, 2]]]);
    const gain = await gainOf(o, v);
    for (let i = 0; i < 12; i++) step(o, [[v, [0, 0]]]);
    expectClose(await slot(o, v, "momentum"), [2 ** -12, 2 * 2 ** -12], 0, 0);
    step(o, [[v, [1000, -5]]]);
    expect(await gainOf(o, v)).toBe(gain);
  });

  it("maximizes f exactly as it minimizes −f, the first step included", async () => {
    const [up, down] = [variable([1, 2, 3]), variable([1, 2, 3])];
    const [a, b] = [optimizer({ maximize: true }), optimizer()];
    for (const g of [[1, -2, 0.5], [0.3, 0.1, -1], [2, 2, 2]]) {
      step(a, [[up, g]]);
      step(b, [[down, g.map((x) => -x)]]);
      expect(await values(up)).toEqual(await values(down));
    }
  });

  it("is not poisoned by a first gradient that is not finite: the next finite one fixes the gain, and momentum starts there", async () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const [v, clean] = [variable([1, 1, 1, 1]), variable([1, 1, 1, 1])];
      const [o, reference] = [optimizer(), optimizer()];
      step(o, [[v, [1, bad, 3, 4]]]);
      expect(await values(v)).toEqual([1, 1, 1, 1]); // not even decay
      expect(await gainOf(o, v)).toBe(-1);
      for (const g of [[1, 2, 3, 4], [0, -1, 0, 1]]) {
        step(o, [[v, g]]);
        step(reference, [[clean, g]]);
      }
      expectClose(await values(v), await values(clean), 1e-7, 0);
      expect(await gainOf(o, v)).toBeCloseTo(4.2426406543, 5);
    }
  });

  it("gives √N to a tensor whose gradients stay broken for ten updates", async () => {
    const v = variable([1, 1, 1, 1]);
    const o = optimizer();
    for (let i = 0; i < 10; i++) step(o, [[v, [NaN, 0, 0, 0]]]);
    expect(await gainOf(o, v)).toBe(2);
  });

  it("trains the LoRA factor whose first gradient is zero; the official rule leaves it as it is", async () => {
    const target = tf.randomNormal([6, 6], 0, 1, "float32", 5);
    const run = async (config: SGDSaIConfig) => {
      const a = tf.variable(tf.randomNormal([2, 6], 0, 0.5, "float32", 6));
      const b = tf.variable(tf.zeros([6, 2]));
      const start = await values(a);
      const o = optimizer({ learningRate: 0.2, weightDecay: 0, ...config });
      const loss = () => tf.div(tf.sum(tf.square(tf.sub(tf.matMul(b as tf.Tensor2D, a as tf.Tensor2D), target))), 72) as tf.Scalar;
      for (let i = 0; i < 300; i++) o.minimize(loss, false, [a, b]);
      const moved = Math.hypot(...(await values(a)).map((x, i) => x - start[i]!));
      const final = tf.tidy(loss);
      const [value] = await final.data();
      tf.dispose([a, b, final]);
      return { moved, loss: value! };
    };
    const [ours, official] = [await run({}), await run({ degenerate: "official" })];
    expect(official.moved).toBe(0);
    expect(ours.moved).toBeGreaterThan(0.5);
    expect(ours.loss).toBeLessThan(0.7 * official.loss);
    target.dispose();
  });

  it("keeps state by name: tensors may come and go and change places, and those without a gradient are left alone", async () => {
    const [a, b, a2, b2] = [variable([1, 2]), variable([3, 4]), variable([1, 2]), variable([3, 4])];
    const [mixed, apartA, apartB] = [optimizer(), optimizer(), optimizer()];
    const [ga, gb] = [[1, 3], [-2, 5]];
    step(mixed, [[a, ga], [b, undefined]]);
    expect(await values(b)).toEqual([3, 4]);
    step(mixed, [[b, gb], [a, ga]]);
    step(mixed, [[b, gb]]);
    for (let i = 0; i < 2; i++) step(apartA, [[a2, ga]]);
    for (let i = 0; i < 2; i++) step(apartB, [[b2, gb]]);
    expect(await values(a)).toEqual(await values(a2));
    expect(await values(b)).toEqual(await values(b2));
  });

  it("holds 4 bytes an element and 4 a tensor, half of Adam's; the second step holds nothing more, and dispose frees it all", async () => {
    const shapes = [[64, 32], [32], [32, 16], [16]];
    const variables = shapes.map((shape) => tf.tidy(() => tf.variable(tf.ones(shape))));
    made.push(...variables);
    const gradients = Object.fromEntries(variables.map((v) => [v.name, tf.randomNormal(v.shape, 0, 1, "float32", 1)]));
    const size = variables.reduce((sum, v) => sum + v.size, 0);
    const grown = (o: tf.Optimizer) => {
      const before = tf.memory().numBytes;
      o.applyGradients(gradients);
      return tf.memory().numBytes - before;
    };
    const count = tensorCount();
    const o = sgdSai();
    const own = grown(o);
    expect(own).toBe(4 * size + 4 * variables.length);
    const tensors = tensorCount();
    for (let i = 0; i < 12; i++) o.applyGradients(gradients);
    expect(tensorCount()).toBe(tensors);
    const adam = tf.train.adam();
    expect(own - 4 * variables.length).toBe(grown(adam) / 2);
    adam.dispose();
    o.dispose();
    expect(tensorCount() - count).toBeLessThanOrEqual(0);
    const none = sgdSai({ momentum: 0 });
    expect(grown(none)).toBe(4 * variables.length);
    none.dispose();
    tf.dispose(gradients);
  });

  it("measures anew after resetGains", async () => {
    const v = variable([0, 0, 0, 0]);
    const o = optimizer();
    step(o, [[v, [1, 2, 3, 4]]]);
    o.resetGains();
    expect(await gainOf(o, v)).toBe(-1);
    step(o, [[v, [1, NaN, 1, -1]]]);
    expectClose(await slot(o, v, "momentum"), [0, 0, 0, 0], 0, 0);
    step(o, [[v, [1, -1, 1, -1]]]);
    expect(await gainOf(o, v)).toBeCloseTo(Math.sqrt(3), 5);
    expectClose(await slot(o, v, "momentum"), [1, -1, 1, -1], 0, 0);
  });

  it("accumulates: three calls are one update by the mean of their gradients", async () => {
    const [v, w] = [variable([1, 2]), variable([1, 2])];
    const [o, reference] = [optimizer({ accumulationSteps: 3 }), optimizer()];
    for (const round of [1, 2]) {
      step(o, [[v, [3 * round, 0]]]);
      step(o, [[v, [0, 3]]]);
      expect(o.iterations).toBe(round - 1);
      step(o, [[v, [0, 0]]]);
      step(reference, [[w, [round, 1]]]);
      expectClose(await values(v), await values(w), 1e-6, 0);
    }
    expect(o.iterations).toBe(2);
  });

  it("clips by the norm of all gradients together, which leaves gains as they are", async () => {
    const [a, b] = [variable([0, 0]), variable([0, 0])];
    const o = optimizer({ learningRate: 1, ...plain, clipNorm: 1, scale: "sqrt-numel" });
    step(o, [[a, [3, 0]], [b, [0, 4]]]); // norm 5
    expectClose([...(await values(a)), ...(await values(b))], [-0.6 * Math.SQRT2, 0, 0, -0.8 * Math.SQRT2], 1e-5);
    const small = variable([0, 0]);
    step(optimizer({ learningRate: 1, ...plain, clipNorm: 1, scale: "sqrt-numel" }), [[small, [0.3, 0]]]);
    expectClose(await values(small), [-0.3 * Math.SQRT2, 0], 1e-6);
  });

  it("moves as far as a schedule says, and reads the rate at every step", async () => {
    const g = [1, -1];
    const v = variable([0, 0]);
    const o = optimizer({ ...plain, scale: "sqrt-numel", learningRate: { schedule: "linearWarmup", learningRate: 0.4, warmupSteps: 4 } });
    for (let i = 0; i < 3; i++) step(o, [[v, g]]);
    expectClose(await values(v), g.map((x) => -(0 + 0.1 + 0.2) * Math.SQRT2 * x), 1e-6);
    o.learningRate = 0;
    step(o, [[v, g]]);
    expectClose(await values(v), g.map((x) => -0.3 * Math.SQRT2 * x), 1e-6);
    o.learningRate = (i) => (i === 4 ? 1 : 0);
    step(o, [[v, g]]);
    expectClose(await values(v), g.map((x) => -1.3 * Math.SQRT2 * x), 1e-6);
  });

  it("moves a tensor of any size by the same rule", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 12 }), fc.double({ min: 0, max: 0.95, noNaN: true }), fc.double({ min: 0, max: 0.5, noNaN: true }), async (g, momentum, weightDecay) => {
        const f = Array.from(Float32Array.from(g));
        const mean = f.reduce((sum, x) => sum + x, 0) / f.length;
        const s = Math.sqrt(f.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (f.length - 1));
        const largest = Math.max(...f.map(Math.abs));
        fc.pre(largest > 1e-6 && s / largest > 1e-5);
        const gain = Math.hypot(...f) / (s + 1e-8);
        const v = variable(f.map(() => 1));
        const o = optimizer({ learningRate: 0.01, momentum, weightDecay });
        let [theta, m] = [f.map(() => 1), f];
        for (const factor of [1, 0.5, -2]) {
          step(o, [[v, f.map((x) => x * factor)]]);
          m = factor === 1 ? f : m.map((x, i) => momentum * x + (1 - momentum) * factor * f[i]!);
          theta = theta.map((x, i) => (1 - 0.01 * weightDecay) * x - 0.01 * gain * m[i]!);
        }
        expectClose(await values(v), theta, 1e-4, 1e-4);
      }),
      { numRuns: 20, seed: 4 },
    );
  });
});

describe("bad input", () => {
  it("refuses options out of range, by name and value", () => {
    const bad: [SGDSaIConfig, RegExp][] = [
      ...[-1, NaN, Infinity].flatMap((value): [SGDSaIConfig, RegExp][] => [
        [{ learningRate: value }, /sgdSai: `learningRate` must be .*got (-1|NaN|Infinity)/],
        [{ epsilon: value }, /`epsilon`/],
        [{ weightDecay: value }, /`weightDecay`/],
      ]),
      ...[-0.1, 1, NaN].map((momentum): [SGDSaIConfig, RegExp] => [{ momentum }, /`momentum` must be from 0 to below 1/]),
      [{ scale: "snr" as never }, /`scale` must be "gsnr" or "sqrt-numel", got "snr"/],
      [{ normalize: "sum" as never }, /`normalize` must be "none" or "max"/],
      [{ decayFilter: "none" as never }, /`decayFilter`/],
      [{ clipNorm: 0 }, /`clipNorm`/],
      [{ accumulationSteps: 1.5 }, /`accumulationSteps`/],
      [{ learningRate: 2, weightDecay: 0.6 }, /learningRate · weightDecay is 2 · 0.6 = 1.2/],
      [{ learningRate: { schedule: "linear" } as never }, /`learningRate` must be a number, a function of the step, or a schedule/],
      [{ learningRate: { schedule: "cosine", learningRate: 0.1, steps: 3, warmupSteps: 3 } }, /`steps` must be a whole number of at least 4/],
    ];
    for (const [config, message] of bad) {
      expect(() => sgdSai(config)).toThrow(RangeError);
      expect(() => sgdSai(config)).toThrow(message);
    }
    expect(() => sgdSai({ learningRate: 0 })).not.toThrow();
  });

  it("refuses gradients that cannot be used before it has changed anything", async () => {
    const [v, other, whole] = [variable([1, 2]), variable([5]), tf.tidy(() => tf.variable(tf.tensor1d([1, 2], "int32"), true))];
    made.push(whole);
    const o = optimizer();
    const before = tensorCount();
    const g = { good: tf.tensor1d([1, 2]), long: tf.tensor1d([1, 2, 3]) };
    expect(() => o.applyGradients({ [v.name]: g.good, [other.name]: g.long })).toThrow(/gradient of ".*" has shape \[3\], the variable \[1\]/);
    expect(() => o.applyGradients({ [v.name]: g.good, nobody: g.good })).toThrow(/there is a gradient for "nobody", but no variable/);
    expect(() => o.applyGradients({ [whole.name]: g.good })).toThrow(/is int32; only float32/);
    o.learningRate = () => NaN;
    expect(() => o.applyGradients({ [v.name]: g.good })).toThrow(/`learningRate` must be a finite number of at least 0 at step 0, got NaN/);
    o.learningRate = () => 1000;
    expect(() => o.applyGradients({ [v.name]: g.good })).toThrow(/decay turns the signs/);
    expect(await values(v)).toEqual([1, 2]);
    expect(await o.gains()).toEqual({});
    expect(o.iterations).toBe(0);
    tf.dispose(g);
    expect(tensorCount()).toBe(before);
  });
});

describe("saving", () => {
  const build = () => tf.sequential({ layers: [tf.layers.dense({ units: 5, inputShape: [3], activation: "tanh" }), tf.layers.dense({ units: 2 })] });
  const data = () => ({ x: tf.randomNormal([8, 3], 0, 1, "float32", 1), y: tf.randomNormal([8, 2], 0, 1, "float32", 2) });
  const weightsOf = async (model: tf.LayersModel) => (await Promise.all(model.getWeights().map((w) => w.data()))).map((w) => Array.from(w));

  it("goes on after loading, under other names, as if nothing had happened", async () => {
    const { x, y } = data();
    for (const config of [{}, { normalize: "max" as const }, { learningRate: { schedule: "cosine" as const, learningRate: 0.1, steps: 9, warmupSteps: 2 }, decayFilter: "matrices" as const, scale: "sqrt-numel" as const }]) {
      const model = build();
      const o = sgdSai({ learningRate: 0.05, ...config });
      model.compile({ optimizer: o, loss: "meanSquaredError" });
      for (let i = 0; i < 4; i++) await model.trainOnBatch(x, y);
      let saved: tf.io.ModelArtifacts | undefined;
      await model.save(tf.io.withSaveHandler(async (artifacts) => ((saved = artifacts), { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } })), { includeOptimizer: true });
      const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
      expect(loaded.optimizer).toBeInstanceOf(SGDSaI);
      expect(loaded.optimizer.getConfig()).toEqual(o.getConfig());
      expect(Object.keys(await o.gains()).some((name) => loaded.weights.every((w) => w.name !== name))).toBe(true);
      for (const m of [model, loaded]) for (let i = 0; i < 2; i++) await m.trainOnBatch(x, y);
      const [a, b] = [await weightsOf(model), await weightsOf(loaded)];
      a.forEach((w, i) => expectClose(b[i]!, w, 1e-6, 0));
      expect(Object.values(await (loaded.optimizer as SGDSaI).gains())).toEqual(Object.values(await o.gains()));
      for (const m of [model, loaded]) {
        m.optimizer.dispose();
        m.dispose();
      }
    }
    tf.dispose([x, y]);
  });

  it("resumes in the middle of an accumulation", async () => {
    const [v, w] = [variable([1, 2]), variable([1, 2])];
    const [whole, first, second] = [2, 2, 2].map((accumulationSteps) => optimizer({ accumulationSteps })) as [SGDSaI, SGDSaI, SGDSaI];
    step(whole, [[v, [1, 0]]]);
    step(first, [[w, [1, 0]]]);
    await second.setWeights((await first.getWeights()) as never);
    first.dispose();
    step(whole, [[v, [0, 1]]]);
    step(second, [[w, [0, 1]]]);
    expect(await values(w)).toEqual(await values(v));
  });

  it("refuses state of another model or optimizer before it changes anything", async () => {
    const [v, w] = [variable([1, 2, 3]), variable([1, 2])];
    const [o, fresh] = [optimizer(), optimizer()];
    step(o, [[v, [1, 2, 4]]]);
    const weights = await o.getWeights();
    await expect(fresh.setWeights([] as never)).rejects.toThrow(/setWeights needs "iter" first, got nothing/);
    await expect(fresh.setWeights([weights[0]!, weights[1]!, { name: "x/secondMoment", tensor: weights[2]!.tensor }] as never)).rejects.toThrow(/"x\/secondMoment", which is no state of this optimizer/);
    await expect(fresh.setWeights([weights[0]!, ...weights.slice(2)] as never)).rejects.toThrow(/state of 1 variable\(s\), but "counts" counts 0/);
    await fresh.setWeights(weights as never);
    expect(() => step(fresh, [[w, [1, 2]]])).toThrow(/no restored state fits variable ".*" \[2\]; left are/);
    expect(await values(w)).toEqual([1, 2]);
    await expectTensorGrowth(-2, () => fresh.dispose());
  });
});
