import type { Entry } from "./gradient.js";
import { gradientEntries } from "./gradients/index.js";
import { runWith } from "./run-with.js";
import { backpropEntries } from "./second-order/backprop-kernels.js";
import { maxPoolGrad } from "./second-order/max-pool-grad.js";
import { pointwiseEntries } from "./second-order/pointwise.js";

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
  return runWith("withSecondOrderGradients", entries, "second", fn);
}
