// One call of useBackend, then model.fit: convolutions, depthwise ones, embeddings and recurrent layers train on WebAssembly.
import "@tensorflow/tfjs";
import { fileURLToPath } from "node:url";
import { expectClose, requireBackend, whenChromium } from "@warmstart/test-kit";
import { evaluateInPage, wasmPath } from "@warmstart/test-kit/page";
import { beforeAll, describe, expect, it } from "vitest";
import { fitModels, type Fits } from "./fit-models.js";

function expectTrained({ backend, trainingKernels, losses }: Fits): void {
  expect({ backend, trainingKernels, models: Object.keys(losses).length }).toEqual({ backend: "wasm", trainingKernels: true, models: 3 });
  for (const [title, of] of Object.entries(losses)) expect(of.at(-1), title).toBeLessThan(of[0]! * 0.995);
}

describe("model.fit after useBackend", () => {
  beforeAll(() => requireBackend("cpu")); // not the one that is wanted: useBackend leaves that as it finds it

  it("trains every kind of model in Node", async () => expectTrained(await fitModels()));

  whenChromium("model.fit after useBackend", () =>
    it("trains them in a page, with the same losses", async () => {
      const page = (await evaluateInPage(fileURLToPath(new URL("./fit-models.browser.ts", import.meta.url)), `fitModels(${JSON.stringify(wasmPath)})`)) as Fits;
      expectTrained(page);
      const here = await fitModels();
      for (const [title, of] of Object.entries(page.losses)) expectClose(of, here.losses[title]!, 0, 1e-4);
    }, 240_000),
  );
});
