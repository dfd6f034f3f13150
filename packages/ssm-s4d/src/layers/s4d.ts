// The S4D layer (state-spaces/s4, models/s4/s4d.py; Gu et al. 2022, arXiv:2206.11893): state space models, GELU, a linear map over the features, GLU.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D, Variable } from "@tensorflow/tfjs-core";
import { layers, type LayerVariable, type Shape } from "@tensorflow/tfjs-layers";
import { subSeed, varianceScaling, WarmstartError } from "@warmstart/init-core";
import { requireChoice, requireDState, requireShape, requireSteps } from "../check.js";
import type { Discretization } from "../discretize.js";
import { createParameters, logBounds, ssmOf, type S4DParameters, type S4DParametersOptions } from "../parameters.js";
import { createRecurrence } from "../recurrence.js";
import { kernelLength, s4dForward } from "../s4d-forward.js";
import type { S4DInitOptions } from "../s4d-init.js";
import { bandLimited, mostGrowth } from "../s4d-kernel.js";
import { gelu, glu } from "./activations.js";
import type { ModelStream, ModelStreamOptions } from "./model-stream.js";

/** What every tfjs layer takes. */
interface LayerArgs {
  readonly name?: string;
  readonly trainable?: boolean;
  readonly inputShape?: Shape;
  readonly batchInputShape?: Shape;
  readonly batchSize?: number;
}

/** Options of the S4D layer, beside those of every tfjs layer. Everything is kept in the configuration and comes back with a saved model. */
export interface S4DLayerArgs extends LayerArgs, Omit<S4DInitOptions, "features" | "seed">, Pick<S4DParametersOptions, "init" | "dtMin" | "dtMax"> {
  /** How Δ enters. Default "zoh". */
  readonly method?: Discretization;
  /** Reads the sequence from both ends; such a layer cannot run step by step. Default false. */
  readonly bidirectional?: boolean;
  /** Multiplies Δ: 2 for data at half the sampling frequency of training. Default 1. */
  readonly rate?: number;
  /** The kernel has round(lMax / rate) entries at most. Default the length of the sequence. */
  readonly lMax?: number | null;
  /** Modes at or above this share of the Nyquist frequency are left out. Default null, none. */
  readonly bandlimit?: number | null;
  /** After the state space models. Default "gelu", the exact one. */
  readonly activation?: "gelu" | "relu" | "linear";
  /** "glu": a linear map to twice the features, of which one half gates the other; "linear": to as many, without a gate; "none": no map. Default "glu". */
  readonly finalActivation?: "glu" | "linear" | "none";
  /** Share of the features set to 0 in training, the same ones at every step of a sequence. Default 0. */
  readonly dropout?: number;
  /** Whether B is trained. Only its product with C matters, so it may stay. Default true. */
  readonly trainB?: boolean;
  /** An integer: starting values and dropout. Default 0. */
  readonly seed?: number;
}

/** What became of every option that was left out. */
const defaults = { init: "legs", dState: 64, dtMin: 1e-3, dtMax: 1e-1, method: "zoh", bidirectional: false, rate: 1, lMax: null, bandlimit: null, activation: "gelu", finalActivation: "glu", dropout: 0, trainB: true, seed: 0 } as const;

/** Options of createParameters that a layer takes as they are. */
const startNames = ["realScale", "imagScale", "realRandom", "imagRandom", "bInit", "bScale", "normalize", "bClip", "halveB"] as const;

type S4DSettings = Required<Pick<S4DLayerArgs, keyof typeof defaults>> & Pick<S4DLayerArgs, (typeof startNames)[number]>;
type ParameterName = keyof S4DParameters;
const parameterNames: readonly ParameterName[] = ["logDt", "logAReal", "aImag", "bRe", "bIm", "cRe", "cIm", "d"];

/**
 * `"B L H"` → `"B L H"` for any L: H state space models, one a feature, then GELU, dropout, and a linear map over the features with a GLU.
 *
 * Masks: steps that a mask leaves out count as 0, and the mask is handed on. Weights: `logDt "H"`, `logAReal`, `aImag`, `bRe`, `bIm` `"H M"`, `cRe`, `cIm` `"H M"` (bidirectional `"2 H M"`), `d "H"`,
 * `kernel "H 2H"` and `bias "2H"`, M = dState / 2. tfjs owns them; `model.dispose()` frees them.
 *
 * @see Gu et al. 2022, arXiv:2206.11893; the authors' `S4D` of models/s4/s4d.py, to which B is added as in their full file.
 */
export class S4D extends layers.Layer {
  static readonly className: string = "S4D";
  override readonly supportsMasking = true;
  readonly settings: S4DSettings;
  private parameterWeights!: Readonly<Record<ParameterName, LayerVariable>>;
  private map: { kernel: LayerVariable; bias: LayerVariable } | undefined;
  private trainingCalls = 0;
  private warned = false;

  constructor(args: S4DLayerArgs = {}) {
    super(args);
    const given = Object.fromEntries([...Object.keys(defaults), ...startNames].flatMap((name) => (args[name as keyof S4DLayerArgs] === undefined ? [] : [[name, args[name as keyof S4DLayerArgs]]])));
    this.settings = { ...defaults, ...given };
    const { dState, dtMin, dtMax, method, activation, finalActivation, dropout, seed } = this.settings;
    requireDState("S4D", dState);
    requireSteps("S4D", dtMin, dtMax);
    requireChoice("S4D", "method", method, ["zoh", "bilinear"]);
    requireChoice("S4D", "activation", activation, ["gelu", "relu", "linear"]);
    requireChoice("S4D", "finalActivation", finalActivation, ["glu", "linear", "none"]);
    if (!(dropout >= 0 && dropout < 1)) throw new WarmstartError("INVALID_OPTION", `S4D: \`dropout\` must be at least 0 and below 1, got ${dropout}. It is the share of the features that is left out in training.`, { dropout });
    if (!Number.isInteger(seed)) throw new WarmstartError("INVALID_OPTION", `S4D: \`seed\` must be an integer, got ${seed}. It is kept in the configuration of the layer.`, { seed });
  }

  override build(inputShape: Shape | Shape[]): void {
    const features = featuresOf(inputShape);
    const { trainB, finalActivation, bidirectional, seed } = this.settings;
    tf.tidy(() => {
      const start = createParameters({ ...this.settings, features, channels: bidirectional ? 2 : 1 });
      const entries = parameterNames.map((name) => [name, this.addStarted(name, start[name], trainB || !name.startsWith("b"))]);
      this.parameterWeights = Object.fromEntries(entries) as Record<ParameterName, LayerVariable>;
      if (finalActivation === "none") return;
      const width = finalActivation === "glu" ? 2 * features : features;
      const draw = varianceScaling({ scale: 1 / 3, mode: "fanIn", distribution: "uniform", seed: subSeed(seed, "kernel") }); // of a linear layer of torch, as in the authors' code
      this.map = { kernel: this.addStarted("kernel", draw.apply([features, width])), bias: this.addStarted("bias", tf.zeros([width])) };
    });
    super.build(inputShape);
  }

  /** A weight with these values. */
  protected addStarted(name: string, value: Tensor, trainable = true): LayerVariable {
    const given = { apply: () => value } as unknown as Parameters<typeof this.addWeight>[3]; // all that addWeight asks of an initializer
    return this.addWeight(name, value.shape, "float32", given, undefined, trainable);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return inputShape as Shape;
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean; mask?: Tensor | Tensor[] | null }): Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const mask = Array.isArray(kwargs?.mask) ? kwargs.mask[0] : kwargs?.mask;
      const training = kwargs?.training === true;
      const { method, rate, bandlimit, lMax, bidirectional } = this.settings;
      const { d, ...rest } = this.parameters();
      this.warnOfTruncation(single(inputs).shape[1]!);
      const layer = (x: Tensor) => {
        const seen = mask ? tf.mul(x, tf.expandDims(tf.cast(mask, "float32"), 2)) : x;
        const y = s4dForward(tf.transpose(seen, [0, 2, 1]) as Tensor3D, ssmOf(rest), { method, rate, bandlimit, lMax, bidirectional, d });
        return this.finish(tf.transpose(y, [0, 2, 1]), training);
      };
      return this.around(single(inputs), layer, training);
    });
  }

  /**
   * The built layer one step at a time, with the values that A, B, C, D and Δ have now: what `call` gives for a whole sequence outside of training. Warns when logarithms of Δ or Re A have left the range in which they are held.
   *
   * @returns `step` takes and gives `"B H"`; the caller disposes it.
   * @throws {WarmstartError} INVALID_OPTION when the layer is bidirectional or has an `lMax`, and for a bad batch size or rate; and what {@link createRecurrence} refuses.
   */
  async stream({ batchSize = 1, rate = 1 }: ModelStreamOptions = {}): Promise<ModelStream> {
    const { method, bandlimit, lMax, bidirectional } = this.settings;
    if (bidirectional || lMax !== null) {
      const [needed, reason] = bidirectional ? ["`bidirectional: false`", "It reads what is yet to come"] : ["`lMax: null`", "Its kernel forgets what a state does not"];
      throw new WarmstartError("INVALID_OPTION", `stream: the layer "${this.name}" must have ${needed}, got ${bidirectional || lMax}. ${reason}: train a model without it for streams.`, { layer: this.name, bidirectional, lMax });
    }
    const { d, ...rest } = this.parameters();
    await this.warnOfHolding(rest);
    const model = tf.tidy(() => {
      const { dt, aRe, cRe, cIm } = bandLimited("stream", ssmOf(rest), bandlimit);
      return { dt, aRe: tf.minimum(aRe, mostGrowth) as Tensor2D, cRe: tf.clone(cRe), cIm: tf.clone(cIm!) };
    });
    const { aImag: aIm, bRe, bIm } = rest;
    const recurrence = await createRecurrence({ ...model, aIm, bRe, bIm }, { method, rate: this.settings.rate * rate, batchSize, d }).finally(() => tf.dispose(model));
    const inputShape = [batchSize, d.shape[0]];
    return {
      inputShape,
      step: (x) => {
        requireShape("step", "x", x.shape, inputShape, "One number a sequence and a feature.");
        return tf.tidy(() => this.around(tf.cast(x, "float32"), (z) => this.finish(recurrence.step(z as Tensor2D), false), false));
      },
      reset: () => recurrence.reset(),
      dispose: () => recurrence.dispose(),
    };
  }

  /** Once a layer: what it forgets it forgets without a trace. */
  private warnOfTruncation(length: number): void {
    const { lMax, rate } = this.settings;
    if (this.warned || lMax === null || kernelLength(length, { lMax, rate }) === length) return;
    this.warned = true;
    console.warn(`S4D: the layer "${this.name}" sees ${kernelLength(length, { lMax, rate })} of ${length} steps at a time, since its \`lMax\` is ${lMax} at rate ${rate}. Leave \`lMax\` out for a kernel as long as the sequence.`);
  }

  /** Said where parameters are read anyway: training does not wait for the device. */
  private async warnOfHolding({ logDt, logAReal }: Pick<S4DParameters, "logDt" | "logAReal">): Promise<void> {
    const [lowest, highest] = logBounds;
    for (const [name, tensor] of Object.entries({ logDt, logAReal })) {
      const values = await tensor.data();
      const held = values.filter((value) => value < lowest || value > highest).length;
      if (held > 0) console.warn(`S4D: ${held} of ${values.length} values of \`${name}\` in the layer "${this.name}" lie outside of [${lowest}, ${highest}] and count as the nearer end. Training has run away: take a smaller \`ssmLearningRate\`.`);
    }
  }

  /** What a block puts around the layer; nothing here. */
  protected around(x: Tensor, layer: (x: Tensor) => Tensor, _training: boolean): Tensor {
    return layer(x);
  }

  /** What follows the state space models: activation, dropout, linear map and gate, over the last axis. */
  protected finish(y: Tensor, training: boolean): Tensor {
    const { activation, finalActivation } = this.settings;
    const active = activation === "gelu" ? gelu(y) : activation === "relu" ? tf.relu(y) : y;
    const kept = training ? this.drop(active) : active;
    if (this.map === undefined) return kept;
    const [features, width] = this.map.kernel.read().shape as [number, number];
    const rows = tf.add(tf.matMul(tf.reshape(kept, [-1, features]) as Tensor2D, this.map.kernel.read() as Tensor2D), this.map.bias.read());
    const mapped = tf.reshape(rows, [...kept.shape.slice(0, -1), width]);
    return finalActivation === "glu" ? glu(mapped) : mapped;
  }

  /** Dropout tied over time: a new mask a call, the same for all steps of a sequence. */
  protected drop(x: Tensor): Tensor {
    const { dropout, seed } = this.settings;
    if (dropout === 0) return x;
    const [batch, , features] = x.shape as [number, number, number];
    return tf.dropout(x, dropout, [batch, 1, features], subSeed(seed, `${this.name}/dropout/${this.trainingCalls++}`));
  }

  /** The live parameters of the state space models: tfjs variables, which stay the layer's. */
  parameters(): S4DParameters {
    return Object.fromEntries(parameterNames.map((name) => [name, this.parameterWeights[name].read()])) as unknown as S4DParameters;
  }

  /** The variables of A, B and Δ, which want a small learning rate and no decay; those that are trained. */
  ssmVariables(): Variable[] {
    return (["logDt", "logAReal", "aImag", "bRe", "bIm"] as const).filter((name) => this.parameterWeights[name].trainable).map((name) => this.parameterWeights[name].read() as Variable);
  }

  override getConfig() {
    return { ...super.getConfig(), ...this.settings } as unknown as ReturnType<layers.Layer["getConfig"]>;
  }
}

/** By name and not by instanceof, so that two copies of this package agree. */
const classes: ReadonlySet<string> = new Set(["S4D", "S4DBlock"]);

export const isS4D = (layer: layers.Layer): layer is S4D => classes.has(layer.getClassName());

/** The number of features of "B L H". */
export function featuresOf(inputShape: Shape | Shape[]): number {
  const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as Shape;
  const features = shape.at(-1);
  if (shape.length === 3 && typeof features === "number") return features;
  throw new WarmstartError("SHAPE_MISMATCH", `S4D: the input must have shape [batch, time, features] with a known number of features, got [${shape.map((size) => size ?? "*").join(", ")}]. Put a Dense or Embedding layer before it, or a Reshape.`, { shape });
}

const single = (inputs: Tensor | Tensor[]): Tensor => (Array.isArray(inputs) ? inputs[0]! : inputs);
