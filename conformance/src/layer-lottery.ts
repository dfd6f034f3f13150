// Runners of the layer-lottery operations.
import * as tf from "@tensorflow/tfjs";
import { hessianVectorProduct } from "@warmstart/gradients";
import { disposeModel, initialize, networkOf, observeGradients, type LabelledBatch, type Loss, type Parameter } from "@warmstart/init-core";
import { candidateBlocks, countMacs, findResidualBlocks, klDivergence, layerLottery, linearCka, maxRemovable, removeBlocks, scoreBlocks, selectBlocks, type LayerLotteryOptions, type ResidualBlock, type ScoreBlocksOptions } from "@warmstart/pruning-at-init";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import type { ReferenceCase } from "./cases.js";
import { buildNetwork } from "./networks.js";
import { allEntries, toEntries, toTensor, type Runner } from "./runner.js";
import type { Value } from "./values.js";

const layersLeft = (model: tf.LayersModel) => model.layers.map(({ name }) => name).filter((name) => name !== "input");

/** The network of a case, freed afterwards. */
async function onNetwork<T>(reference: ReferenceCase, use: (model: tf.LayersModel) => Promise<T>): Promise<T> {
  if (tf.getBackend() === "wasm") registerTrainingKernels(); // gradients of convolutions
  const model = buildNetwork(reference);
  try {
    return await use(model);
  } finally {
    disposeModel(model);
  }
}

const predict = async (model: tf.LayersModel, x: tf.Tensor) => toEntries(model.predict(x) as tf.Tensor);

const blocks: Runner = (reference) =>
  onNetwork(reference, async (model) => {
    const options = reference.options as { excludeFirstBlock: boolean; minBlocksPerStage: number };
    const found = findResidualBlocks(model);
    const candidates = candidateBlocks(found, options);
    return {
      blocks: found.map(({ id }) => id),
      stages: found.map(({ stage }) => stage!),
      removableStructurally: found.map(({ removable }) => Number(removable)),
      candidates: candidates.map(({ id }) => id),
      candidateParams: candidates.map(({ params }) => params),
      candidateMacs: candidates.map(({ macs }) => macs!),
      candidateLayers: candidates.map(({ layers }) => layers.join()),
      maxRemovable: maxRemovable(found, options),
      params: model.countParams(),
      macs: countMacs(model).total,
    };
  });

/** The blocks of a network that the case describes by its stages alone. */
const select: Runner = async ({ options, inputs }) => {
  const stageOf = options.stageOfCandidate as number[];
  const perStage = options.blocksPerStage as number[];
  const block = (id: string, stage: number, removable: boolean): ResidualBlock => ({ id, stage, removable, layers: [], shortcut: 0, kernels: [], params: 0, macs: 0 });
  const all = perStage.flatMap((count, i) => {
    const candidates = stageOf.flatMap((stage, candidate) => (stage === i + 1 ? [block(String(candidate), i, true)] : []));
    return [...Array.from({ length: count - candidates.length }, (_, j) => block(`transition ${i} ${j}`, i, false)), ...candidates];
  });
  const scores = new Map(stageOf.map((_, candidate) => [String(candidate), inputs.scores!.data[candidate] as number]));
  const removed = selectBlocks(all, scores, { remove: options.remove as number, minBlocksPerStage: options.minBlocksPerStage as number, allowFewer: options.allowFewer === true, excludeFirstBlock: false });
  return { removed: removed.map(Number), keptPerStage: perStage.map((_, i) => all.filter(({ id, stage }) => stage === i && !removed.includes(id)).length) };
};

const remove: Runner = (reference) =>
  onNetwork(reference, async (model) => {
    const smaller = removeBlocks(model, reference.options.remove as string[]);
    const x = toTensor(reference.inputs.x);
    try {
      return {
        logitsFull: await predict(model, x),
        logits: await predict(smaller, x),
        params: [model.countParams(), smaller.countParams()],
        macs: [countMacs(model).total, countMacs(smaller).total],
        layersLeft: layersLeft(smaller),
      };
    } finally {
      x.dispose();
      disposeModel(smaller);
    }
  });

const cka: Runner = async ({ inputs }) => {
  const [x, y] = [toTensor<tf.Rank.R2>(inputs.x), toTensor<tf.Rank.R2>(inputs.y)];
  const similarity = await linearCka(x, y);
  tf.dispose([x, y]);
  return { cka: similarity, score: 1 - similarity };
};

const kl: Runner = async ({ inputs }) => {
  const [intact, ablated] = [toTensor(inputs.logitsIntact), toTensor(inputs.logitsAblated)];
  const value = await klDivergence(intact, ablated);
  tf.dispose([intact, ablated]);
  return { kl: value };
};

/** Inputs and labels of a case; they live while `use` runs. */
async function withData<T>({ inputs }: ReferenceCase, use: (batch: LabelledBatch) => Promise<T>): Promise<T> {
  const [xs, ys] = [toTensor(inputs.x), inputs.labels === undefined ? tf.zeros([1, 1]) : toTensor(inputs.labels)];
  try {
    return await use({ xs, ys });
  } finally {
    tf.dispose([xs, ys]);
  }
}

const halfSquare: Loss = (_, outputs) => tf.div(tf.sum(tf.square(outputs)), 2) as tf.Scalar;

/** Scores in the order of the candidates, divided by the sum of their absolute values, and the logarithm of that sum. */
function normalized(name: string, scores: ReadonlyMap<string, number>): Record<string, Value> {
  const values = [...scores.values()];
  const norm = values.reduce((sum, value) => sum + Math.abs(value), 0);
  return { [name]: values.map((value) => value / norm), [`${name}Log10Norm`]: Math.log10(norm) };
}

interface Lottery {
  readonly bnMode?: "train" | "eval";
  readonly excludeFirstBlock?: boolean;
  readonly minBlocksPerStage?: number;
}

const scores: Runner = (reference) =>
  onNetwork(reference, (model) =>
    withData(reference, async (batch) => {
      if (reference.options.loss === "halfSquare") return closedForm(model, batch, reference);
      const { bnMode, temperatureSnip, temperatureGrasp, remove, excludeFirstBlock, minBlocksPerStage } = reference.options as unknown as Lottery & { temperatureSnip: number; temperatureGrasp: number; remove: number };
      const found = findResidualBlocks(model);
      const guard = { excludeFirstBlock, minBlocksPerStage };
      const score = (options: ScoreBlocksOptions) => scoreBlocks(model, { blocks: candidateBlocks(found, guard), data: [batch], bnMode, ...options });
      const snip = { criterion: "snip", temperature: temperatureSnip } as const;
      const grasp = { criterion: "grasp", temperature: temperatureGrasp, hvp: "exact" } as const;
      const [snipSum, graspSum] = [await score(snip), await score(grasp)];
      return {
        ...normalized("snipSum", snipSum),
        ...normalized("snipMean", await score({ ...snip, aggregate: "mean" })),
        ...normalized("graspSum", graspSum),
        ...normalized("graspMean", await score({ ...grasp, aggregate: "mean" })),
        ...normalized("graspNormShortcut", await score({ ...grasp, hvp: "normShortcut" })),
        ...normalized("gate", await score({ criterion: "gate" })),
        removedSnip: selectBlocks(found, snipSum, { ...guard, remove }),
        removedGrasp: selectBlocks(found, graspSum, { ...guard, remove }),
        candidates: candidateBlocks(found, guard).map(({ id }) => id),
      };
    }),
  );

async function closedForm(model: tf.LayersModel, batch: LabelledBatch, { options }: ReferenceCase): Promise<Record<string, Value>> {
  const exclude = options.exclude as string[];
  const taken = ({ layer }: Parameter) => !exclude.includes(layer);
  const all = { excludeFirstBlock: false, minBlocksPerStage: 1, remove: options.remove as number };
  const found = findResidualBlocks(model);
  const score = (criterion: "snip" | "grasp") => scoreBlocks(model, { criterion, include: taken, temperature: 1, data: [batch], loss: halfSquare, hvp: "exact", blocks: candidateBlocks(found, all) });
  const [snipSum, graspSum] = [await score("snip"), await score("grasp")];
  const network = networkOf(model);
  const parameters = network.parameters.filter(taken);
  const sums = await observeGradients(network, [batch], { caller: "closedForm", parameters, loss: halfSquare });
  const gradients = parameters.map(({ path }) => sums.get(path)!);
  const products = hessianVectorProduct(() => halfSquare(batch.ys as tf.Tensor, network.forward(batch.xs) as tf.Tensor), parameters.map(({ variable }) => variable), gradients);
  const byLayer = (prefix: string, tensors: readonly tf.Tensor[]) => Object.fromEntries(parameters.map(({ layer }, i) => [`${prefix}/${layer}`, tensors[i]!.clone()]));
  const tensors = { ...byLayer("gradient", gradients), ...byLayer("hessianGradient", products) };
  sums.dispose();
  tf.dispose(products);
  const output = await predict(model, batch.xs as tf.Tensor);
  return {
    ...(await allEntries(tensors)),
    snipSum: [...snipSum.values()],
    graspSum: [...graspSum.values()],
    output: output.data[0] as number,
    removedSnip: selectBlocks(found, snipSum, all),
    removedGrasp: selectBlocks(found, graspSum, all),
  };
}

const run: Runner = (reference) =>
  onNetwork(reference, (model) =>
    withData(reference, async (batch) => {
      const { criterion, aggregate, temperature, bnMode, remove: count, iterative, excludeFirstBlock, minBlocksPerStage } = reference.options as unknown as Lottery & Required<Pick<LayerLotteryOptions, "criterion" | "aggregate" | "temperature" | "iterative">> & { remove: number };
      const method = layerLottery({ criterion, aggregate, temperature, bnMode, remove: count, iterative, excludeFirstBlock, minBlocksPerStage, hvp: "exact", data: [batch] });
      const { result: smaller, details } = await initialize(model, method);
      try {
        const logits = await predict(smaller, batch.xs as tf.Tensor);
        const loss = tf.tidy(() => {
          const trained = networkOf(smaller).forward(batch.xs, { training: bnMode === "train" }) as tf.Tensor; // moves the statistics: after predict
          return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.cast(batch.ys as tf.Tensor1D, "int32"), trained.shape[1]!), trained);
        });
        const lossAfter = (await toEntries(loss)).data[0] as number;
        return {
          ...Object.assign({}, ...details.rounds.map((round, i) => ({ [`scores${i}`]: normalized("scores", new Map(Object.entries(round.scores))).scores }))),
          removed: details.removed,
          params: [details.params.before, details.params.after],
          macs: [details.macs.before!, details.macs.after!],
          logits,
          lossAfter,
          layersLeft: layersLeft(smaller).filter((name) => networkOf(smaller).sites.some(({ layer }) => layer === name)),
        };
      } finally {
        disposeModel(smaller);
      }
    }),
  );

export const layerLotteryRunners = {
  "layer-lottery/blocks": blocks,
  "layer-lottery/cka": cka,
  "layer-lottery/kl": kl,
  "layer-lottery/remove": remove,
  "layer-lottery/run": run,
  "layer-lottery/scores": scores,
  "layer-lottery/select": select,
} satisfies Record<string, Runner>;
