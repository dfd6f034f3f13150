// A whole model one step at a time: S4D layers by their recurrences, everything else step by step as it is.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { layers, LayersModel, SymbolicTensor } from "@tensorflow/tfjs-layers";
import { WarmstartError } from "@warmstart/init-core";
import { requireInteger, requirePositive, requireShape } from "../check.js";
import { isS4D } from "./s4d.js";

type Layer = layers.Layer;

export interface ModelStreamOptions {
  /** Sequences side by side. Default 1. */
  readonly batchSize?: number;
  /** Multiplies the rates of the S4D layers: 2 for data at half the sampling frequency of training. Default 1. */
  readonly rate?: number;
}

/** A model, or an S4D layer, that runs step by step. It owns its states; call `dispose` when done. */
export interface ModelStream {
  /** Of one step, the batch first: `[B, C]`, or `[B]` where an Embedding comes first. */
  readonly inputShape: readonly number[];
  /** One input `"B ..."` in, the output so far `"B ..."` out, which is the caller's. */
  step(x: Tensor): Tensor;
  /** Forgets all steps. */
  reset(): void;
  /** Frees the states, not the model; steps throw afterwards. */
  dispose(): void;
}

/** One layer of the chain. Before the pooling its steps are `"B 1 ..."`. */
type Stage = Omit<ModelStream, "inputShape">;

/** A layer where it stands: with the shape of what comes in. */
interface Place {
  readonly layer: Layer;
  readonly shape: readonly (number | null)[];
}

/** These treat every step alike and by itself. */
const perStep: ReadonlySet<string> = new Set(["Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "TimeDistributed", "Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise", "AlphaDropout"]);
/** These do along axes that leave out batch and time. */
const alongAxes: ReadonlySet<string> = new Set(["LayerNormalization", "BatchNormalization", "Softmax"]);

/**
 * A model in recurrent mode: a step costs the same however long the stream, and gives what `model.predict` gives at that step of the whole sequence. With a mean over time the answer is that for the steps so far.
 *
 * The model is a chain (nested models are gone through) of S4D layers and blocks, of layers that treat every step by itself, Dense, activations, dropout (which does nothing), LayerNormalization, BatchNormalization, TimeDistributed, Embedding,
 * and of GlobalAveragePooling1D, after which any layer may follow. The states of S4D layers take their parameters as they are now: after more training make another stream.
 *
 * @returns the caller disposes it, before or after the model.
 * @throws {WarmstartError} INVALID_OPTION, with the layer's name, for layers that need other steps (Conv1D, LSTM, Flatten, a bidirectional S4D or one with `lMax`), for branches, masks, an input without an axis of time, a bad batch size or rate; MODEL_STATE for a model that is not built; and what createRecurrence refuses.
 *
 * @example
 * const stream = await createModelStream(model);
 * const y = stream.step(tf.tensor2d([[0.3]])); // "1 classes"
 */
export async function createModelStream(model: LayersModel, { batchSize = 1, rate = 1 }: ModelStreamOptions = {}): Promise<ModelStream> {
  requireInteger("createModelStream", "batchSize", batchSize, 1, "It counts sequences side by side.");
  requirePositive("createModelStream", "rate", rate, "2 stands for data at half the sampling frequency, 1 for data as in training.");
  const { places, inputShape } = chainOf(model, batchSize);
  const pooling = places.findIndex(({ layer }) => layer.getClassName() === "GlobalAveragePooling1D");
  const timed = pooling === -1 ? places : places.slice(0, pooling);
  for (const place of timed) requirePerStep(place);

  const stages: Stage[] = [];
  const free = () => stages.forEach((stage) => stage.dispose());
  try {
    for (const { layer } of timed) stages.push(isS4D(layer) ? recurrent(await layer.stream({ batchSize, rate })) : stateless(timedCall(layer)));
  } catch (error) {
    free();
    throw error;
  }
  if (pooling !== -1) {
    stages.push(runningMean([batchSize, ...places[pooling]!.shape.slice(2)] as number[]));
    for (const { layer } of places.slice(pooling + 1)) stages.push(stateless((x) => called(layer, x)));
  }

  let disposed = false;
  return {
    inputShape,
    step(x) {
      if (disposed) throw new WarmstartError("MODEL_STATE", "step: the stream must not be disposed, got a disposed one. Make another with createModelStream.", {});
      requireShape("step", "x", x.shape, inputShape, "It is one step of the model's input, without the axis of time.");
      return tf.tidy(() => {
        const y = stages.reduce((z, stage) => stage.step(z), tf.expandDims(x, 1));
        return pooling === -1 ? tf.squeeze(y, [1]) : y;
      });
    },
    reset() {
      if (!disposed) for (const stage of stages) stage.reset();
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      free();
    },
  };
}

/** The layers from input to output, and the shape of one step. */
function chainOf(model: LayersModel, batchSize: number): { places: Place[]; inputShape: number[] } {
  const [inputs, outputs] = [model.inputs ?? [], model.outputs ?? []];
  if (inputs.length === 0 || outputs.length === 0) throw new WarmstartError("MODEL_STATE", `createModelStream: the model "${model.name}" must be built, got one without an input. Give its first layer an \`inputShape\`.`, { model: model.name });
  if (inputs.length !== 1 || outputs.length !== 1) throw new WarmstartError("INVALID_OPTION", `createModelStream: the model "${model.name}" must have one input and one output, got ${inputs.length} and ${outputs.length}. Make a model of one chain: tf.model({ inputs, outputs }).`, { model: model.name, inputs: inputs.length, outputs: outputs.length });
  const places = before(outputs[0]!);
  const [, time, ...rest] = inputs[0]!.shape;
  if (time === undefined || rest.includes(null)) throw new WarmstartError("INVALID_OPTION", `createModelStream: the input of the model "${model.name}" must have shape [batch, time, ...] with known sizes after time, got [${inputs[0]!.shape.map((size) => size ?? "*").join(", ")}]. Build the model for sequences.`, { model: model.name, shape: inputs[0]!.shape });
  return { places, inputShape: [batchSize, ...(rest as number[])] };
}

/** The layers that lead to a tensor, in order. */
function before(tensor: SymbolicTensor): Place[] {
  const layer = tensor.sourceLayer;
  if (layer.getClassName() === "InputLayer") return [];
  const { inputTensors } = layer.inboundNodes[tensor.nodeIndex]!;
  if (inputTensors.length !== 1) refuse(layer, "must have one input", `got ${inputTensors.length}`, "A stream goes through a chain of layers; put a residual inside a block, as s4dBlock does.");
  const inner = (layer as Layer & { outputs?: SymbolicTensor[] }).outputs; // of a model used as a layer
  const [source] = inputTensors as [SymbolicTensor];
  return [...before(source), ...(inner === undefined ? [{ layer, shape: source.shape }] : before(inner[0]!))];
}

function requirePerStep({ layer, shape }: Place): void {
  const [name, config] = [layer.getClassName(), layer.getConfig()];
  if (name === "Embedding") {
    if (config.maskZero === true) refuse(layer, "must have `maskZero` false", "got true", "Leave the steps that it masks out of the stream.");
    return;
  }
  if (shape.length < 3) refuse(layer, "must get an input [batch, time, ...] before the pooling over time", `got [${shape.map((size) => size ?? "*").join(", ")}]`, "Build the model for sequences.");
  if (isS4D(layer) || perStep.has(name)) return;
  if (!alongAxes.has(name)) refuse(layer, "must treat every step by itself, or be S4D, S4DBlock or GlobalAveragePooling1D", `got class ${name}`, "Run such a model on whole sequences with model.predict, or replace the layer.");
  const axes = [config.axis].flat() as number[];
  if (axes.some((axis) => (axis < 0 ? axis + shape.length : axis) < 2)) refuse(layer, "must leave the axes of batch and time alone", `got axis ${axes.join(", ")}`, "Use axis -1.");
}

function refuse(layer: Layer, needed: string, got: string, advice: string): never {
  throw new WarmstartError("INVALID_OPTION", `createModelStream: the layer "${layer.name}" ${needed}, ${got}. ${advice}`, { layer: layer.name, className: layer.getClassName() });
}

const called = (layer: Layer, x: Tensor): Tensor => [layer.call(x, {})].flat()[0]!;

/** An Embedding with an `inputLength` refuses single steps, so its rows are taken here. */
const timedCall = (layer: Layer): Stage["step"] => (layer.getClassName() === "Embedding" ? (x) => tf.gather(layer.getWeights()[0]!, tf.cast(x, "int32")) : (x) => called(layer, x));

const stateless = (step: Stage["step"]): Stage => ({ step, reset: () => undefined, dispose: () => undefined });

const recurrent = (stream: ModelStream): Stage => ({ ...stream, step: (x) => tf.expandDims(stream.step(tf.squeeze(x, [1])), 1) });

/** The mean of the steps so far. */
function runningMean(shape: number[]): Stage {
  let [count, mean] = [0, tf.zeros(shape)];
  const replace = (next: Tensor) => {
    mean.dispose();
    mean = tf.keep(next); // a step may run in a tidy of the caller's
  };
  return {
    step(x) {
      count++;
      replace(tf.add(mean, tf.div(tf.sub(tf.squeeze(x, [1]), mean), count)));
      return tf.clone(mean);
    },
    reset() {
      count = 0;
      replace(tf.zeros(shape));
    },
    dispose: () => mean.dispose(),
  };
}
