import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { describeBackend, hasTrainingKernels, startBackend } from "./backend.js";
import { kernelTimes } from "./kernels.js";
import { tinyMaterial, tinyProtocol } from "./tiny-material.js";

const wasm = { backend: "wasm", package: "@tensorflow/tfjs-backend-wasm", passedOver: [{ name: "@tensorflow/tfjs-node", reason: "not installed" }], trainingKernels: true };

describe("startBackend", () => {
  it("gives the backend asked for", async () => {
    const own = tf.getBackend();
    expect((await startBackend(own)).backend).toBe(own);
    expect(tf.getBackend()).toBe(own);
  });

  it("throws with the reason rather than go on with another one", async () => {
    await expect(startBackend("@tensorflow/tfjs-node-gpu")).rejects.toThrow(/"@tensorflow\/tfjs-node-gpu" did not start: @tensorflow\/tfjs-node-gpu: not installed/);
  });
});

describe("describeBackend", () => {
  it("says what was chosen and why nothing better", () => {
    expect(describeBackend(wasm)).toEqual(["backend: wasm (@tensorflow/tfjs-backend-wasm), with the training kernels of @warmstart/wasm-training", "  not @tensorflow/tfjs-node: not installed"]);
  });

  it("claims the training kernels on WebAssembly alone, and only if they could be registered", () => {
    expect(hasTrainingKernels(wasm)).toBe(true);
    expect(hasTrainingKernels({ ...wasm, backend: "tensorflow" })).toBe(false);
    expect(hasTrainingKernels({ ...wasm, passedOver: [{ name: "@warmstart/wasm-training", reason: "not installed" }] })).toBe(false);
  });
});

// The kernels exist on WebAssembly alone.
if (process.env.WARMSTART_BACKEND !== "tensorflow") {
  describe("kernelTimes", () => {
    it("times a step without our kernels and with them, leaves them registered and nothing in memory", async () => {
      const { registerTrainingKernels } = await import("@warmstart/wasm-training");
      registerTrainingKernels();
      const ours = tf.getKernel("BatchMatMul", "wasm").kernelFunc;
      const { before, after } = await expectTensorGrowth(0, () => kernelTimes(tinyMaterial(), tinyProtocol, 1));
      expect(before).toBeGreaterThan(0);
      expect(after).toBeGreaterThan(0);
      expect(tf.getKernel("UnsortedSegmentSum", "wasm")).toBeDefined();
      expect(String(tf.getKernel("BatchMatMul", "wasm").kernelFunc)).toBe(String(ours));
    });
  });
}
