import * as tf from "@tensorflow/tfjs";
import { registerTrainingKernels, unregisterTrainingKernels } from "@warmstart/wasm-training";
import { afterEach, describe, expect, it } from "vitest";
import { chooseConvolution, chooseForward } from "./choose-convolution.js";
import { withoutFft } from "./host.fixture.js";

const onWasm = () => tf.getBackend() === "wasm";
afterEach(() => void (onWasm() && unregisterTrainingKernels()));

describe("chooseConvolution", () => {
  it("takes transforms for all but the shortest sequences", () => {
    if (onWasm()) registerTrainingKernels();
    expect([1, 31, 32, 4096].map(chooseConvolution)).toEqual(["toeplitz", "toeplitz", "fft", "fft"]);
  });

  it("lets whole models run by chunks up to some hundred steps", () => {
    if (onWasm()) registerTrainingKernels();
    expect([1, 128, 129, 16384].map(chooseForward)).toEqual(["scan", "scan", "fft", "fft"]);
  });

  it("takes no transforms where there are none", async () => {
    expect(await withoutFft(() => [chooseConvolution(4096), chooseForward(4096)])).toEqual(["toeplitz", "scan"]);
  });

  it("takes none where they are slow", async () => {
    const before = tf.getBackend();
    await tf.setBackend("cpu");
    try {
      expect(chooseConvolution(4096)).toBe("toeplitz");
    } finally {
      await tf.setBackend(before);
    }
  });
});
