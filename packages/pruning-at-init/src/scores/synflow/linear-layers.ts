// What SynFlow makes of each layer: its linear part with absolute weights. Signals are never negative, so rectifiers are the identity.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D, Tensor4D, Tensor5D } from "@tensorflow/tfjs-core";
import type { layers } from "@tensorflow/tfjs-layers";
import { WarmstartError } from "@warmstart/init-core";

/** A weight of the layer by its short name ("kernel"), absolute, masked; undefined where the layer has none. */
type Weight = (name: string) => Tensor | undefined;

/** A layer's linear part; where that is the identity, the very tensor. */
export type Linear = (inputs: readonly Tensor[], weight: Weight) => Tensor;

export interface LinearOptions {
  /** Batch normalization as the identity, or as the scale |γ| / √(variance + ε). */
  readonly bn: "identity" | "scale";
}

interface Windows {
  readonly strides?: number | number[];
  readonly padding?: "same" | "valid" | "causal";
  readonly dilationRate?: number | number[];
  readonly dataFormat?: string;
}

/** Pass through: activations, whatever they are, and what acts in training only. */
const identities = ["Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "ThresholdedReLU", "Softmax", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"];

/** Homogeneous without weights: run as they are. */
const asTheyAre = ["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "Flatten", "Reshape", "Permute", "RepeatVector", "ZeroPadding2D", "Cropping2D", "UpSampling2D", "Add", "Average", "Maximum", "Minimum", "Concatenate"];

const pair = (value: number | number[] | undefined): [number, number] => (Array.isArray(value) ? [value[0]!, value[1] ?? value[0]!] : [value ?? 1, value ?? 1]);
const first = (value: number | number[] | undefined): number => (Array.isArray(value) ? value[0]! : (value ?? 1));

/** Adds the bias, which is there only if it counts. */
function biased(x: Tensor, weight: Weight): Tensor {
  const bias = weight("bias");
  return bias === undefined ? x : tf.add(x, bias);
}

/** `f` on channels last, whatever the layer's format. */
function channelsLast(x: Tensor, { dataFormat }: Windows, f: (x: Tensor) => Tensor): Tensor {
  if (dataFormat !== "channelsFirst") return f(x);
  const axes = Array.from({ length: x.rank }, (_, i) => i);
  const back = [0, x.rank - 1, ...axes.slice(1, -1)];
  return tf.transpose(f(tf.transpose(x, [0, ...axes.slice(2), 1])), back);
}

function dense(x: Tensor, weight: Weight): Tensor {
  const kernel = weight("kernel") as Tensor2D;
  const flat = tf.matMul(tf.reshape(x, [-1, kernel.shape[0]]) as Tensor2D, kernel);
  return biased(tf.reshape(flat, [...x.shape.slice(0, -1), kernel.shape[1]]), weight);
}

/** The linear part of a layer. @throws INVALID_OPTION naming a layer that has none. */
export function linearPart(path: string, layer: layers.Layer, { bn }: LinearOptions): Linear {
  const className = layer.getClassName();
  const config = layer.getConfig() as Windows & Record<string, unknown>;
  const refuse = (why: string) => new WarmstartError("MODEL_STATE", `synflow: cannot make layer "${path}" (${className}) linear: ${why}. Take snip, grasp or randomMasks for this model.`, { layer: path, className });
  if (identities.includes(className)) return ([x]) => x!;
  if (asTheyAre.includes(className)) return (inputs) => layer.apply(inputs.length === 1 ? inputs[0]! : [...inputs], { training: false }) as Tensor;
  const { padding } = config;
  switch (className) {
    case "Dense":
      return ([x], weight) => dense(x!, weight);
    case "TimeDistributed":
      if ((config.layer as { className: string }).className !== "Dense") throw refuse("TimeDistributed is read around Dense alone");
      return ([x], weight) => dense(x!, weight);
    case "Conv1D":
      return ([x], weight) => {
        const kernel = weight("kernel") as Tensor3D;
        const dilation = first(config.dilationRate);
        return channelsLast(x!, config, (at) => {
          const causal = padding === "causal" ? tf.pad(at, [[0, 0], [(kernel.shape[0] - 1) * dilation, 0], [0, 0]]) : at;
          return biased(tf.conv1d(causal as Tensor3D, kernel, first(config.strides), padding === "same" ? "same" : "valid", "NWC", dilation), weight);
        });
      };
    case "Conv2D":
      return ([x], weight) => channelsLast(x!, config, (at) => biased(tf.conv2d(at as Tensor4D, weight("kernel") as Tensor4D, pair(config.strides), padding as "same", "NHWC", pair(config.dilationRate)), weight));
    case "Conv3D":
      return ([x], weight) => channelsLast(x!, config, (at) => biased(tf.conv3d(at as Tensor5D, weight("kernel") as Tensor5D, config.strides as [number, number, number], padding as "same", "NDHWC"), weight));
    case "DepthwiseConv2D":
      return ([x], weight) => channelsLast(x!, config, (at) => biased(tf.depthwiseConv2d(at as Tensor4D, weight("depthwise_kernel") as Tensor4D, pair(config.strides), padding as "same", "NHWC", pair(config.dilationRate)), weight));
    case "SeparableConv2D":
      return ([x], weight) => channelsLast(x!, config, (at) => biased(tf.separableConv2d(at as Tensor4D, weight("depthwise_kernel") as Tensor4D, weight("pointwise_kernel") as Tensor4D, pair(config.strides), padding as "same", pair(config.dilationRate), "NHWC"), weight));
    case "Conv2DTranspose":
      return ([x], weight) =>
        channelsLast(x!, config, (at) => {
          const kernel = weight("kernel") as Tensor4D;
          const [strides, batch] = [pair(config.strides), at.shape[0]!];
          const size = (axis: 0 | 1) => (padding === "same" ? at.shape[axis + 1]! * strides[axis] : at.shape[axis + 1]! * strides[axis] + Math.max(kernel.shape[axis] - strides[axis], 0));
          return biased(tf.conv2dTranspose(at as Tensor4D, kernel, [batch, size(0), size(1), kernel.shape[2]], strides, padding as "same"), weight);
        });
    case "BatchNormalization": {
      if (bn === "identity") return ([x]) => x!;
      return ([x], weight) => {
        const axis = ((config.axis as number | undefined) ?? -1) < 0 ? x!.rank + ((config.axis as number | undefined) ?? -1) : (config.axis as number);
        const [gamma, variance] = [weight("gamma"), weight("moving_variance")!];
        const deviation = tf.sqrt(tf.add(variance, config.epsilon as number));
        const scale = gamma === undefined ? tf.reciprocal(deviation) : tf.div(gamma, deviation);
        return tf.mul(x!, tf.reshape(scale, x!.shape.map((_, i) => (i === axis ? -1 : 1))));
      };
    }
    case "Multiply":
      // A gate (squeeze-and-excite) counts as 1.
      return (inputs) => {
        const size = Math.max(...inputs.map((input) => input.size));
        const gated = inputs.filter((input) => input.size === size);
        if (gated.length !== 1) throw refuse("a product of equals has no linear part; only gates, which are smaller than what they gate, are left out");
        return gated[0]!;
      };
    default:
      throw refuse("it has no linear part that is known here");
  }
}
