// In a page: a saved classifier of sequences is loaded, runs, streams, trains, and is saved for Node again.
import * as tf from "@tensorflow/tfjs";
import { fileURLToPath } from "node:url";
import { randomGenerator } from "@warmstart/init-core";
import { s4dClassifier } from "@warmstart/ssm-s4d";
import { expectClose, requireBackend, whenChromium } from "@warmstart/test-kit";
import { evaluateInPage } from "@warmstart/test-kit/page";
import { beforeAll, describe, expect, it } from "vitest";
import type { Outcome } from "./s4d-saved-model.browser.js";
import { filesOf, load } from "./saved-files.js";

describe("a saved S4D model", () => {
  beforeAll(() => requireBackend("cpu"));

  whenChromium("a saved S4D model", () =>
    it("answers in a page as in Node, whole and step by step, trains there, and comes back", async () => {
      const model = s4dClassifier({ inputShape: [null, 1], classes: 2, features: 8, layers: 2, dState: 8, init: "legs", dropout: 0.1, dtMin: 0.01, seed: 3 });
      const { normal } = randomGenerator(1);
      const sequence = Array.from({ length: 60 }, normal);
      const x = tf.tensor3d(sequence, [1, 60, 1]);
      const answer = async (of: tf.LayersModel) => {
        const y = of.predict(x) as tf.Tensor;
        const values = await y.data();
        y.dispose();
        return values;
      };
      const page = fileURLToPath(new URL("./s4d-saved-model.browser.ts", import.meta.url));
      const { backend, predicted, streamed, losses, trained } = (await evaluateInPage(page, `runSavedModel(${JSON.stringify(await filesOf(model))}, ${JSON.stringify(sequence)})`)) as Outcome;
      expect(backend).toBe("wasm");
      expectClose(predicted, await answer(model), 1e-5, 1e-5);
      expectClose(streamed, predicted, 1e-4, 1e-4);
      expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
      const back = await load(trained);
      expect((await answer(back))[1]!).toBeGreaterThan(predicted[1]!);
      x.dispose();
      for (const each of [model, back]) each.dispose();
    }, 240_000),
  );
});
