import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResidualBlock } from "./find-residual-blocks.js";
import { candidateBlocks, maxRemovable, selectBlocks, type SelectBlocksOptions } from "./select-blocks.js";

const block = (id: string, stage: number, removable = true): ResidualBlock => ({ id, stage, removable, layers: [], shortcut: 0, kernels: [], params: 0, macs: 0 });
/** Stages of `sizes` blocks each, as in ResNet: only the first of later stages cannot go. */
const network = (sizes: readonly number[]) => sizes.flatMap((size, stage) => Array.from({ length: size }, (_, i) => block(`${stage}.${i}`, stage, stage === 0 || i > 0)));
const scoresOf = (blocks: readonly ResidualBlock[], values: readonly number[]) => new Map(candidateBlocks(blocks).map(({ id }, i) => [id, values[i % values.length]!]));

describe("selectBlocks", () => {
  it("passes over a block whose stage has none to spare (the example of the specification)", () => {
    const blocks = network([5, 5, 5]);
    const scores = scoresOf(blocks, [-5, -4, -3, -2, -1, 0.5, 1, 2, 3, 4, 5, 6]);
    expect(selectBlocks(blocks, scores, { remove: 4 })).toEqual(["0.1", "0.2", "0.3", "1.1"]);
  });

  it("removes more with p than with p − 1, never others, and keeps every stage deep enough", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }), fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 24, maxLength: 24 }), fc.integer({ min: 1, max: 3 }), (sizes, values, minBlocksPerStage) => {
      const blocks = network(sizes);
      const scores = scoresOf(blocks, values);
      const most = maxRemovable(blocks, { minBlocksPerStage });
      let before: string[] = [];
      for (let remove = 0; remove <= most; remove++) {
        const removed = selectBlocks(blocks, scores, { remove, minBlocksPerStage });
        expect(removed.slice(0, before.length)).toEqual(before);
        expect(removed).toHaveLength(remove);
        before = removed;
      }
      for (const [stage, size] of sizes.entries()) expect(blocks.filter((one) => one.stage === stage && !before.includes(one.id)).length).toBeGreaterThanOrEqual(Math.min(size, minBlocksPerStage));
    }), { seed: 6, numRuns: 60 });
  });

  it("breaks ties by the order of the network, and leaves the first block alone unless told otherwise", () => {
    const blocks = network([4, 4]);
    const ties = new Map(blocks.map(({ id }) => [id, 0]));
    expect(selectBlocks(blocks, ties, { remove: 3 })).toEqual(["0.1", "0.2", "1.1"]);
    expect(selectBlocks(blocks, ties, { remove: 3, excludeFirstBlock: false })).toEqual(["0.0", "0.1", "1.1"]);
  });

  it("takes a share of the candidates, rounded", () => {
    const blocks = network([5, 5]);
    expect(selectBlocks(blocks, scoresOf(blocks, [1]), { remove: { ratio: 0.3 } })).toHaveLength(2); // of 8
  });

  it("removes fewer when that is allowed", () => {
    const blocks = network([3, 3]);
    expect(selectBlocks(blocks, scoresOf(blocks, [1]), { remove: 9, allowFewer: true })).toHaveLength(2);
  });

  it.each<[string, SelectBlocksOptions, RegExp]>([
    ["a negative number", { remove: -1 }, /`remove` must be a whole number of blocks, 0 or more, got -1/],
    ["a fraction", { remove: 1.5 }, /got 1.5. For a share of the candidates give \{ ratio \}/],
    ["a ratio above 1", { remove: { ratio: 1.1 } }, /between 0 and 1; got 1.1/],
    ["NaN", { remove: NaN }, /got NaN/],
    ["more than can go", { remove: 3 }, /3 blocks cannot go: 2 can, of 4 candidates, with at least 2 left in each stage/],
    ["a guard that is no count", { remove: 1, minBlocksPerStage: 0.5 }, /`minBlocksPerStage` must be a whole number/],
  ])("refuses %s", (_, options, message) => {
    const blocks = network([3, 3]);
    expect(() => selectBlocks(blocks, scoresOf(blocks, [1]), options)).toThrow(message);
  });

  it("refuses a score that is missing or no number, naming the block", () => {
    const blocks = network([3, 3]);
    expect(() => selectBlocks(blocks, new Map(), { remove: 1 })).toThrow(/no score for the block "0.1"/);
    expect(() => selectBlocks(blocks, scoresOf(blocks, [1, NaN]), { remove: 1 })).toThrow(/the score of the block "0.2" is NaN/);
  });
});
