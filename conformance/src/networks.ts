// Networks as the reference cases describe them (reference: pruning, precropping, layer-lottery), as models of stock layers.
import * as tf from "@tensorflow/tfjs";
import type { ReferenceCase } from "./cases.js";
import { toTensor } from "./runner.js";

interface LayerDescription {
  readonly name: string;
  readonly type: string;
  readonly from?: readonly string[];
  readonly filters?: number;
  readonly units?: number;
  readonly kernelSize?: number;
  readonly strides?: number;
  readonly padding?: "same" | "valid";
  readonly useBias?: boolean;
  readonly depthMultiplier?: number;
  readonly epsilon?: number;
  readonly poolSize?: number;
}

export interface NetworkDescription {
  readonly inputShape: readonly number[];
  readonly layers: readonly LayerDescription[];
}

/** The name of a weight in the cases, and in tfjs: the depthwise kernel and the statistics have others there. */
const weightNames: Readonly<Record<string, string>> = { kernel: "kernel", depthwise_kernel: "kernel", bias: "bias", gamma: "gamma", beta: "beta", moving_mean: "movingMean", moving_variance: "movingVariance" };

function layerOf({ name, type, filters, units, kernelSize, strides, padding, useBias, depthMultiplier, epsilon, poolSize }: LayerDescription): tf.layers.Layer {
  switch (type) {
    case "dense":
      return tf.layers.dense({ name, units: units!, useBias });
    case "conv2d":
      return tf.layers.conv2d({ name, filters: filters!, kernelSize: kernelSize!, strides, padding, useBias });
    case "depthwiseConv2d":
      return tf.layers.depthwiseConv2d({ name, kernelSize: kernelSize!, strides, padding, useBias, depthMultiplier });
    case "batchNorm":
      return tf.layers.batchNormalization({ name, epsilon });
    case "relu":
      return tf.layers.reLU({ name });
    case "tanh":
      return tf.layers.activation({ name, activation: "tanh" });
    case "maxPool":
      return tf.layers.maxPooling2d({ name, poolSize: poolSize! });
    case "avgPool":
      return tf.layers.averagePooling2d({ name, poolSize: poolSize! });
    case "globalAveragePool":
      return tf.layers.globalAveragePooling2d({ name });
    case "flatten":
      return tf.layers.flatten({ name });
    case "add":
      return tf.layers.add({ name });
    default:
      throw new Error(`no layer for type "${type}"`);
  }
}

/** The network of a case, with the weights that the case gives; layers keep their names. The caller disposes it. */
export function buildNetwork({ options, inputs }: ReferenceCase): tf.LayersModel {
  const { inputShape, layers } = options.network as unknown as NetworkDescription;
  const input = tf.input({ name: "input", shape: [...inputShape] });
  const outputs = new Map<string, tf.SymbolicTensor>([["input", input]]);
  let last = input;
  for (const description of layers) {
    const from = description.from?.map((name) => outputs.get(name)!) ?? [last];
    last = layerOf(description).apply(from.length === 1 ? from[0]! : from) as tf.SymbolicTensor;
    outputs.set(description.name, last);
  }
  const model = tf.model({ inputs: input, outputs: last });
  for (const layer of model.layers) {
    for (const weight of layer.weights) {
      const given = inputs[`${layer.name}/${weightNames[weight.originalName.split("/").at(-1)!]!}`];
      if (given === undefined) continue;
      const value = toTensor(given);
      weight.write(value);
      value.dispose();
    }
  }
  return model;
}
