// Which blocks go: the lowest scores first, as long as their stage stays deep enough.
import { WarmstartError } from "@warmstart/init-core";
import type { ResidualBlock } from "./find-residual-blocks.js";

export interface CandidateOptions {
  /** Never offer the first residual block. Default true, as in the authors' code for trained networks. */
  readonly excludeFirstBlock?: boolean;
  /** Adds that a stage keeps at least, one with a projection included. Default 2, likewise. */
  readonly minBlocksPerStage?: number;
}

export interface SelectBlocksOptions extends CandidateOptions {
  /** How many blocks go (the paper's p), or which share of the candidates, rounded. */
  readonly remove: number | { readonly ratio: number };
  /** Remove as many as the stages allow, instead of throwing, when `remove` is more. Default false. */
  readonly allowFewer?: boolean;
}

/** The blocks that may be scored and removed, in the order of the network. */
export function candidateBlocks(blocks: readonly ResidualBlock[], { excludeFirstBlock = true }: CandidateOptions = {}): ResidualBlock[] {
  const first = blocks.find(({ stage }) => stage !== null);
  return blocks.filter((block) => block.removable && !(excludeFirstBlock && block === first));
}

/** How many blocks can go at most: of each stage its candidates, but for `minBlocksPerStage` that stay. */
export function maxRemovable(blocks: readonly ResidualBlock[], options: CandidateOptions = {}): number {
  const candidates = candidateBlocks(blocks, options);
  const stages = new Set(candidates.map(({ stage }) => stage));
  return [...stages].reduce((sum: number, stage) => sum + Math.min(candidates.filter((block) => block.stage === stage).length, spare(blocks, stage, options)), 0);
}

/** How many of a stage's blocks the guard lets go. */
function spare(blocks: readonly ResidualBlock[], stage: number | null, { minBlocksPerStage = 2 }: CandidateOptions): number {
  return Math.max(0, blocks.filter((block) => block.stage === stage).length - minBlocksPerStage);
}

/**
 * The ids of the blocks that go, worst first. Lowest score first, equal scores in the order of the network; a candidate whose
 * stage has no block to spare is passed over. Pure.
 *
 * @param blocks All blocks of the model, as `findResidualBlocks` gives them: those that stay count for the guard.
 * @param scores By id, of every candidate; higher is better.
 * @throws {WarmstartError} INVALID_OPTION for a `remove` that is no count, or more than can go without `allowFewer`, or a score
 *   that is missing; NOT_FINITE for a score that is no finite number.
 *
 * @example
 * const ids = selectBlocks(blocks, scores, { remove: 3 });
 */
export function selectBlocks(blocks: readonly ResidualBlock[], scores: ReadonlyMap<string, number>, options: SelectBlocksOptions): string[] {
  const candidates = candidateBlocks(blocks, options);
  const count = countToRemove(blocks, options);
  for (const { id } of candidates) {
    const score = scores.get(id);
    if (score === undefined) throw new WarmstartError("INVALID_OPTION", `selectBlocks: there is no score for the block "${id}". Score every candidate.`, { id });
    if (!Number.isFinite(score)) throw new WarmstartError("NOT_FINITE", `selectBlocks: the score of the block "${id}" is ${score}. Score on smaller inputs, with batch statistics (\`bnMode: "train"\`), or by another criterion.`, { id, score });
  }
  const left = new Map(candidates.map(({ stage }) => [stage, spare(blocks, stage, options)]));
  const removed: string[] = [];
  for (const { id, stage } of candidates.toSorted((a, b) => scores.get(a.id)! - scores.get(b.id)!)) {
    if (removed.length === count) break;
    if (left.get(stage) === 0) continue;
    left.set(stage, left.get(stage)! - 1);
    removed.push(id);
  }
  return removed;
}

/** How many blocks `remove` means; throws as `selectBlocks` does. */
export function countToRemove(blocks: readonly ResidualBlock[], options: SelectBlocksOptions): number {
  const { remove, allowFewer = false, minBlocksPerStage = 2 } = options;
  const invalid = (message: string) => new WarmstartError("INVALID_OPTION", `layerLottery: ${message}`, { remove, minBlocksPerStage });
  if (!Number.isInteger(minBlocksPerStage) || minBlocksPerStage < 0) throw invalid(`\`minBlocksPerStage\` must be a whole number, 0 or more, got ${minBlocksPerStage}.`);
  if (typeof remove === "object" && !(remove.ratio >= 0 && remove.ratio <= 1)) throw invalid(`\`remove.ratio\` is a share of the candidates, between 0 and 1; got ${remove.ratio}.`);
  const count = typeof remove === "number" ? remove : Math.round(remove.ratio * candidateBlocks(blocks, options).length);
  if (!Number.isInteger(count) || count < 0) throw invalid(`\`remove\` must be a whole number of blocks, 0 or more, got ${count}. For a share of the candidates give { ratio }.`);
  const most = maxRemovable(blocks, options);
  if (count > most && !allowFewer) throw invalid(`${count} blocks cannot go: ${most} can, of ${candidateBlocks(blocks, options).length} candidates, with at least ${minBlocksPerStage} left in each stage. Lower \`remove\` or \`minBlocksPerStage\`, or set \`allowFewer\`.`);
  return Math.min(count, most);
}
