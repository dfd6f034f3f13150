// What @warmstart/wasm-training changes on WebAssembly: the same training step without its kernels and with them.
import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { start, type Material } from "./methods.js";
import type { Protocol } from "./protocol.js";
import { trainStep } from "./train.js";

export interface KernelTimes {
  /** Seconds a step of LoRA default with tfjs' own kernels, and with ours. */
  readonly before: number;
  readonly after: number;
}

/** Medians of `steps` steps each, after one that does not count. The kernels are registered afterwards. */
export async function kernelTimes(material: Material, protocol: Protocol, steps: number): Promise<KernelTimes> {
  const { registerTrainingKernels, unregisterTrainingKernels } = await import("@warmstart/wasm-training");
  const base = await material.loadBase();
  const { model, variables } = await start("kaiming", base, material, protocol, { seed: 0 });
  const optimizer = tf.train.adam(protocol.learningRates.kaiming);
  const batches = material.train(0);
  const median = async () => {
    const times: number[] = [];
    for (let step = 0; step <= steps; step++) {
      const from = performance.now();
      await trainStep(model, variables, optimizer, batches.next().value);
      if (step > 0) times.push((performance.now() - from) / 1000);
    }
    return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
  };
  try {
    unregisterTrainingKernels();
    let before: number;
    try {
      before = await median();
    } finally {
      registerTrainingKernels();
    }
    return { before, after: await median() };
  } finally {
    optimizer.dispose();
    disposeModel(model);
    disposeModel(base);
  }
}
