// Runners of the SGD-SaI operations. A block is a variable; the names that tfjs gives variables are translated back here.
import * as tf from "@tensorflow/tfjs";
import { adamW, gSNR, sgd, sgdSai, stateBytes, type AdamW, type DegenerateGain, type NamedTensor, type SaINormalize, type SaIScale, type SGD, type SGDSaI } from "@warmstart/optim-sai";
import type { ReferenceCase } from "./cases.js";
import { toEntries, toTensor, type Runner } from "./runner.js";
import type { Entries, Value } from "./values.js";

type OurOptimizer = SGDSaI | AdamW | SGD;

/** The blocks of `prefix.<block>`, in the order of the case. */
const blocksOf = ({ inputs }: ReferenceCase, prefix: string): string[] => Object.keys(inputs).flatMap((name) => (name.startsWith(`${prefix}.`) ? [name.slice(prefix.length + 1)] : []));

const rateOf = ({ options }: ReferenceCase): number | ((step: number) => number) => {
  const rates = options.learningRates as number[] | undefined;
  return rates === undefined ? (options.learningRate as number) : (step) => rates[step]!;
};

function saiOf(reference: ReferenceCase, names: ReadonlyMap<string, string>): SGDSaI {
  const { options } = reference;
  const byBlock = options.weightDecayByBlock as Record<string, number> | undefined;
  return sgdSai({
    learningRate: rateOf(reference),
    momentum: options.momentum as number,
    weightDecay: options.weightDecay as number,
    epsilon: options.epsilon as number,
    scale: options.scale as SaIScale,
    normalize: options.normalize as SaINormalize,
    degenerate: (options.degenerate ?? "sqrt-numel") as DegenerateGain,
    maximize: options.maximize === true,
    ...(byBlock === undefined ? {} : { decayFilter: (name: string) => byBlock[names.get(name)!] !== 0 }),
  });
}

function adamOf(reference: ReferenceCase): AdamW {
  const { options } = reference;
  return adamW({ learningRate: rateOf(reference), beta1: options.beta1 as number, beta2: options.beta2 as number, epsilon: options.epsilon as number, weightDecay: options.weightDecay as number, amsgrad: options.amsgrad === true, maximize: options.maximize === true });
}

function sgdOf(reference: ReferenceCase): SGD {
  const { options } = reference;
  return sgd({ learningRate: rateOf(reference), momentum: options.momentum as number, dampening: options.dampening as number, nesterov: options.nesterov === true, weightDecay: options.weightDecay as number, maximize: options.maximize === true, decay: options.decay === "decoupled" ? "decoupled" : "added-to-gradient" });
}

/** The case's parameters as variables. */
function variablesOf(reference: ReferenceCase): { variables: Map<string, tf.Variable>; names: Map<string, string> } {
  const variables = new Map(blocksOf(reference, "parameter").map((block) => [block, tf.tidy(() => tf.variable(toTensor(reference.inputs[`parameter.${block}`])))]));
  return { variables, names: new Map([...variables].map(([block, { name }]) => [name, block])) };
}

/** `prefix.<block>`: copies of tensors, whose owner keeps them. */
async function copies(prefix: string, tensors: Iterable<readonly [string, tf.Tensor]>): Promise<Record<string, Entries>> {
  const entries: Record<string, Entries> = {};
  for (const [block, tensor] of tensors) entries[`${prefix}.${block}`] = await toEntries(tf.clone(tensor));
  return entries;
}

/** An optimizer's slots as `<slot>.<block>`. */
async function slotsOf(optimizer: OurOptimizer, names: ReadonlyMap<string, string>): Promise<Record<string, Value>> {
  const [iterations, , ...slots] = (await optimizer.getWeights()) as NamedTensor[];
  iterations!.tensor.dispose();
  const result: Record<string, Value> = {};
  for (const { name, tensor } of slots) {
    const cut = name.lastIndexOf("/");
    const block = names.get(name.slice(0, cut));
    if (block !== undefined) result[`${name.slice(cut + 1)}.${block}`] = await toEntries(tf.clone(tensor));
  }
  return result;
}

async function gainsOf(optimizer: OurOptimizer, names: ReadonlyMap<string, string>): Promise<Record<string, Value>> {
  if (!("gains" in optimizer)) return {};
  return Object.fromEntries(Object.entries(await optimizer.gains()).map(([name, gain]) => [`gain.${names.get(name)!}`, gain]));
}

/** Gradients given step by step. */
const steps = (make: (reference: ReferenceCase, names: ReadonlyMap<string, string>) => OurOptimizer): Runner => async (reference) => {
  const { options, inputs } = reference;
  const { variables, names } = variablesOf(reference);
  const optimizer = make(reference, names);
  const absent = (options.absentSteps ?? {}) as Record<string, number[]>;
  const gradients = new Map([...variables.keys()].map((block) => [block, tf.tidy(() => tf.unstack(toTensor(inputs[`gradient.${block}`])))]));
  let first: Record<string, Entries> = {};
  for (let step = 1; step <= (options.steps as number); step++) {
    const present = [...variables].filter(([block]) => !absent[block]?.includes(step));
    optimizer.applyGradients(Object.fromEntries(present.map(([block, { name }]) => [name, gradients.get(block)![step - 1]!])));
    if (step === 1) first = await copies("step1", variables);
  }
  const results = { ...first, ...(await copies("parameter", variables)), ...(await gainsOf(optimizer, names)), ...(await slotsOf(optimizer, names)) };
  optimizer.dispose();
  tf.dispose([...variables.values(), ...[...gradients.values()].flat()]);
  return results;
};

const gsnr: Runner = async (reference) => {
  const { options, inputs } = reference;
  const blocks = blocksOf(reference, "gradient");
  const gradients = blocks.map((block) => toTensor(inputs[`gradient.${block}`]));
  const gsnrOptions = { epsilon: options.epsilon as number, degenerate: (options.degenerate ?? "sqrt-numel") as DegenerateGain };
  const measured: Record<string, Entries> = {};
  if (options.scale === "gsnr") for (const [i, block] of blocks.entries()) measured[`gsnr.${block}`] = await toEntries(gSNR(gradients[i]!, gsnrOptions));
  // What the optimizer itself uses: one step.
  const variables = gradients.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros(shape))));
  const optimizer = sgdSai({ ...gsnrOptions, scale: options.scale as SaIScale, normalize: options.normalize as SaINormalize });
  optimizer.applyGradients(Object.fromEntries(variables.map(({ name }, i) => [name, gradients[i]!])));
  const names = new Map(variables.map(({ name }, i) => [name, blocks[i]!]));
  const results = { ...(await slotsOf(optimizer, names)), ...(await gainsOf(optimizer, names)), ...measured };
  optimizer.dispose();
  tf.dispose([...variables, ...gradients]);
  return results;
};

const train: Runner = async (reference) => {
  const { options, inputs } = reference;
  const { variables, names } = variablesOf(reference);
  const optimizer = options.optimizer === "adamw" ? adamOf(reference) : saiOf(reference, names);
  const of = (block: string) => variables.get(block) as unknown as tf.Tensor2D;
  const data = { x: inputs.x && toTensor<tf.Rank.R2>(inputs.x), target: inputs.target && toTensor<tf.Rank.R2>(inputs.target), labels: inputs.labels && tf.tidy(() => tf.cast(toTensor<tf.Rank.R1>(inputs.labels), "int32")) };
  const loss = (): tf.Scalar => {
    if (data.target !== undefined) return tf.div(tf.sum(tf.square(tf.sub(tf.matMul(of("b"), of("a")), data.target))), 2 * data.target.size);
    const hidden = tf.tanh(tf.add(tf.matMul(data.x!, of("w1"), false, true), of("b1")));
    const logits = tf.add(tf.matMul(hidden, of("w2"), false, true), of("b2"));
    return tf.losses.softmaxCrossEntropy(tf.oneHot(data.labels!, of("b2").size), logits);
  };
  const losses: number[] = [];
  const read = async (value: tf.Scalar) => {
    losses.push((await value.data())[0]!);
    value.dispose();
  };
  for (let step = 0; step < (options.steps as number); step++) await read(optimizer.minimize(loss, true, [...variables.values()])!);
  await read(tf.tidy(loss));
  const results = { losses, ...(await copies("parameter", variables)), ...(await slotsOf(optimizer, names)) };
  optimizer.dispose();
  tf.dispose([...variables.values(), ...Object.values(data).filter((tensor) => tensor !== undefined)]);
  return results;
};

const memory: Runner = async ({ options }) => {
  const shapes = (options.shapes as { shape: number[]; count: number }[]).flatMap(({ shape, count }) => Array.from({ length: count }, () => shape));
  const [sgdSaiStateBytes, sgdMomentumStateBytes, adamStateBytes] = [stateBytes("sgdSai", shapes), stateBytes("sgd", shapes), stateBytes("adamW", shapes)];
  const savedBytes = adamStateBytes - sgdSaiStateBytes;
  const counters = sgdSaiStateBytes - sgdMomentumStateBytes; // torch keeps a step count where SGD-SaI keeps a gain
  return { parameters: sgdMomentumStateBytes / 4, blocks: shapes.length, sgdSaiStateBytes, sgdMomentumStateBytes, adamStateBytes, adamwTorchStateBytes: adamStateBytes + counters, savedBytes, savedGiB: savedBytes / 2 ** 30 };
};

export const sgdSaiRunners: Readonly<Record<string, Runner>> = {
  "sgd-sai/gsnr": gsnr,
  "sgd-sai/steps": steps(saiOf),
  "sgd-sai/adamw-steps": steps(adamOf),
  "sgd-sai/sgdm-steps": steps(sgdOf),
  "sgd-sai/train": train,
  "sgd-sai/memory": memory,
};
