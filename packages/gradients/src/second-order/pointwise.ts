import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Entry } from "../gradient.js";
import { noGradient, runKernel } from "../kernel.js";

/** Comparisons, by which gradients choose a branch: they do not change the result a little. */
const decisions = ["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalOr"].map(
  (kernelName): Entry => ({ mode: "add", gradient: { kernelName, inputsToSave: ["a", "b"], gradFunc: (_, [a, b]) => ({ a: () => noGradient(a!), b: () => noGradient(b!) }) } }),
);

const logicalNot: Entry = { mode: "add", gradient: { kernelName: "LogicalNot", inputsToSave: ["x"], gradFunc: (_, [x]) => ({ x: () => noGradient(x!) }) } };

/** The gradient of elu is dy where y ≥ 0, and dy (y + 1) elsewhere. */
const eluGrad: Entry = {
  mode: "add",
  gradient: {
    kernelName: "EluGrad",
    inputsToSave: ["dy", "y"],
    gradFunc: (gradient, [dy, y]) => {
      const g = gradient as Tensor;
      return {
        dy: () => runKernel("EluGrad", { dy: g, y: y! }),
        y: () => tf.mul(tf.mul(g, dy!), tf.cast(tf.less(y!, 0), "float32")),
      };
    },
  },
};

export const pointwiseEntries: readonly Entry[] = [...decisions, logicalNot, eluGrad];
