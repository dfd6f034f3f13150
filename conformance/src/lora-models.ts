// Runners of the LoRA operations on whole models: PEFT's weights are [out, in], a kernel is [in, out].
import * as tf from "@tensorflow/tfjs";
import { createReport, disposeModel, networkOf, observeGradients, type Parameter } from "@warmstart/init-core";
import { adaptersOf, attach, createLoraPlan, detach, eva, factorsOf, firstStepUpdate, loraSb } from "@warmstart/lora-init";
import { allEntries, toEntries, toTensor, type Runner } from "./runner.js";
import type { Entries, Value } from "./values.js";

const transposed = (tensor: tf.Tensor): tf.Tensor2D => tf.transpose(tensor) as tf.Tensor2D;

/** The mean over all elements. */
const meanSquaredError = (labels: tf.Tensor, predictions: tf.Tensor) => tf.losses.meanSquaredError(labels, predictions) as tf.Scalar;

/** A dense layer with PEFT's weight [out, in]. */
function dense(name: string, weight: Entries, bias?: Entries): { layer: tf.layers.Layer; fill: () => void } {
  const layer = tf.layers.dense({ name, units: weight.shape[0]!, inputShape: [weight.shape[1]!], useBias: bias !== undefined });
  const fill = () => tf.tidy(() => layer.setWeights([transposed(toTensor(weight)), ...(bias ? [toTensor(bias)] : [])]));
  return { layer, fill };
}

/** The parameter of a model at a path. */
function parameter(model: tf.LayersModel, path: string): Parameter {
  const found = networkOf(model).parameters.find((candidate) => candidate.path === path);
  if (found === undefined) throw new Error(`the model has no parameter "${path}"`);
  return found;
}

/** d(c(a(x) + b(x))), an activation after the sum and after c; ranks and directions of its four layers. */
export const evaModel: Runner = async ({ options, inputs }) => {
  const names = ["a", "b", "c", "d"];
  const { batches: stacked, ...weights } = inputs;
  const layers = Object.fromEntries(names.map((name) => [name, dense(name, weights[`${name}Weight`]!)]));
  const active = (x: tf.SymbolicTensor) => (options.activation === "none" ? x : (tf.layers.activation({ activation: options.activation as "tanh" }).apply(x) as tf.SymbolicTensor));
  const pass = (name: string, x: tf.SymbolicTensor) => layers[name]!.layer.apply(x) as tf.SymbolicTensor;
  const x = tf.input({ shape: [stacked!.shape[2]!] });
  const h = active(tf.layers.add().apply([pass("a", x), pass("b", x)]) as tf.SymbolicTensor);
  const model = tf.model({ inputs: x, outputs: pass("d", active(pass("c", h))) });
  for (const { fill } of Object.values(layers)) fill();

  const all = toTensor<tf.Rank.R3>(stacked);
  const batches = tf.unstack(all);
  const initializer = eva({
    data: batches,
    r: options.rank as number,
    rho: options.rho as number,
    tau: options.tau as number,
    loraAlpha: options.alpha as number,
    similarity: "signed",
    algorithm: options.algorithm === "incremental" ? "incremental" : "auto",
  });
  const plan = await initializer.plan(model);
  const adapted = initializer.apply(model, plan);
  const output = await toEntries(adapted.predict(batches[0]!) as tf.Tensor);
  const results: Record<string, Value> = { output, batches: plan.details.batches };
  for (const [layer, ratios] of Object.entries(plan.details.ratios)) results[`ratio_${layer}`] = [...ratios];
  const adapters = names.map((name) => plan.details.adapters.find(({ layer }) => layer === name)!);
  for (const adapter of adapters) results[`A_${adapter.layer}`] = await toEntries(transposed(factorsOf(plan, adapter).down));
  plan.dispose();
  disposeModel(adapted);
  disposeModel(model);
  tf.dispose([all, ...batches]);
  return { ...results, ranks: adapters.map(({ r }) => r), alphas: adapters.map(({ loraAlpha }) => loraAlpha), scales: adapters.map(({ scale }) => scale) };
};

/** Full-batch training of some parameters on the mean squared error: losses before each step and after the last. */
async function train(model: tf.LayersModel, variables: tf.Variable[], { x, y }: { x: tf.Tensor; y: tf.Tensor }, steps: number, optimizer: tf.Optimizer, decay = 0): Promise<number[]> {
  const loss = () => meanSquaredError(y, model.apply(x) as tf.Tensor);
  const losses: tf.Tensor[] = [];
  for (let step = 0; step < steps; step++) {
    const { value, grads } = tf.variableGrads(loss, variables);
    // AdamW: the decay that tfjs' Adam does not have, apart from its step.
    if (decay > 0) for (const variable of variables) tf.tidy(() => variable.assign(tf.mul(variable, 1 - decay)));
    optimizer.applyGradients(grads);
    tf.dispose(grads);
    losses.push(value);
  }
  losses.push(tf.tidy(loss));
  optimizer.dispose();
  const stacked = tf.stack(losses);
  tf.dispose(losses);
  return Array.from((await toEntries(stacked)).data as ArrayLike<number>);
}

/** One dense layer with given factors, of which only the core trains. */
export const loraSbTrain: Runner = async ({ options, inputs }) => {
  const { weight, bias } = inputs;
  const { layer, fill } = dense("fc", weight!, bias!);
  const model = tf.sequential({ layers: [layer] });
  fill();
  const given = { down: toTensor(inputs.A), core: toTensor(inputs.core), up: toTensor(inputs.B) };
  const r = inputs.core!.shape[0]!;
  const scale = (options.scale as number | undefined) ?? 1;
  const spec = { layer: "fc", kernel: "fc/kernel", kind: "dense" as const, shape: parameter(model, "fc/kernel").shape, r, loraAlpha: scale * r, scale, trainable: { down: false, core: true, up: false } };
  const plan = createLoraPlan("lora-sb", [{ spec, factors: { down: transposed(given.down), core: transposed(given.core), up: transposed(given.up) } }], { useRslora: false, modulesToSave: [], report: createReport({ title: "given factors" }) });
  const adapted = attach(model, plan);
  plan.dispose();

  const data = { x: toTensor(inputs.x), y: toTensor(inputs.y) };
  const core = adaptersOf(adapted)[0]!.core!;
  const outputAtStart = await toEntries(adapted.predict(data.x) as tf.Tensor);
  const { value, grads } = tf.variableGrads(() => meanSquaredError(data.y, adapted.apply(data.x) as tf.Tensor), [core]);
  const coreGradient = await toEntries(transposed(Object.values(grads)[0]!));
  tf.dispose([value, grads]);

  const rate = options.learningRate as number;
  const [beta1, beta2] = (options.betas as [number, number] | undefined) ?? [];
  const optimizer = options.optimizer === "sgd" ? tf.train.sgd(rate) : tf.train.adam(rate, beta1, beta2, options.epsilon as number);
  const losses = await train(adapted, [core], data, options.steps as number, optimizer, rate * ((options.weightDecay as number | undefined) ?? 0));
  const merged = detach(adapted);
  const results = await allEntries({ core: transposed(core), merged: transposed(parameter(merged, "fc/kernel").variable) });
  for (const built of [merged, adapted, model]) disposeModel(built);
  tf.dispose([Object.values(given), Object.values(data)]);
  return { outputAtStart, coreGradient, losses, ...results };
};

/** second(tanh(first(x))): gradients over batches, both adapters, then training of both cores. */
export const loraSbModel: Runner = async ({ options, inputs }) => {
  const names = ["first", "second"];
  const [first, second] = names.map((name) => dense(name, inputs[`${name}Weight`]!, inputs[`${name}Bias`]!));
  const x = tf.input({ shape: [inputs.x!.shape[1]!] });
  const model = tf.model({ inputs: x, outputs: second!.layer.apply(tf.layers.activation({ activation: "tanh" }).apply(first!.layer.apply(x))) as tf.SymbolicTensor });
  first!.fill();
  second!.fill();

  const data = { x: toTensor(inputs.x), y: toTensor(inputs.y) };
  const size = options.batchSize as number;
  const cut = (tensor: tf.Tensor, i: number) => tf.slice(tensor, [i * size, 0], [size, -1]);
  const batches = Array.from({ length: data.x.shape[0]! / size }, (_, i) => ({ xs: cut(data.x, i), ys: cut(data.y, i) }));
  const [learningRate, weighting] = [options.learningRate as number, options.weighting as "sum" | "official"];

  const results: Record<string, Value> = {};
  const network = networkOf(model);
  const kernels = network.parameters.filter(({ role }) => role === "kernel");
  const gradients = await observeGradients(network, batches, { caller: "conformance", parameters: kernels, loss: meanSquaredError, weighting });
  for (const [i, kernel] of kernels.entries()) results[`${names[i]}Update`] = await toEntries(tf.tidy(() => transposed(firstStepUpdate(gradients.get(kernel.path) as tf.Tensor2D, { learningRate }))));
  gradients.dispose();

  const initializer = loraSb({ data: batches, loss: meanSquaredError, weighting, learningRate, r: options.rank as number });
  const plan = await initializer.plan(model);
  for (const adapter of plan.details.adapters) {
    const { down, core, up } = factorsOf(plan, adapter);
    const entries = await allEntries(tf.tidy(() => {
      const [A, Core, B] = [transposed(down), transposed(core!), transposed(up)];
      return { A, Core, B, Delta: tf.mul(tf.matMul(B, tf.matMul(Core, A)), adapter.scale) };
    }));
    for (const [name, value] of Object.entries(entries)) results[`${adapter.layer}${name}`] = value;
  }
  const adapted = initializer.apply(model, plan);
  plan.dispose();
  results.outputAtStart = await toEntries(adapted.predict(data.x) as tf.Tensor);
  results.losses = await train(adapted, adaptersOf(adapted).map(({ core }) => core!), data, options.steps as number, tf.train.adam(options.trainLearningRate as number, 0.9, 0.999, 1e-8));
  const merged = detach(adapted);
  for (const name of names) results[`${name}Merged`] = await toEntries(transposed(parameter(merged, `${name}/kernel`).variable));
  for (const built of [merged, adapted, model]) disposeModel(built);
  tf.dispose([Object.values(data), batches.flatMap(({ xs, ys }) => [xs, ys])]);
  return results;
};
