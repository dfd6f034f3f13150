// Runners of the LoRA operations on tensors. PEFT's layout is [out, in]: A = downᵀ, B = upᵀ, core and base transposed likewise.
import * as tf from "@tensorflow/tfjs";
import { GradientSums } from "@warmstart/init-core";
import { evaFactors, explainedVariance, firstStepUpdate, gaussianLaw, kaimingLaw, loraSbFactors, loraScale, orthogonalFactors, pissaFactors, redistributeRanks, rowMask } from "@warmstart/lora-init";
import type { ReferenceCase } from "./cases.js";
import { evaModel, loraSbModel, loraSbTrain } from "./lora-models.js";
import { allEntries, toEntries, toTensor, type Runner } from "./runner.js";
import type { Entries } from "./values.js";

const transposed = (tensor: tf.Tensor): tf.Tensor2D => tf.transpose(tensor) as tf.Tensor2D;

/** The matrices of a batch axis, one tensor each. */
function slices(input: Entries | undefined): tf.Tensor2D[] {
  const stacked = toTensor<tf.Rank.R3>(input);
  const list = tf.unstack(stacked) as tf.Tensor2D[];
  stacked.dispose();
  return list;
}

function scaleOf({ options }: ReferenceCase, r = options.rank as number, loraAlpha = options.alpha as number): number {
  return loraScale({ r, loraAlpha, useRslora: options.rankStabilized === true });
}

const kaiming: Runner = async ({ options }) => {
  const laws = (options.inFeatures as number[]).map(kaimingLaw);
  return { bounds: laws.map(({ bound }) => bound), deviations: laws.map(({ deviation }) => deviation) };
};

const gaussian: Runner = async ({ options }) => ({ deviations: (options.ranks as number[]).map((r) => gaussianLaw(r).deviation) });

const rslora: Runner = async (reference) => ({ scales: (reference.options.ranks as number[]).map((r, i) => scaleOf(reference, r, (reference.options.alphas as number[])[i])) });

/** A, B and scale·B·A, in PEFT's layout, formed from the factors that are returned. */
function peftFactors({ down, up }: { readonly down: tf.Tensor; readonly up: tf.Tensor }, scale: number) {
  return tf.tidy(() => ({ A: transposed(down), B: transposed(up), product: tf.mul(tf.matMul(transposed(up), transposed(down)), scale) }));
}

const orthogonal: Runner = async (reference) => {
  const { inputs } = reference;
  const draws = { normalQ: toTensor<tf.Rank.R2>(inputs.normalQ), normalDown: toTensor<tf.Rank.R2>(inputs.normalA), normalUp: toTensor<tf.Rank.R2>(inputs.normalB) };
  const factors = await orthogonalFactors(draws);
  const scale = scaleOf(reference);
  const results = await allEntries(peftFactors(factors, scale));
  tf.dispose([Object.values(draws), factors.down, factors.up]);
  return { ...results, scale };
};

const pissa: Runner = async (reference) => {
  const { options, inputs } = reference;
  const weight = toTensor<tf.Rank.R2>(inputs.weight);
  const stored = options.fanInFanOut === true ? tf.clone : transposed; // [in, out] already, or PEFT's [out, in]
  const kernel = stored(weight) as tf.Tensor2D;
  const scale = scaleOf(reference);
  const { down, up, base } = await pissaFactors(kernel, { r: options.rank as number, scale, iterations: (options.iterations as number | undefined) ?? "exact" });
  const { A, B, product } = peftFactors({ down, up }, scale);
  const results = await allEntries({ A, B, base: stored(base), product: options.fanInFanOut === true ? transposed(product) : tf.clone(product) });
  tf.dispose([weight, kernel, down, up, base, product]);
  return { ...results, scale };
};

const eva: Runner = async ({ options, inputs }) => {
  const batches = slices(inputs.batches);
  const { components, mean, cosines, ...figures } = await explainedVariance(batches, {
    components: options.components as number,
    algorithm: options.algorithm === "incremental" ? "incremental" : "auto",
    center: options.center !== false,
  });
  const { down, up } = evaFactors(components, figures.singularValues, { r: options.rank as number, out: 1, whiten: options.whiten === true, scaleBySingularValues: options.scaleBySingularValues === true });
  const { singularValues, explainedVariance: variances, explainedVarianceRatio: ratios, totalVariance } = figures;
  const vectors = { singularValues, explainedVariance: variances, explainedVarianceRatio: ratios };
  const results = { ...(await allEntries({ A: transposed(down), components, mean })), totalVariance, cosines: { shape: [cosines.length, options.components as number], data: cosines.flat() } };
  tf.dispose([...batches, down, up]);
  return { ...results, ...Object.fromEntries(Object.entries(vectors).map(([name, values]) => [name, Array.from(values)])) };
};

const evaRows: Runner = async ({ options, inputs }) => {
  const masks = { attentionMask: toTensor(inputs.attentionMask), ...(inputs.labels ? { labels: toTensor(inputs.labels) } : {}) };
  const kept = rowMask({ ...masks, useLabelMask: options.useLabelMask === true, labelMaskValue: options.labelMaskValue as number })!;
  const condition = tf.cast(kept, "bool");
  const rows = await tf.whereAsync(condition);
  tf.dispose([Object.values(masks), kept, condition]);
  return { rows: await toEntries(rows) };
};

const evaRanks: Runner = async ({ options, inputs }) => {
  const layers = options.layers as string[];
  const ratios = Object.fromEntries(layers.map((layer) => [layer, inputs[layer]!.data as number[]]));
  const rank = options.rank as number | number[];
  const found = redistributeRanks(ratios, {
    r: Array.isArray(rank) ? Object.fromEntries(layers.map((layer, i) => [layer, rank[i]!])) : rank,
    rho: options.rho as number,
    loraAlpha: options.alpha as number,
    useRslora: options.rankStabilized === true,
    adjustScale: options.adjustScale !== false,
    minRank: (options.minRank as number | undefined) ?? 0,
  });
  const inOrder = (values: Readonly<Record<string, number>>) => layers.map((layer) => values[layer]!);
  return { ranks: inOrder(found.ranks), alphas: inOrder(found.alphas), scales: inOrder(found.scales), caps: inOrder(found.caps), budget: found.budget };
};

const loraSb: Runner = async ({ options, inputs }) => {
  const scale = (options.scale as number | undefined) ?? 1;
  const gradient = toTensor(inputs.gradient);
  const kernelGradient = transposed(gradient);
  const step = { learningRate: options.learningRate as number, rule: options.rule as "adam" | "sgd", samples: (options.samples as number | undefined) ?? 1 };
  const update = firstStepUpdate(kernelGradient, step);
  const { down, core, up, singularValues, capturedEnergy } = await loraSbFactors(kernelGradient, options.rank as number, { ...step, scale });
  const results = await allEntries(tf.tidy(() => ({ ...peftFactors({ down: tf.matMul(down, core), up }, scale), A: transposed(down), core: transposed(core), update: transposed(update) })));
  tf.dispose([gradient, kernelGradient, update, down, core, up]);
  return { ...results, singularValues: Array.from(singularValues), capturedEnergy };
};

const loraSbGradient: Runner = async ({ options, inputs }) => {
  const gradients = slices(inputs.batchGradients);
  const sums = new GradientSums(options.weighting as "sum" | "official");
  for (const [i, gradient] of gradients.entries()) await sums.add({ kernel: gradient }, (options.batchSizes as number[])[i]!);
  const results = await allEntries({ accumulated: tf.clone(sums.get("kernel")!), sign: tf.sign(sums.get("kernel")!) });
  sums.dispose();
  tf.dispose(gradients);
  return results;
};

export const loraRunners: Readonly<Record<string, Runner>> = {
  "lora/eva": eva,
  "lora/eva-model": evaModel,
  "lora/eva-ranks": evaRanks,
  "lora/eva-rows": evaRows,
  "lora/gaussian": gaussian,
  "lora/kaiming": kaiming,
  "lora/lora-sb": loraSb,
  "lora/lora-sb-gradient": loraSbGradient,
  "lora/lora-sb-model": loraSbModel,
  "lora/lora-sb-train": loraSbTrain,
  "lora/orthogonal": orthogonal,
  "lora/pissa": pissa,
  "lora/rslora": rslora,
};
