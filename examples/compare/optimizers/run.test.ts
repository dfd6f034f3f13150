import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { mnist } from "../images.js";
import { trainOnce } from "./run.js";
import { buildVit } from "./vit.js";
import { vitTask } from "./vit-task.js";

describe("the ViT task", () => {
  it("reads the digits as they are", () => {
    const { images, labels } = mnist("test");
    expect([...labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    expect(Math.max(...images.subarray(0, 784))).toBe(255);
  });

  it("is a transformer with the parameters that its parts add up to", () => {
    const model = buildVit({ width: 16, blocks: 2, heads: 4, seed: 1 });
    // patches 7·7·16 + 16, a block: 2 norms of 32, four maps of 272, an MLP 16·64 + 64 + 64·16 + 16; last norm 32, head 16·16·10 + 10
    expect(model.countParams()).toBe(7 * 7 * 16 + 16 + 2 * (64 + 4 * 272 + 16 * 64 + 64 + 64 * 16 + 16) + 32 + 16 * 16 * 10 + 10);
    model.dispose();
  });

  it("learns within a few steps with SGD-SaI, not at rate 0, the same for the same seed, and frees everything", async () => {
    const task = vitTask({ steps: 30, batch: 32, heldOut: 200, width: 16, blocks: 1 });
    const run = (learningRate: number, seed = 1) => expectTensorGrowth(0, () => trainOnce(task, "SGD-SaI", { learningRate, weightDecay: 0 }, seed));
    const [still, trained] = [await run(0), await run(1e-3)];
    expect(still).toBeGreaterThan(70);
    expect(trained!).toBeLessThan(still! - 10);
    expect(await run(1e-3)).toBe(trained);
    expect(tf.memory().numTensors).toBeLessThan(50);
  });
});
