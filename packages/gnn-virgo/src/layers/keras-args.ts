// Arguments that Keras names, read by tfjs' own Dense layer: tfjs-layers exports no function that turns "relu" or "glorotUniform" into what they stand for.
import type { Tensor } from "@tensorflow/tfjs-core";
import { layers, type Shape } from "@tensorflow/tfjs-layers";

type DenseArgs = Parameters<typeof layers.dense>[0];
type AddWeight = Parameters<layers.Layer["addWeight"]>;
/** An initializer as a layer's `addWeight` takes it. */
export type Initializer = NonNullable<AddWeight[3]>;
type Regularizer = AddWeight[4];

/** What every tfjs layer takes. */
export interface LayerArgs {
  readonly name?: string;
  readonly trainable?: boolean;
  readonly inputShape?: Shape;
  readonly batchInputShape?: Shape;
  readonly batchSize?: number;
}

/** What a Dense layer takes as well, with the same meaning. */
export interface KerasArgs extends LayerArgs {
  /** Features of the output. */
  readonly units: number;
  /** Default: none. */
  readonly activation?: DenseArgs["activation"];
  /** Default true. */
  readonly useBias?: boolean;
  /** Default "glorotUniform", as in PyG. */
  readonly kernelInitializer?: DenseArgs["kernelInitializer"];
  /** Default "zeros". */
  readonly biasInitializer?: DenseArgs["biasInitializer"];
  /** Default: none. */
  readonly kernelRegularizer?: DenseArgs["kernelRegularizer"];
}

/** The arguments, understood, and as they go into a layer's configuration. */
export interface Understood {
  readonly activate: <T extends Tensor>(x: T) => T;
  readonly useBias: boolean;
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
  readonly kernelRegularizer: Regularizer;
  readonly config: Readonly<Record<string, unknown>>;
}

const names = ["units", "activation", "useBias", "kernelInitializer", "biasInitializer", "kernelRegularizer"] as const;

export function understand(args: KerasArgs): Understood {
  const { units, activation, useBias = true, kernelInitializer = "glorotUniform", biasInitializer = "zeros", kernelRegularizer } = args;
  // A name, or it would count on tfjs' automatic ones.
  const dense = layers.dense({ name: "arguments", units, activation, useBias, kernelInitializer, biasInitializer, kernelRegularizer } as DenseArgs);
  const fields = dense as unknown as Omit<Understood, "activate" | "config"> & { activation: { apply<T extends Tensor>(x: T): T } };
  const config = dense.getConfig();
  return {
    activate: (x) => fields.activation.apply(x),
    useBias,
    kernelInitializer: fields.kernelInitializer,
    biasInitializer: fields.biasInitializer,
    kernelRegularizer: fields.kernelRegularizer,
    config: Object.fromEntries(names.map((name) => [name, config[name]])),
  };
}
