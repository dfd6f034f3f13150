import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { wrapKernels } from "./kernel-times.js";

describe("wrapKernels", () => {
  it("counts the calls of a step, and puts back the very same kernels", () => {
    const before = tf.getKernel("Add", tf.getBackend());
    const { kernels, unwrap } = wrapKernels(tf.getBackend());
    tf.tidy(() => {
      for (let i = 0; i < 6; i++) tf.add(tf.exp(tf.ones([2])), 1);
      tf.exp(tf.ones([2]));
      tf.exp(tf.ones([2]));
    });
    const found = kernels(2);
    expect(found.find(({ name }) => name === "Add")).toMatchObject({ calls: 3 });
    expect(found.find(({ name }) => name === "Exp")).toMatchObject({ calls: 4 });
    expect(found.every(({ ms }, i) => ms >= 0 && ms <= (found[i - 1]?.ms ?? Infinity))).toBe(true);
    unwrap();
    expect(tf.getKernel("Add", tf.getBackend())).toBe(before);
  });

  it("takes what a kernel spends in others from its own time", () => {
    const backend = tf.getBackend();
    const slow = (ms: number) => {
      const start = performance.now();
      while (performance.now() - start < ms);
    };
    tf.registerKernel({ kernelName: "Inner", backendName: backend, kernelFunc: () => (slow(20), []) });
    tf.registerKernel({ kernelName: "Outer", backendName: backend, kernelFunc: () => (tf.getKernel("Inner", backend)!.kernelFunc({ inputs: {}, backend: {} }), []) });
    const { kernels, unwrap } = wrapKernels(backend);
    tf.getKernel("Outer", backend)!.kernelFunc({ inputs: {}, backend: {} });
    unwrap();
    const [first, second] = kernels(1);
    expect([first!.name, second!.name]).toEqual(["Inner", "Outer"]);
    expect(second!.ms).toBeLessThan(first!.ms / 2);
    for (const name of ["Inner", "Outer"]) tf.unregisterKernel(name, backend);
  });
});
