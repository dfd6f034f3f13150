import * as tf from "@tensorflow/tfjs";
import { fileURLToPath } from "node:url";
import { createGraph, gatConv, gcnConv, setGraph } from "@warmstart/gnn-virgo";
import { expectClose, requireBackend, whenChromium } from "@warmstart/test-kit";
import { evaluateInPage } from "@warmstart/test-kit/page";
import { beforeAll, describe, expect, it } from "vitest";
import type { Given, Outcome } from "./gnn-saved-model.browser.js";
import { filesOf, load } from "./saved-files.js";

describe("a saved graph network", () => {
  beforeAll(() => requireBackend("cpu"));

  whenChromium("a saved graph network", () =>
    it("answers in a page as in Node, is started and trained there, and comes back", async () => {
      // Two rings of six, joined by an edge.
      const ring = Array.from({ length: 6 }, (_, i) => i);
      const numNodes = 12;
      const src = [...ring, ...ring.map((i) => i + 6), 0];
      const dst = [...ring.map((i) => (i + 1) % 6), ...ring.map((i) => ((i + 1) % 6) + 6), 6];
      const labels = Array.from({ length: numNodes }, (_, node) => Number(node >= 6));
      const graph = createGraph({ numNodes, src, dst, undirected: true });
      const uniform = (seed: number) => tf.initializers.glorotUniform({ seed });
      const model = tf.sequential({
        layers: [
          gcnConv({ units: 8, activation: "relu", kernelInitializer: uniform(1), inputShape: [numNodes] }),
          gatConv({ units: 4, heads: 2, activation: "relu", kernelInitializer: uniform(2) }),
          gcnConv({ units: 2, activation: "softmax", kernelInitializer: uniform(3) }),
        ],
      });
      const x = tf.eye(numNodes);
      const answer = async (of: tf.LayersModel) => {
        setGraph(of, graph);
        const y = of.predict(x, { batchSize: numNodes }) as tf.Tensor;
        const values = await y.data();
        y.dispose();
        return values;
      };
      const given: Given = { ...(await filesOf(model)), numNodes, src, dst, labels };
      const page = fileURLToPath(new URL("./gnn-saved-model.browser.ts", import.meta.url));
      const { backend, predicted, losses, trained } = (await evaluateInPage(page, `runGraphNetwork(${JSON.stringify(given)})`)) as Outcome;
      expect(backend).toBe("wasm");
      expectClose(predicted, await answer(model), 1e-5, 1e-5);
      expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
      const back = await load(trained);
      const right = (values: Float32Array | Int32Array | Uint8Array) => labels.filter((label, node) => Number(values[2 * node + 1]! > values[2 * node]!) === label).length;
      expect(right(await answer(back))).toBe(numNodes);
      graph.dispose();
      x.dispose();
      for (const each of [model, back]) each.dispose();
    }, 240_000),
  );
});
