// The layer lottery: A. Jordao, G. Corrêa de Araújo, H. de Almeida Maia, H. Pedrini, When Layers Play the Lottery, all Tickets Win at Initialization, arXiv:2301.10835.
// The repository that the paper names holds no code. What is ours: the sum over a block's weights, which blocks count as removable, `iterative`.
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { createPlan, createReport, disposeModel, expectPlan, networkOf, WarmstartError, type Cell, type Initializer, type InitOptions, type Plan, type PlanTarget } from "@warmstart/init-core";
import { countMacs } from "../cost/count-macs.js";
import { findResidualBlocks, type FindResidualBlocksOptions, type ResidualBlock } from "./find-residual-blocks.js";
import { freshWeights } from "./reinitialize.js";
import { offeredBlocks, removeBlocks, withoutBlocks } from "./remove-blocks.js";
import { checkOptions, nameOf, scoreBlocks, type BlockScoreOptions } from "./score-blocks.js";
import { candidateBlocks, countToRemove, selectBlocks, type SelectBlocksOptions } from "./select-blocks.js";

export interface LayerLotteryOptions extends BlockScoreOptions, SelectBlocksOptions, FindResidualBlocksOptions {
  /** Removes one block at a time and scores the rest anew in the smaller network. Ours; the paper removes all at once. Default false. */
  readonly iterative?: boolean;
  /** Weights of the layers that stay: the model's own, or drawn anew by each layer's initializer from the seed given to `initialize`. Default "keep". */
  readonly weights?: "keep" | "reinit";
}

/** JSON. */
export interface LayerLotteryDetails {
  /** Every Add, with why it must stay where it must. */
  readonly blocks: readonly ResidualBlock[];
  /** Ids of those that were scored. */
  readonly candidates: readonly string[];
  /** By id; of a block that went in an earlier round, its score then. */
  readonly scores: Readonly<Record<string, number>>;
  /** What was scored and what went, once, or block by block where `iterative`. */
  readonly rounds: readonly { readonly scores: Readonly<Record<string, number>>; readonly removed: readonly string[] }[];
  /** Ids in the order in which they went. */
  readonly removed: readonly string[];
  readonly params: { readonly before: number; readonly after: number };
  /** Multiply-adds for one sample; null as in `ResidualBlock`. */
  readonly macs: { readonly before: number | null; readonly after: number | null };
  readonly weights: "keep" | "reinit";
}

const caller = "layerLottery";

/**
 * Removes whole residual blocks before training: scores them on a batch, takes out the least important, and gives the shallower
 * model with the weights that the layers that stay had. Unlike masks this saves time on every backend.
 *
 * `plan` with `remove: 0` is a dry run: what could go, what each is worth, and what it would save. The model is left alone; the
 * result is new and uncompiled, and shares buffers with it until one of the two trains.
 *
 * @throws {WarmstartError} NO_MATCH for a model without a removable block, with the reason for every Add; INVALID_OPTION for more blocks
 *   than can go without `allowFewer`, and for options; what `scoreBlocks` throws.
 *
 * @example
 * const { result: ticket, report } = await initialize(model, layerLottery({ remove: 3, data: [{ xs, ys }] }), { seed: 1 });
 */
export function layerLottery(options: LayerLotteryOptions): Initializer<LayersModel, Plan<LayerLotteryDetails>, LayersModel> {
  checkOptions(options);
  const { weights = "keep" } = options;
  if (!["keep", "reinit"].includes(weights)) throw new WarmstartError("INVALID_OPTION", `${caller}: \`weights\` must be "keep" or "reinit", got ${String(weights)}.`, { weights });
  return { name: "layer-lottery", plan: (target, init) => planLottery(target, options, init), apply: applyLottery };
}

async function planLottery(model: LayersModel, options: LayerLotteryOptions, init: InitOptions = {}): Promise<Plan<LayerLotteryDetails>> {
  const blocks = findResidualBlocks(model, options);
  requireRemovable(model, blocks);
  const count = countToRemove(blocks, options);
  const rounds = await playRounds(model, blocks, count, options, init);
  const removed = rounds.flatMap((round) => round.removed);
  const { parameters } = networkOf(model);
  const gone = new Set(blocks.filter(({ id }) => removed.includes(id)).flatMap(({ layers }) => layers));
  const inGone = (layer: string) => [...gone].some((path) => layer === path || layer.startsWith(`${path}/`));
  const { weights = "keep" } = options;
  const tensors: Record<string, Tensor> = weights === "reinit" ? freshWeights(model, init.seed ?? 0) : {};
  for (const [path, tensor] of Object.entries(tensors)) {
    if (!inGone(path.slice(0, path.lastIndexOf("/")))) continue;
    tensor.dispose();
    delete tensors[path];
  }
  const saved = blocks.filter(({ id }) => removed.includes(id));
  const total = (sizes: readonly number[]) => sizes.reduce((a, b) => a + b, 0);
  const params = total(parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1)));
  const open = blocks.some(({ macs }) => macs === null);
  const macs = open ? null : countMacs(model, options).total;
  const details: LayerLotteryDetails = {
    blocks,
    candidates: candidateBlocks(blocks, options).map(({ id }) => id),
    scores: Object.assign({}, ...rounds.map(({ scores }) => scores)) as Record<string, number>,
    rounds,
    removed,
    params: { before: params, after: params - total(saved.map((block) => block.params)) },
    macs: { before: macs, after: macs === null ? null : macs - total(saved.map((block) => block.macs!)) },
    weights,
  };
  const targets = parameters.flatMap(({ path, layer, shape }, position): PlanTarget[] => (inGone(layer) || path in tensors ? [{ path, shape, position }] : []));
  return createPlan({ method: "layer-lottery", details, targets, tensors, report: reportOf(details, options, init) });
}

function requireRemovable(model: LayersModel, blocks: readonly ResidualBlock[]): void {
  if (blocks.some(({ removable }) => removable)) return;
  const why = blocks.length === 0 ? "it has no Add layer" : blocks.map(({ id, reason }) => `"${id}": ${reason}`).join("; ");
  throw new WarmstartError("NO_MATCH", `${caller}: the model "${model.name}" has no residual block with an identity skip (${why}). Blocks can be taken out of residual networks alone; for others crop channels.`, { reasons: blocks.map(({ id, reason }) => ({ id, reason })) });
}

/** One round, or one a block. The blocks keep the stages that they have in the whole model. */
async function playRounds(model: LayersModel, blocks: readonly ResidualBlock[], count: number, options: LayerLotteryOptions, init: InitOptions): Promise<LayerLotteryDetails["rounds"]> {
  const rounds: { scores: Record<string, number>; removed: string[] }[] = [];
  const excluded = new Set(blocks.map(({ id }) => id));
  for (const { id } of candidateBlocks(blocks, options)) excluded.delete(id);
  let left = blocks;
  for (let round = 0; round < (options.iterative ? Math.max(1, count) : 1); round++) {
    const gone = rounds.flatMap(({ removed }) => removed);
    const smaller = gone.length === 0 ? model : removeBlocks(model, gone);
    try {
      const candidates = left.filter(({ id }) => !excluded.has(id));
      const scores = await scoreBlocks(smaller, { ...options, ...init, blocks: candidates });
      const remove = options.iterative ? Math.min(1, count) : count;
      rounds.push({ scores: Object.fromEntries(scores), removed: selectBlocks(left, scores, { ...options, remove }) });
    } finally {
      if (smaller !== model) disposeModel(smaller);
    }
    left = left.filter(({ id }) => !rounds.at(-1)!.removed.includes(id));
  }
  return rounds;
}

function reportOf({ blocks, candidates, scores, removed, params, macs, weights }: LayerLotteryDetails, { criterion = "grasp", minBlocksPerStage = 2, iterative = false }: LayerLotteryOptions, { seed = 0 }: InitOptions) {
  const fate = (block: ResidualBlock): string => {
    if (removed.includes(block.id)) return "removed";
    if (!block.removable) return `stays: ${block.reason}`;
    return candidates.includes(block.id) ? "stays" : "stays: the first block";
  };
  const values = candidates.map((id) => scores[id]!);
  const still = candidates.filter((id) => scores[id] === 0);
  return createReport({
    title: "Layer lottery",
    facts: { criterion: nameOf(criterion).replaceAll('"', ""), removed: removed.length, candidates: candidates.length, "at least per stage": minBlocksPerStage, iterative, weights, seed, "parameters before": params.before, "parameters after": params.after, "multiply-adds before": macs.before, "multiply-adds after": macs.after },
    tables: [{ title: "Residual blocks", columns: ["block", "stage", "score", "parameters", "multiply-adds", "fate"], rows: blocks.map((block): Cell[] => [block.id, block.stage, scores[block.id] ?? null, block.params, block.macs, fate(block)]) }],
    plots: [{ kind: "bar", title: "Score of each candidate (the lowest go)", xLabel: "block", yLabel: "score", series: [{ name: "score", x: candidates, y: values }] }],
    notes: [
      ...(values.length > 1 && values.every((value) => value === values[0]) ? ["All scores are equal: the first blocks of the network went."] : still.length > 0 ? [`The score of ${still.join(", ")} is 0: no gradient reaches the kernels (a last normalization that starts at zero does that), so that it says nothing.`] : []),
      ...(criterion === "random" || removed.length === 0 ? [] : ["Removing blocks at random is a strong baseline in the paper; compare with `criterion: \"random\"`."]),
    ],
  });
}

function applyLottery(model: LayersModel, plan: Plan): LayersModel {
  const { details, targets, tensors } = expectPlan<LayerLotteryDetails>(plan, "layer-lottery", caller);
  const shapes = new Map(networkOf(model).parameters.map(({ path, shape }) => [path, shape.join()]));
  const other = targets.find(({ path, shape }) => shapes.get(path) !== shape.join());
  if (other !== undefined) throw new WarmstartError("PLAN_MISMATCH", `${caller}: the plan was made for a model with "${other.path}" of shape [${other.shape}]; this one has ${shapes.has(other.path) ? `[${shapes.get(other.path)}]` : "no such parameter"}. Apply it to that model.`, { path: other.path });
  const offered = offeredBlocks(model);
  const ids = details.removed.map((id) => {
    const { kernels } = details.blocks.find((block) => block.id === id)!;
    // By the kernels, which loadPlan has matched to this model: an Add has no weights, and its automatic name counts up.
    const block = offered.find((candidate) => candidate.removable && (kernels.length > 0 ? candidate.kernels.join() === kernels.join() : candidate.id === id));
    if (block === undefined) throw new WarmstartError("PLAN_MISMATCH", `${caller}: the model has no removable block "${id}", which the plan removes. Apply it to the model it was made for.`, { id });
    return block.id;
  });
  return withoutBlocks(model, ids, tensors);
}
