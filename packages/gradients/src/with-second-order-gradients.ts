import { getGradient } from "@tensorflow/tfjs-core";
import type { Entry } from "./gradient.js";
import { gradientEntries } from "./gradients/index.js";
import { refusePromise } from "./refuse-promise.js";
import { isOurs, putInPlaceForNow } from "./registry.js";
import { backpropEntries } from "./second-order/backprop-kernels.js";
import { maxPoolGrad } from "./second-order/max-pool-grad.js";
import { pointwiseEntries } from "./second-order/pointwise.js";
import { clearTape, installTape, removeTape } from "./tape.js";

const entries: readonly Entry[] = [...gradientEntries, ...backpropEntries, maxPoolGrad, ...pointwiseEntries];

/**
 * Runs `fn` with gradients of gradients that are right. tfjs' own throw or, worse, are silently wrong for functions of exp, tanh,
 * sigmoid, softmax, convolutions, poolings and others; the README lists what is right here.
 *
 * All differentiation has to happen inside, the first gradient as well as the second. What tfjs had registered is back when `fn` has
 * returned or thrown. Calls may be nested. Everything of `registerGradients` holds inside, too.
 *
 * @param fn Synchronous: the change is global, so nothing else may run meanwhile.
 * @returns What `fn` returns. Memory is as without: a gradient of a gradient keeps what both passes save until it is done. What gradients that throw had saved is freed.
 * @throws {GradientsError} ASYNC if `fn` returns a promise; UNSUPPORTED for a tfjs-core that records in another way.
 *
 * @see tfjs issue 3252, and its tape, on why tfjs' own are wrong.
 *
 * @example
 * const second = withSecondOrderGradients(() => tf.grad(tf.grad((x) => tf.tanh(x)))(tf.scalar(0.5)));
 */
export function withSecondOrderGradients<T>(fn: () => T): T {
  const state = installTape();
  const restore = state.secondOrder === 0 ? putInPlaceForNow(entries) : () => {};
  state.secondOrder++;
  let result: T;
  try {
    result = fn();
  } catch (error) {
    clearTape();
    throw error;
  } finally {
    state.secondOrder--;
    restore();
    if (!gradientEntries.some(({ gradient }) => isOurs(getGradient(gradient.kernelName)))) removeTape();
  }
  refusePromise(result, "withSecondOrderGradients: fn must be synchronous, got one that returns a promise. Take the gradients inside, return the tensors, and await their data outside.");
  return result;
}
