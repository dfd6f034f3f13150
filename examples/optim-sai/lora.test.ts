import "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { expect, it } from "vitest";
import { tinyMaterial, tinyProtocol } from "../demo/tiny-material.js";
import { trainByRule } from "./lora.js";

it("trains A by our rule, leaves it bit by bit as it was by the published one, and frees everything", async () => {
  const run = (rule: "sqrt-numel" | "official") => expectTensorGrowth(0, () => trainByRule(rule, tinyMaterial(), { ...tinyProtocol, steps: 20 }, 0.5));
  const [ours, official] = [await run("sqrt-numel"), await run("official")];
  expect(official.movedA).toBe(0);
  expect(ours.movedA).toBeGreaterThan(1e-4);
  for (const { before, after, movedB } of [ours, official]) {
    expect(after).toBeLessThan(before);
    expect(movedB).toBeGreaterThan(0);
  }
});
