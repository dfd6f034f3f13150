// Models of random layers in a random graph: shared and nested ones, gates, several outputs.
import * as tf from "@tensorflow/tfjs";
import { randomGenerator } from "@warmstart/init-core";

type S = tf.SymbolicTensor;
type Activation = Exclude<Parameters<typeof tf.layers.activation>[0]["activation"], undefined>;

const activations: readonly Activation[] = ["relu", "relu6", "sigmoid", "hardSigmoid", "tanh", "linear", "softmax", "elu", "selu", "softplus", "softsign", "swish", "mish"];
const { layers } = tf;
const on = (x: S | S[], ...chain: tf.layers.Layer[]): S => chain.reduce<S | S[]>((value, layer) => layer.apply(value) as S, x) as S;

/** A model of images of 6 × 6 × 3, the same for a seed but for names. */
export function randomModel(seed: number, steps = 9): tf.LayersModel {
  const { integer, uniform } = randomGenerator(seed);
  const pick = <T>(list: readonly T[]): T => list[integer(list.length)]!;
  const activation = () => pick(activations);
  const conv = (filters: number, kernelSize: number) => layers.conv2d({ filters, kernelSize, padding: "same", activation: activation(), useBias: uniform() < 0.7 });
  const input = tf.input({ shape: [6, 6, 3] });
  const shared = conv(4, 1);
  const nested = tf.sequential({ layers: [layers.conv2d({ filters: 5, kernelSize: 1, activation: activation(), inputShape: [6, 6, 4] }), layers.batchNormalization(), conv(4, 1)] });
  const made: S[] = [on(input, conv(4, 3))];
  const like = (x: S) => made.filter((other) => other !== x && other.shape.at(-1) === x.shape.at(-1));
  const add: readonly ((x: S) => S | undefined)[] = [
    (x) => on(x, conv(pick([3, 4, 5]), pick([1, 3]))),
    (x) => on(x, layers.batchNormalization({ scale: uniform() < 0.7, center: uniform() < 0.7 })),
    (x) => on(x, layers.activation({ activation: activation() })),
    (x) => on(x, pick([layers.leakyReLU(), layers.thresholdedReLU({ theta: 0.2 }), layers.prelu({ sharedAxes: [1, 2] }), layers.reLU({ maxValue: 0.3 }), layers.layerNormalization()])),
    (x) => on(x, layers.depthwiseConv2d({ kernelSize: pick([1, 3]), padding: "same", depthMultiplier: pick([1, 2]), activation: activation() })),
    (x) => on(x, layers.separableConv2d({ filters: 4, kernelSize: pick([1, 3]), padding: "same", depthMultiplier: pick([1, 2]), activation: activation() })),
    (x) => on(x, layers.conv2dTranspose({ filters: 4, kernelSize: 3, padding: "same", activation: activation() })),
    (x) => (like(x).length === 0 ? undefined : on([x, pick(like(x))], pick([layers.add(), layers.multiply(), layers.maximum(), layers.average(), layers.concatenate()]))), // not one tensor twice: tfjs 4.22 frees it too early
    (x) => on([x, on(x, layers.globalAveragePooling2d({}), layers.reshape({ targetShape: [1, 1, x.shape.at(-1)!] }), conv(x.shape.at(-1)!, 1))], layers.multiply()),
    (x) => (x.shape.at(-1) === 4 ? on(x, pick([shared, nested])) : undefined),
  ];
  for (let i = 0; i < steps; i++) {
    const next = pick(add)(pick(made));
    if (next !== undefined) made.push(next);
  }
  return tf.model({ inputs: input, outputs: made.slice(-3).map((x) => (uniform() < 0.3 ? on(x, conv(2, 1)) : on(x, layers.flatten(), layers.dense({ units: 2 })))) });
}
