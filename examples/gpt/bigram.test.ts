import { describe, expect, it } from "vitest";
import { InterpolatedBigram } from "./bigram.js";

const tokens = Int32Array.from([0, 1, 0, 2, 0, 1, 3, 0, 1]);

describe("InterpolatedBigram", () => {
  it("is a distribution over the vocabulary after every token, also after one never seen", () => {
    const model = new InterpolatedBigram(tokens, 5);
    for (let previous = 0; previous < 5; previous++) {
      let sum = 0;
      for (let next = 0; next < 5; next++) sum += Math.exp(-model.loss(Int32Array.from([previous, next])));
      expect(sum).toBeCloseTo(1, 6);
    }
  });

  it("mixes counted shares", () => {
    const model = new InterpolatedBigram(tokens, 5);
    model.shares = [0.5, 0.3, 0.2];
    // 0 is followed by something four times, by 1 three times; 1 is three of nine tokens.
    expect(Math.exp(-model.loss(Int32Array.from([0, 1])))).toBeCloseTo((0.5 * 3) / 4 + (0.3 * 3) / 9 + 0.2 / 5, 12);
  });

  it("chooses shares that add up to 1 and that no neighbour beats on the text they were chosen on", () => {
    const dev = Int32Array.from([0, 1, 0, 2, 3, 0, 1, 2, 0, 1, 3, 4, 0, 1]);
    const model = new InterpolatedBigram(tokens, 5);
    const chosen = model.fitShares(dev, 500);
    const loss = model.loss(dev);
    expect(chosen[0] + chosen[1] + chosen[2]).toBeCloseTo(1, 10);
    for (const [from, to] of [[0, 1], [0, 2], [1, 2], [1, 0], [2, 0], [2, 1]] as const) {
      const moved: [number, number, number] = [...chosen];
      const shift = Math.min(0.02, chosen[from]);
      moved[from] -= shift;
      moved[to] += shift;
      model.shares = moved;
      expect(model.loss(dev)).toBeGreaterThanOrEqual(loss - 1e-9);
    }
  });
});
