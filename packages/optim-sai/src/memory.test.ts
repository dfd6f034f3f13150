import * as tf from "@tensorflow/tfjs";
import { registerTrainingKernels, unregisterTrainingKernels } from "@warmstart/wasm-training";
import { afterEach, describe, expect, it } from "vitest";
import { sgdSai, type SGDSaIConfig } from "./index.js";

const onWasm = process.env.WARMSTART_BACKEND === "wasm";
/** On WebAssembly with the kernel that takes the whole step, and without it. */
const ways: [string, () => void][] = [["by operations", () => void (onWasm && registerTrainingKernels({ except: ["MomentumStep"] }))], ...(onWasm ? [["by one kernel", () => void registerTrainingKernels()] as [string, () => void]] : [])];
afterEach(() => void (onWasm && unregisterTrainingKernels()));

const values = async (t: tf.Tensor) => Array.from(await t.data());
const configs: SGDSaIConfig[] = [{}, { momentum: 0, weightDecay: 0 }, { weightDecay: 0, accumulationSteps: 2 }, { normalize: "max", clipNorm: 1 }];
/** Ten updates while a gain may be open, and four more. */
const steps = 14;
const uniform = (seed: number) => tf.randomUniform([300, 300], -1, 1, "float32", seed);

describe.each(ways)("an update of SGD-SaI %s", (_, register) => {
  it("never writes into memory that others share: gradients, snapshots of a variable, clones of saved state", async () => {
    register();
    for (const config of configs) {
      const v = tf.tidy(() => tf.variable(uniform(1)));
      const o = sgdSai(config);
      const kept: [tf.Tensor, number[]][] = [];
      const keep = async (t: tf.Tensor) => void kept.push([t, await values(t)]);
      for (let i = 0; i < steps; i++) {
        const gradient = uniform(2 + i);
        o.applyGradients({ [v.name]: gradient });
        await keep(gradient);
        await keep(tf.clone(v));
        for (const { name, tensor } of (await o.getWeights()).filter(({ name }) => name.startsWith(v.name))) {
          expect(name).toMatch(/\/(momentum|gsnr|accumulated)$/);
          await keep(tf.clone(tensor));
        }
      }
      for (const [tensor, before] of kept) expect(tf.util.arraysEqual(await values(tensor), before)).toBe(true);
      o.dispose();
      tf.dispose([v, ...kept.map(([tensor]) => tensor)]);
    }
  });

  it("holds no more memory after any of them than after the first", () => {
    register();
    const v = tf.tidy(() => tf.variable(uniform(1)));
    const gradient = uniform(2);
    const o = sgdSai();
    o.applyGradients({ [v.name]: gradient });
    const { numTensors, numBytes } = tf.memory();
    for (let i = 0; i < steps; i++) {
      o.applyGradients({ [v.name]: gradient });
      expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    }
    o.dispose();
    tf.dispose([v, gradient]);
  });
});

if (onWasm) it("takes the same step by one kernel as by operations, to the last bit", async () => {
  for (const config of [...configs, { decayFilter: "matrices" as const, maximize: true, momentum: 0.5 }]) {
    const runs = [];
    for (const [, register] of ways) {
      register();
      const [v, o] = [tf.tidy(() => tf.variable(uniform(1))), sgdSai({ learningRate: 0.1, ...config })];
      for (let i = 0; i < steps + 6; i++) {
        const gradient = uniform(2 + i);
        o.applyGradients({ [v.name]: gradient });
        gradient.dispose();
      }
      runs.push(await values(v));
      o.dispose();
      v.dispose();
      unregisterTrainingKernels();
    }
    expect(tf.util.arraysEqual(runs[0]!, runs[1]!)).toBe(true);
  }
});
