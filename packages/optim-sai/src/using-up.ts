import { dispose, type Tensor } from "@tensorflow/tfjs-core";

/**
 * `result`, its inputs disposed at once instead of at the end of the tidy: a large block that is free again is used for the next
 * result. Natively that is two to ten times as fast, since the C library otherwise asks the system for new pages at every step.
 */
export function usingUp<T extends Tensor>(result: T, ...inputs: readonly Tensor[]): T {
  dispose([...inputs]);
  return result;
}
