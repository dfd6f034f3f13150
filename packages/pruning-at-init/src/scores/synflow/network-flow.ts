// The flow of a network by hand: its own function, run with absolute kernels, on ones. What that function does between the kernels is not visible, so it is
// tried whether it is what SynFlow needs.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError, type Network, type Parameter } from "@warmstart/init-core";
import { withValuesNow } from "../with-values-now.js";
import type { FlowGraph, FlowOptions } from "./flow-graph.js";

/**
 * The flow of `network`, which is not scaled: float32 has room for some thirty residual layers. Biases and shifts are zero or absolute, scales, means and
 * variances 1, 0 and 1 or, with `bn: "scale"`, absolute, 0 and as they are.
 *
 * @throws {WarmstartError} INVALID_OPTION without `inputShape`.
 */
export function networkFlow(network: Network, options: FlowOptions): FlowGraph {
  const shapes = inputShapes(options.inputShape);
  const inputs = (size: number): Tensor | Tensor[] => {
    const ones = shapes.map((shape) => tf.fill([1, ...shape], size));
    return ones.length === 1 ? ones[0]! : ones;
  };
  const byPath = new Map(network.parameters.map((parameter) => [parameter.path, parameter]));
  const place = <T>(kernels: Readonly<Record<string, Tensor>>, f: () => T, by = options): T => {
    const values = tf.tidy(() => Object.fromEntries(network.parameters.map((parameter): [string, Tensor] => [parameter.path, kernels[parameter.path] ?? valueOf(parameter, by)])));
    try {
      return withValuesNow(network, values, f);
    } finally {
      for (const [path, value] of Object.entries(values)) if (kernels[path] === undefined) value.dispose();
    }
  };
  const flow = (size: number): Scalar => tf.addN([network.forward(inputs(size), { training: false })].flat().map((output): Tensor => tf.sum(output))) as Scalar;
  return {
    reaches: () => true,
    run: (kernels) => place(kernels, () => flow(1)),
    differentiate: (kernels, gradients) => place(kernels, () => gradients(Object.keys(kernels).map((path) => byPath.get(path)!.variable))),
    check: async (kernels) => {
      const both = tf.tidy(() => place(kernels, () => tf.stack([flow(1), flow(2)]), { ...options, bias: "zero" })); // biases would not double
      const [once, twice] = await both.data<"float32">() as unknown as [number, number];
      both.dispose();
      if (!Number.isFinite(once) || !Number.isFinite(twice)) throw new WarmstartError("NOT_FINITE", "synflow: the flow through this network by hand is beyond float32, and its function gives no place to scale it. Make it a LayersModel, or start from smaller weights.", { flow: once });
      if (Math.abs(twice - 2 * once) > 1e-3 * Math.abs(once)) throw new WarmstartError("MODEL_STATE", `synflow: for twice the input this network by hand gives ${(twice / once).toPrecision(4)} times the output, and not twice: it has an activation that bends (tanh, sigmoid, relu6), a softmax, a gate or a normalization by what it is fed. For pruning give a \`forward\` with rectifiers, poolings and sums alone between the kernels, or take snip, grasp or randomMasks.`, { once, twice });
    },
  };
}

function valueOf({ path, role, shape, variable }: Parameter, { bn, bias }: FlowOptions): Tensor {
  const sizes = [...shape];
  switch (role) {
    case "bias":
    case "shift":
      return bias === "zero" ? tf.zeros(sizes) : tf.abs(variable);
    case "scale":
      return bn === "identity" ? tf.ones(sizes) : tf.abs(variable);
    case "statistic":
      if (!/var(iance)?$/.test(path)) return tf.zeros(sizes);
      return bn === "identity" ? tf.ones(sizes) : tf.clone(variable);
    default:
      return tf.abs(variable);
  }
}

function inputShapes(given: FlowOptions["inputShape"]): readonly (readonly number[])[] {
  if (given === undefined || given.length === 0) throw new WarmstartError("INVALID_OPTION", "synflow: a network by hand does not say what it is fed. Give `inputShape`, without the batch: [32, 32, 3], or a list of one an input.");
  return typeof given[0] === "number" ? [given as readonly number[]] : (given as readonly (readonly number[])[]);
}
