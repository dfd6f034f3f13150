// Works that are one call, or several calls each with its own clock.
import * as tf from "@tensorflow/tfjs";
import type { Work } from "./definition.js";
import { finished } from "./material.js";

/** Until the tensor is there; freeing it does not count. */
export function timed(compute: () => tf.Tensor): Work {
  return async () => {
    const result = tf.tidy(compute);
    await finished(result);
    return { dispose: () => result.dispose() };
  };
}

/** The parts of a row, one after the other, by name. */
export function timedParts(parts: Readonly<Record<string, () => tf.Tensor>>): Work {
  const works = Object.entries(parts).map(([name, compute]) => [name, timed(compute)] as const);
  return async () => {
    const times: Record<string, number> = {};
    for (const [name, work] of works) {
      const start = performance.now();
      const { dispose } = await work();
      times[name] = performance.now() - start;
      dispose();
    }
    return { parts: times, dispose: () => undefined };
  };
}
