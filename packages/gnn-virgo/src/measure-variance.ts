// The paper's measure of a start: mean squares of pre-activations on the way forward, and of gradients on the way back, layer by layer.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import { requireGradients, WarmstartError, type Loss } from "@warmstart/init-core";
import type { Graph } from "./graph.js";
import type { OperatorName, OperatorOptions } from "./operator.js";
import { propagate } from "./propagate.js";

/** One layer without bias: `P h kernel`, and `+ h root` where there is one. Both `"in out"`. */
export interface MeasuredLayer {
  readonly kernel: Tensor2D;
  readonly root?: Tensor2D;
}

export interface MeasureVarianceOptions extends OperatorOptions {
  /** What the layers multiply by. Default "gcn". */
  readonly operator?: OperatorName;
  /** Between the layers, not behind the last one. Default ReLU. */
  readonly activation?: (z: Tensor2D) => Tensor2D;
  /** With `labels`: gradients are measured too; tfjs' argument order, labels first. */
  readonly loss?: Loss;
  readonly labels?: Tensor;
}

/** Figures by layer, the first one first. */
export interface MeasuredVariance {
  /** Mean square of each layer's output before its activation, Z^1 … Z^L. */
  readonly meanSquare: readonly number[];
  /** Mean square of the gradient towards what each layer reads, H^0 … H^(L-1); absent without a loss. */
  readonly gradMeanSquare?: readonly number[];
  readonly loss?: number;
}

/**
 * Sends features through graph layers, and says how large the signal is behind each, and the gradient before each.
 * For a model there is `graphSignal`.
 *
 * @param layers kernels `"in out"`; they and `x` stay the caller's.
 * @param x `"nodes features"`.
 * @throws {WarmstartError} INVALID_OPTION for a loss without labels or the reverse; SHAPE_MISMATCH where a kernel does not fit what
 *   it reads; BACKEND where gradients are asked for and none are registered.
 *
 * @example
 * const { meanSquare } = await measureVariance(kernels, graph, x, { operator: "mean" });
 */
export async function measureVariance(layers: readonly (Tensor2D | MeasuredLayer)[], graph: Graph, x: Tensor2D, options: MeasureVarianceOptions = {}): Promise<MeasuredVariance> {
  const { operator = "gcn", activation = (z: Tensor2D) => tf.relu(z), loss, labels, ...operatorOptions } = options;
  if ((loss === undefined) !== (labels === undefined)) throw new WarmstartError("INVALID_OPTION", `measureVariance: \`loss\` and \`labels\` belong together; got ${loss === undefined ? "labels" : "a loss"} alone.`);
  if (loss !== undefined) requireGradients("measureVariance with a loss");
  const all = layers.map((layer): MeasuredLayer => (layer instanceof tf.Tensor ? { kernel: layer as Tensor2D } : layer));
  let width = x.shape[1];
  for (const [i, { kernel, root }] of all.entries()) {
    for (const one of root === undefined ? [kernel] : [kernel, root]) {
      if (one.rank !== 2 || one.shape[0] !== width || one.shape[1] !== kernel.shape[1]) throw new WarmstartError("SHAPE_MISMATCH", `measureVariance: layer ${i + 1} reads ${width} features, its kernel must have shape [${width}, ${kernel.shape[1] ?? "out"}], got [${one.shape}]. Kernels are "in out".`, { layer: i + 1, shape: one.shape });
    }
    width = kernel.shape[1]!;
  }
  return measure(all.length, loss !== undefined, (tap) => {
    let h: Tensor2D = x;
    for (const [i, { kernel, root }] of all.entries()) {
      const input = tap.input(i, h) as Tensor2D;
      const passed = kernel.shape[1]! < kernel.shape[0]! ? propagate(graph, tf.matMul<Tensor2D>(input, kernel), operator, operatorOptions) : tf.matMul<Tensor2D>(propagate(graph, input, operator, operatorOptions), kernel);
      const z = root === undefined ? passed : tf.add<Tensor2D>(passed, tf.matMul(input, root));
      tap.output(i, z);
      h = i === all.length - 1 ? z : activation(z);
    }
    return loss === undefined ? h : (loss(labels!, h) as Tensor);
  });
}

/** Where the measure is taken: what a layer reads passes through `input`, which its gradient passes on the way back. */
export interface Tap {
  input(layer: number, h: Tensor): Tensor;
  output(layer: number, z: Tensor): void;
}

/** Runs the network once with taps at its layers; `run` returns the loss where gradients are asked for. */
export async function measure(count: number, gradients: boolean, run: (tap: Tap) => Tensor): Promise<MeasuredVariance> {
  const squares: Tensor[] = [];
  const gradSquares: Tensor[] = [];
  const take = (list: Tensor[], layer: number, values: Tensor) => {
    // Scaled by the largest magnitude, since the square of what float32 holds need not fit into float32.
    const scaled = tf.tidy(() => {
      const largest = tf.maximum(tf.max(tf.abs(values)), 1e-37);
      return tf.stack([largest, tf.mean(tf.square(tf.div(values, largest)))]);
    });
    list[layer]?.dispose();
    list[layer] = tf.keep(scaled);
  };
  const tap: Tap = {
    input: (layer, h) =>
      !gradients
        ? h
        : tf.customGrad((input) => ({
            value: tf.clone(input as Tensor),
            gradFunc: (dy: Tensor) => {
              take(gradSquares, layer, dy);
              return dy;
            },
          }))(h),
    output: (layer, z) => take(squares, layer, z),
  };
  let value: Tensor | undefined;
  try {
    value = tf.tidy(() => {
      if (!gradients) {
        run(tap);
        return tf.scalar(0);
      }
      // A scale of 1 is what the loss is derived by, so that the gradient runs through the whole network, constant inputs too.
      const result = tf.valueAndGrad((scale) => run({ ...tap, input: (layer, h) => tap.input(layer, layer === 0 ? tf.mul(h, scale) : h) }) as Scalar)(tf.scalar(1));
      return result.value;
    });
    const read = async (list: readonly Tensor[]): Promise<number[]> => {
      const figures: number[] = [];
      for (let layer = 0; layer < count; layer++) {
        const pair = list[layer] === undefined ? undefined : await list[layer]!.data();
        figures.push(pair === undefined ? NaN : pair[0]! * pair[0]! * pair[1]!);
      }
      return figures;
    };
    const meanSquare = await read(squares);
    return gradients ? { meanSquare, gradMeanSquare: await read(gradSquares), loss: (await value.data())[0]! } : { meanSquare };
  } finally {
    tf.dispose([...squares, ...gradSquares].filter((tensor) => tensor !== undefined));
    value?.dispose();
  }
}
