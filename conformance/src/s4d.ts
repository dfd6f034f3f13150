// Runners of the S4D operations. Draws of a case reach the package as a random generator that gives them one after the other.
import * as tf from "@tensorflow/tfjs";
import {
  createParameters,
  createRecurrence,
  dcGain,
  discretize,
  forwardState,
  fromParameter,
  hippoLegS,
  kernelEnergy,
  kernelLength,
  legsBasis,
  legsDiagonal,
  mambaInit,
  s4d,
  s4dOptimizer,
  s4dForward,
  s4dInit,
  s4dKernel,
  ssmOf,
  stateResponse,
  toParameter,
  type BInit,
  type Discretization,
  type S4DInit,
  type Seed,
  type Ssm,
  type State,
  type Transform,
} from "@warmstart/ssm-s4d";
import type { ReferenceCase } from "./cases.js";
import { allEntries, toEntries, toTensor, type Runner } from "./runner.js";
import type { Entries, Value } from "./values.js";

const table = (data: ArrayLike<number>, ...shape: number[]): Entries => ({ shape, data });
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const numbers = (input: Entries | undefined): number[] => (input === undefined ? [] : (Array.from(input.data) as number[]));

/** The draws of a case in the order in which the package asks for them. */
function draws({ inputs }: ReferenceCase, uniforms: readonly string[], normals: readonly string[]): Seed {
  const [uniform, normal] = [uniforms, normals].map((names) => names.flatMap((name) => numbers(inputs[name])).values());
  const next = (stream: ArrayIterator<number> | undefined) => {
    const { value, done } = stream!.next();
    if (done === true) throw new Error("the case has no further draw");
    return value;
  };
  return { uniform: () => next(uniform), normal: () => next(normal), integer: () => next(undefined) };
}

/** The model of a case. Inside a tidy. */
function ssmFrom({ inputs }: ReferenceCase): Ssm {
  const two = (name: string) => inputs[name] && toTensor<tf.Rank.R2>(inputs[name]);
  return { dt: toTensor<tf.Rank.R1>(inputs.dt), aRe: toTensor<tf.Rank.R2>(inputs.aRe), aIm: two("aIm"), bRe: two("bRe"), bIm: two("bIm"), cRe: toTensor<tf.Rank.R2>(inputs.cRe ?? inputs.aRe), cIm: two("cIm") };
}

const methodOf = ({ options }: ReferenceCase) => options.method as Discretization;

const hippo: Runner = async ({ options }) => {
  const n = options.N as number;
  const { a, b, p, skew } = hippoLegS(n);
  const { aIm, bRe, bIm, pRe, pIm, vRe, vIm } = legsDiagonal(n, { bClip: null });
  const vector = (data: ArrayLike<number>) => table(data, data.length);
  const matrix = (data: ArrayLike<number>) => table(data, n, data.length / n);
  return {
    eigenImag: vector(aIm),
    bRe: vector(bRe),
    bIm: vector(bIm),
    bClippedIm: vector(legsDiagonal(n, { bClip: options.bClip as number }).bIm),
    pRe: vector(pRe),
    pIm: vector(pIm),
    frobeniusA: Math.hypot(...a),
    frobeniusSkew: Math.hypot(...skew),
    traceA: sum([...a].filter((_, i) => i % (n + 1) === 0)),
    a: matrix(a),
    b: vector(b),
    p: vector(p),
    skew: matrix(skew),
    vRe: matrix(vRe),
    vIm: matrix(vIm),
  };
};

const hippoBasis: Runner = async ({ options, inputs }) => {
  const times = numbers(inputs.t);
  return { basis: table(legsBasis(options.N as number, times), options.N as number, times.length) };
};

const init: Runner = async (reference) => {
  const { H: features, N: dState, bInit, bClip, init, ...flags } = reference.options as { H: number; N: number; bInit: BInit; bClip?: number; init: S4DInit };
  const start = s4dInit(init, { ...flags, features, dState, bInit, bClip: bClip ?? null, seed: draws(reference, ["uImag", "uReal"], ["xi", "zBRe", "zBIm"]) });
  return Object.fromEntries(Object.entries(start).map(([name, data]) => [name, table(data as Float64Array, features, dState / 2)]));
};

const parameters: Runner = async (reference) => {
  const { H: features, N: dState, dtMin, dtMax, init } = reference.options as { H: number; N: number; dtMin: number; dtMax: number; init: S4DInit };
  return allEntries(
    tf.tidy(() => {
      const made = createParameters({ init, features, dState, dtMin, dtMax, seed: draws(reference, ["uDt"], ["zCRe", "zCIm", "zD"]) });
      const { dt } = ssmOf(made);
      return { ...made, dt };
    }),
  );
};

const transform: Runner = async ({ options, inputs }) => {
  const results: Record<string, Value> = {};
  for (const name of options.transforms as Transform[]) {
    results[name] = await toEntries(tf.tidy(() => fromParameter(toTensor(inputs.theta), name)));
    results[`${name}Inverse`] = numbers(inputs.p).map((p) => toParameter(p, name));
  }
  return results;
};

const mamba: Runner = async (reference) => {
  const { dInner, N: dState, ...bounds } = reference.options as { dInner: number; N: number; dtMin: number; dtMax: number; dtInitFloor: number };
  const { aLog, dtBias, d } = mambaInit(dInner, { dState, ...bounds, seed: draws(reference, ["uDt"], []) });
  return { aLog: table(aLog, dInner, dState), dtBias: table(dtBias, dInner), d: table(d, dInner) };
};

const steps: Runner = async (reference) => {
  const results: Record<string, Value> = {};
  for (const method of reference.options.methods as Discretization[]) {
    const entries = await allEntries(tf.tidy(() => ({ ...discretize(ssmFrom(reference), { method }) })));
    for (const [name, value] of Object.entries(entries)) results[`${method}${name[0]!.toUpperCase()}${name.slice(1)}`] = value;
  }
  return results;
};

function kernelOf(reference: ReferenceCase): tf.Tensor {
  const { L, method, rate, bandlimit } = reference.options as { L: number; method: "zoh" | "bilinear" | "dss"; rate: number; bandlimit: number | null };
  return tf.tidy(() => s4dKernel(ssmFrom(reference), L, { method, rate, bandlimit }));
}

const kernel: Runner = async (reference) => ({ kernel: await toEntries(kernelOf(reference)) });

const kernelStats: Runner = async (reference) => {
  const { shape, data } = await toEntries(kernelOf(reference));
  const [features, length] = shape as [number, number];
  const rows = Array.from({ length: features }, (_, h) => Array.from({ length }, (_, l) => data[h * length + l] as number));
  const perRow = (statistic: (row: number[]) => number) => rows.map(statistic);
  const index = numbers(reference.inputs.sampleIndex);
  return {
    samples: table(rows.flatMap((row) => index.map((l) => row[l]!)), features, index.length),
    sum: perRow(sum),
    sumSquares: perRow((row) => sum(row.map((k) => k * k))),
    sumAbs: perRow((row) => sum(row.map(Math.abs))),
    ramp: perRow((row) => sum(row.map((k, l) => (k * l) / length))),
    alternating: perRow((row) => sum(row.map((k, l) => k * (1 - 2 * (l % 2))))),
    max: perRow((row) => Math.max(...row)),
    min: perRow((row) => Math.min(...row)),
  };
};

const forward: Runner = async (reference) => {
  const { lMax, rate, bidirectional } = reference.options as { lMax?: number | null; rate?: number; bidirectional?: boolean };
  const options = { method: methodOf(reference), lMax: lMax ?? null, rate: rate ?? 1, bidirectional: bidirectional === true };
  return allEntries(
    tf.tidy(() => {
      const ssm = ssmFrom(reference);
      const u = toTensor<tf.Rank.R3>(reference.inputs.u);
      const d = toTensor<tf.Rank.R1>(reference.inputs.d);
      return { y: s4dForward(u, ssm, { ...options, d }), kernel: s4dKernel(ssm, kernelLength(u.shape[2], options), options) as tf.Tensor };
    }),
  );
};

/** Step by step; the state after the whole sequence, and what the first state adds, at once. */
const step: Runner = async (reference) => {
  const { inputs } = reference;
  const method = methodOf(reference);
  const made = tf.tidy(() => ({ ssm: { ...ssmFrom(reference) }, d: toTensor<tf.Rank.R1>(inputs.d), u: toTensor<tf.Rank.R3>(inputs.u), ...(inputs.x0Re && { re: toTensor<tf.Rank.R3>(inputs.x0Re), im: toTensor<tf.Rank.R3>(inputs.x0Im) }) }));
  const { ssm, d, u } = made;
  const [batch, features, length] = u.shape;
  const state: State = made.re === undefined ? tf.tidy(() => ({ re: tf.zeros<tf.Rank.R3>([batch, features, ssm.aRe.shape[1]]), im: tf.zeros<tf.Rank.R3>([batch, features, ssm.aRe.shape[1]]) })) : { re: made.re, im: made.im! };
  const recurrence = await createRecurrence(ssm, { method, d, state });
  const results = tf.tidy(() => {
    const [ys, re, im]: [tf.Tensor[], tf.Tensor[], tf.Tensor[]] = [[], [], []];
    for (const now of tf.unstack(u, 2)) {
      ys.push(recurrence.step(now as tf.Tensor2D));
      re.push(tf.clone(recurrence.state.re));
      im.push(tf.clone(recurrence.state.im));
    }
    const final = forwardState(u, ssm, state, { method });
    return { y: tf.stack(ys, 2), stateTerm: stateResponse(ssm, state, length, { method }), statesRe: tf.stack(re, 2), statesIm: tf.stack(im, 2), finalStateRe: final.re, finalStateIm: final.im };
  });
  recurrence.dispose();
  tf.dispose([made as unknown as tf.TensorContainer, state.re, state.im]);
  return allEntries(results);
};

const gradient: Runner = async (reference) => {
  const { inputs } = reference;
  const names = ["logDt", "logAReal", "aImag", "bRe", "bIm", "cRe", "cIm", "d", "u"] as const;
  type Named = Record<(typeof names)[number], tf.Tensor>;
  const output = (given: readonly tf.Tensor[]) => {
    const { d, u, ...rest } = Object.fromEntries(names.map((name, i) => [name, given[i]!])) as Named;
    return s4dForward(u as tf.Tensor3D, ssmOf(rest as never), { method: methodOf(reference), d: d as tf.Tensor1D });
  };
  return allEntries(
    tf.tidy(() => {
      const given = names.map((name) => toTensor(inputs[name]));
      const gradients = tf.grads((...tensors: tf.Tensor[]) => output(tensors))(given, toTensor(inputs.gradY));
      return { y: output(given), ...Object.fromEntries(names.map((name, i) => [`grad${name[0]!.toUpperCase()}${name.slice(1)}`, gradients[i]!])) } as Record<string, tf.Tensor>;
    }),
  );
};

const gains: Runner = async (reference) => {
  const results: Record<string, Value> = {};
  for (const method of reference.options.methods as Discretization[]) {
    const { sum, energy } = await allEntries(tf.tidy(() => ({ sum: dcGain(ssmFrom(reference), { method }), energy: kernelEnergy(ssmFrom(reference), { method }) })));
    Object.assign(results, { [method]: sum, [`${method}Energy`]: energy });
  }
  return results;
};

const parameterNames = ["logDt", "logAReal", "aImag", "cRe", "cIm", "d"] as const;

/** The minimal file's layer with the parameters of a case, in a model. The caller disposes the model. */
function layerOf({ options, inputs }: ReferenceCase, more: readonly tf.layers.Layer[] = []) {
  const layer = s4d({ init: "lin", dState: options.N as number, trainB: false, inputShape: [null, options.H as number] });
  const model = tf.sequential({ layers: [layer, ...more] });
  const weight = (name: string) => layer.weights.find(({ originalName }) => originalName.endsWith(`/${name}`))!.read();
  const named = { ...layer.parameters(), linearWeight: weight("kernel"), linearBias: weight("bias") } as unknown as Record<string, tf.Variable>;
  tf.tidy(() => {
    for (const name of [...parameterNames, "linearBias"]) named[name]!.assign(toTensor(inputs[name]));
    named.linearWeight!.assign(tf.transpose(toTensor(inputs.linearWeight)));
  });
  return { model, named };
}

/** "B H L" ↔ "B L H". */
const turned = <T extends tf.Tensor>(t: T): T => tf.transpose(t, [0, 2, 1]);

const layer: Runner = async (reference) => {
  const { inputs } = reference;
  const { model, named } = layerOf(reference);
  const run = (u: tf.Tensor) => turned(model.apply(turned(u)) as tf.Tensor);
  const names = [...parameterNames, "linearWeight", "linearBias"];
  const results = tf.tidy(() => {
    const [u, gradY] = [toTensor(inputs.u), toTensor(inputs.gradY)];
    const { grads } = tf.variableGrads(() => tf.sum(tf.mul(run(u), gradY)), names.map((name) => named[name]!));
    const gradients = names.map((name) => [`grad${name[0]!.toUpperCase()}${name.slice(1)}`, grads[named[name]!.name]!] as const);
    return { y: run(u), gradU: tf.grad(run)(u, gradY), ...Object.fromEntries(gradients), gradLinearWeight: tf.transpose(grads[named.linearWeight!.name]!) };
  });
  model.dispose();
  return allEntries(results as Record<string, tf.Tensor>);
};

const train: Runner = async (reference) => {
  const { inputs } = reference;
  const { optimizer, learningRate, learningRateSsm, weightDecay, beta1, beta2, epsilon, steps, classes } = reference.options as { optimizer: "sgd" | "adamw" } & Record<string, number>;
  const decoder = tf.layers.dense({ units: classes! });
  const { model, named } = layerOf(reference, [tf.layers.globalAveragePooling1d({}), decoder]);
  const [decoderWeight, decoderBias] = decoder.weights.map((weight) => weight.read() as tf.Variable) as [tf.Variable, tf.Variable];
  const { u, labels } = tf.tidy(() => {
    decoderWeight.assign(tf.transpose(toTensor(inputs.decoderWeight)));
    return { u: turned(toTensor(inputs.u)), labels: tf.oneHot(tf.cast(toTensor(inputs.labels), "int32"), classes!) };
  });
  const create = (rate: number) => (optimizer === "sgd" ? tf.train.sgd(rate) : tf.train.adam(rate, beta1, beta2, epsilon));
  const grouped = s4dOptimizer(model, { learningRate: learningRate!, ssmLearningRate: learningRateSsm!, weightDecay: weightDecay!, optimizer: create });
  const loss = () => tf.losses.softmaxCrossEntropy(labels, model.apply(u) as tf.Tensor) as tf.Scalar;
  const losses: number[] = [];
  const record = async (scalar: tf.Scalar) => {
    losses.push((await scalar.data())[0]!);
    scalar.dispose();
  };
  for (let i = 0; i < steps!; i++) await record(grouped.minimize(loss, true)!);
  await record(tf.tidy(loss));
  const results = tf.tidy(() => ({ ...Object.fromEntries([...parameterNames, "linearBias"].map((name) => [name, tf.clone(named[name]!)])), linearWeight: tf.transpose(named.linearWeight!), decoderWeight: tf.transpose(decoderWeight), decoderBias: tf.clone(decoderBias) }));
  grouped.dispose();
  model.dispose();
  tf.dispose([u, labels]);
  return { losses: table(losses, losses.length), ...(await allEntries(results as Record<string, tf.Tensor>)) };
};

export const s4dRunners: Readonly<Record<string, Runner>> = {
  "s4d/bidirectional": forward,
  "s4d/dc-gain": gains,
  "s4d/discretize": steps,
  "s4d/forward": forward,
  "s4d/gradient": gradient,
  "s4d/hippo": hippo,
  "s4d/hippo-basis": hippoBasis,
  "s4d/init": init,
  "s4d/kernel": kernel,
  "s4d/kernel-stats": kernelStats,
  "s4d/layer": layer,
  "s4d/mamba-init": mamba,
  "s4d/parameters": parameters,
  "s4d/step": step,
  "s4d/train": train,
  "s4d/transform": transform,
};
