import { gradientEntries } from "./gradients/index.js";
import { runWith } from "./run-with.js";

/**
 * Runs `fn` with everything of `registerGradients` in place, and puts back what tfjs had when `fn` has returned or thrown: for
 * libraries, which change nothing for good. Calls may be nested.
 *
 * @param fn Synchronous: the change is global, so nothing else may run meanwhile.
 * @returns What `fn` returns. What gradients that throw had saved is freed.
 * @throws {GradientsError} ASYNC if `fn` returns a promise; UNSUPPORTED for a tfjs-core that records in another way.
 *
 * @example
 * const { grads } = withGradients(() => tf.variableGrads(() => loss(model.apply(xs))));
 */
export const withGradients = <T>(fn: () => T): T => runWith("withGradients", gradientEntries, "first", fn);
