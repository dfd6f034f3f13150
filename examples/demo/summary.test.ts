import { describe, expect, it } from "vitest";
import type { MethodName } from "./protocol.js";
import { claims, firstReaching, spread, summarize } from "./summary.js";
import type { Run } from "./train.js";

/** A run that is evaluated every 10 steps, half a second a step. */
export function run(method: MethodName, losses: readonly number[], { seed = 1, initSeconds = 0, trainableParameters = 100 } = {}): Run {
  return { method, seed, trainableParameters, initSeconds, points: losses.map((heldOutLoss, i) => ({ step: 10 * i, heldOutLoss, seconds: initSeconds + 5 * i })) };
}

const summaryOf = (runs: readonly Run[], method: MethodName) => summarize(runs).find((summary) => summary.method === method)!;

const find = (runs: readonly Run[], start: string) => claims(runs).find(({ text }) => text.startsWith(start))!;

describe("firstReaching", () => {
  it("gives the first evaluation at or below the target, also when the loss rises again", () => {
    const { points } = run("eva", [5, 4.5, 4.2, 4.6]);
    expect(firstReaching(points, 4.5)?.step).toBe(10);
    expect(firstReaching(points, 4.3)?.step).toBe(20);
    expect(firstReaching(points, 5)?.step).toBe(0);
    expect(firstReaching(points, 4.1)).toBeUndefined();
  });
});

describe("spread", () => {
  it("is the mean and the sample standard deviation, which one value has not", () => {
    // (1 + 1 + 4) / 3 = 2; deviations 1, 1, 4 squared sum: 1 + 1 + 4 = 6; 6 / 2 = 3
    expect(spread([1, 1, 4])).toEqual({ mean: 2, sd: Math.sqrt(3) });
    expect(spread([5])).toEqual({ mean: 5, sd: null });
  });
});

describe("summarize", () => {
  it("counts steps, and seconds with initialization, to LoRA default's final loss", () => {
    const runs = [run("kaiming", [5, 4.5, 4.3]), run("eva", [5, 4.3, 4.1], { initSeconds: 2 })];
    expect(summaryOf(runs, "eva")).toMatchObject({ stepsToDefault: 10, secondsToDefault: 7, reached: 1, initSeconds: 2, stepSeconds: 0.5, finalLoss: { mean: 4.1, sd: null } });
    expect(summaryOf(runs, "kaiming")).toMatchObject({ stepsToDefault: 20, secondsToDefault: 10 });
  });

  it("has no steps for a method that never gets there", () => {
    const runs = [run("kaiming", [5, 4.5, 4.3]), run("pissa", [5, 4.6, 4.4])];
    expect(summaryOf(runs, "pissa")).toMatchObject({ stepsToDefault: null, secondsToDefault: null, reached: 0 });
  });

  it("compares each seed with the default's run of that seed, and needs all of them to get there", () => {
    const normal = [run("kaiming", [5, 4.5, 4.3], { seed: 1 }), run("kaiming", [5, 4.2, 4.1], { seed: 2 })];
    const both = summaryOf([...normal, run("eva", [5, 4.3, 4.2], { seed: 1 }), run("eva", [5, 4.2, 4.1], { seed: 2 })], "eva");
    expect(both).toMatchObject({ seeds: 2, stepsToDefault: 15, reached: 2 });
    expect(both.finalLoss.mean).toBeCloseTo(4.15, 12);
    const one = summaryOf([...normal, run("eva", [5, 4.3, 4.2], { seed: 1 }), run("eva", [5, 4.3, 4.2], { seed: 2 })], "eva");
    expect(one).toMatchObject({ stepsToDefault: null, reached: 1 });
  });

  it("keeps the usual order, whatever the order of the runs", () => {
    expect(summarize([run("lora-sb", [1]), run("full", [1]), run("kaiming", [1])]).map(({ method }) => method)).toEqual(["full", "kaiming", "lora-sb"]);
  });

  it("throws without a default run to compare with", () => {
    expect(() => summarize([run("kaiming", [1], { seed: 1 }), run("eva", [1], { seed: 2 })])).toThrow("no LoRA default run for seed 2 to compare eva with");
  });
});

describe("claims", () => {
  it("says when a method wins and when it does not", () => {
    const runs = [run("full", [5, 4.2, 4], { trainableParameters: 1000 }), run("kaiming", [5, 4.5, 4.3]), run("eva", [5, 4.3, 4.1], { initSeconds: 2 }), run("pissa", [5, 4.6, 4.4])];
    expect(find(runs, "EVA ends below LoRA default")).toEqual({ text: "EVA ends below LoRA default", holds: true, because: "−0.2000 nats, one seed" });
    expect(find(runs, "PiSSA ends below LoRA default")).toMatchObject({ holds: false, because: "+0.1000 nats, one seed" });
    expect(find(runs, "EVA gets to")).toMatchObject({ holds: true, because: "7.0 s against 10.0 s" });
    expect(find(runs, "PiSSA gets to")).toMatchObject({ holds: false, because: "it did not get there" });
    expect(find(runs, "the best adapter (EVA)")).toMatchObject({ holds: false, because: "+0.1000 nats with the same seed, 10 times fewer trainable parameters" });
  });

  it("does not call a tie a win, and counts initialization against a method", () => {
    const runs = [run("kaiming", [5, 4.5, 4.3]), run("eva", [5, 4.3, 4.3], { initSeconds: 6 })];
    expect(find(runs, "EVA ends below")).toMatchObject({ holds: false, because: "+0.0000 nats, one seed: about equal" });
    expect(find(runs, "EVA gets to")).toMatchObject({ holds: false, because: "11.0 s against 10.0 s" });
  });

  it("names the saving in parameters, and the seeds that agree", () => {
    const runs = [1, 2].flatMap((seed) => [run("kaiming", [5, 4.3], { seed }), run("lora-sb", [5, seed === 1 ? 4.0 : 4.4], { seed, trainableParameters: 20 })]);
    expect(find(runs, "LoRA-SB ends below LoRA default, with 5.0 times fewer trainable parameters")).toMatchObject({ holds: true, because: "−0.1000 ± 0.2828 nats, lower in 1 of 2 seeds" });
    expect(find(runs, "LoRA-SB gets to")).toMatchObject({ holds: false, because: "it got there in 1 of 2 seeds" });
  });
});
