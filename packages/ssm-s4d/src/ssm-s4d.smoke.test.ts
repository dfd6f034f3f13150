// The worked example once, small enough for a WebGPU driver made of software.
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, it } from "vitest";
import { example } from "./host.fixture.js";
import { createRecurrence, s4dForward } from "./index.js";

describe("worked example 1", () => {
  it.each(["zoh", "bilinear"] as const)("%s: the sequence at once, and its first step", async (method) => {
    await expectTensorGrowth(0, async () => {
      const [ssm, u, d] = [example.ssm(), tf.tensor3d([[[...example.u]]]), tf.tensor1d([...example.d])];
      const y = s4dForward(u, ssm, { method, d });
      expectClose(await y.data(), example[method].y, 2e-6, 2e-6);
      const recurrence = await createRecurrence(ssm, { method, d });
      const now = tf.tensor2d([[example.u[0]]]);
      const first = recurrence.step(now);
      expectClose(await first.data(), [example[method].y[0]], 1e-6, 1e-6);
      recurrence.dispose();
      tf.dispose([...Object.values(ssm), u, d, y, now, first]);
    });
  });
});
