// Which cases a backend is asked to run. The tests' WebGPU driver is made of software: a program costs it some 100 ms to compile, a small
// product up to 60 ms, so that a training step on the tiniest model takes half a second.
import type { TestBackend } from "@warmstart/test-kit";
import type { ReferenceCase } from "./cases.js";

/** The most that a case may bring for WebGPU: numbers in its inputs, and steps of training or rounds of pruning. */
const webgpuLimits = { entries: 4096, steps: 20 };

/** Whether a case is small enough for the backend; those that are not are named and not run, and count as neither passed nor failed. `WARMSTART_WEBGPU_ALL=1`, for graphics cards, lets all through. */
export function smallEnough({ inputs, options }: ReferenceCase, backend: TestBackend): boolean {
  if (backend !== "webgpu" || process.env.WARMSTART_WEBGPU_ALL === "1") return true;
  const entries = Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0);
  const steps = [options.steps, options.iterations].map((count) => (typeof count === "number" ? count : 0));
  return entries <= webgpuLimits.entries && Math.max(...steps) <= webgpuLimits.steps;
}
