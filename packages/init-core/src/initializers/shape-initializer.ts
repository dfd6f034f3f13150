// Initializers that need a shape only, in the form that tfjs-layers accepts without being imported.
import * as tf from "@tensorflow/tfjs-core";
import type { DataType, Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";
import { subSeed } from "../random/sub-seed.js";

type Config = tf.serialization.ConfigDict;

export interface SeedOption {
  /**
   * The same seed gives the same numbers, on every backend: also in two layers of equal shape, so give each its own
   * (`subSeed(seed, "encoder/fc1")`), or let `fill` do it. Without one, every draw of a program has the next seed of a fixed
   * sequence: no two layers start alike, and the same program starts alike every time.
   */
  readonly seed?: number;
}

/** Passes for a tfjs initializer: `tf.layers.dense({ units: 8, kernelInitializer: heNormal({ seed: 1 }) })`. */
export interface ShapeInitializer extends tf.serialization.Serializable {
  /** The registered name; with `config` it makes the object readable as a serialized initializer, which is how tfjs takes it. */
  readonly className: string;
  /** The complete options, JSON; a new object each time. */
  readonly config: Config;
  /** Values of that shape; the caller disposes them. tfjs calls this when it builds a layer. */
  apply(shape: readonly (number | null)[], dtype?: DataType): Tensor;
  /** The same for a known seed, and for the fans of the layer where the shape does not tell them. Used by `fill`. */
  draw(shape: readonly number[], context: DrawContext): Tensor;
  getConfig(): Config;
  fromConfigUsesCustomObjects(): boolean;
}

/** What decides a draw beside the shape. */
export interface DrawContext {
  readonly seed: number;
  readonly fans?: { readonly fanIn: number; readonly fanOut: number };
}

export interface ShapeInitializerDefinition<Options extends object> {
  /** Stands in saved models: unique among all packages, never changed. */
  readonly className: string;
  /**
   * Completes and checks options. Whatever it returns is the config that is saved: JSON. tfjs writes it in snake case and reads
   * it in camel case, values that are strings too, so these must survive that ("fanIn" does, "LSTM" does not).
   */
  readonly options: (given: Partial<Options>) => Options;
  /** Values of `shape`, float32; called in a `tidy`. */
  readonly values: (shape: readonly number[], options: Options, context: DrawContext) => Tensor;
}

/** Makes initializers, and registers their class when it does; `register()` is for a program that only loads saved models. */
export interface ShapeInitializerFactory<Options extends object> {
  (options?: Partial<Options> & SeedOption): ShapeInitializer;
  register(): void;
}

let unseeded = 0;

/**
 * A tfjs initializer with `@tensorflow/tfjs-core` alone: a `Serializable` whose instances have `className` and `config`, so
 * that tfjs-layers reads them as a serialized initializer and makes its own. Survives `model.save` and loading.
 *
 * @example
 * export const constantPlusNoise = defineShapeInitializer<{ value: number }>({
 *   className: "MyConstantPlusNoise",
 *   options: ({ value = 0 }) => ({ value }),
 *   values: (shape, { value }, { seed }) => tf.add(value, randomNormal(shape, { std: 1e-3, seed })),
 * });
 */
export function defineShapeInitializer<Options extends object>({ className, options: complete, values }: ShapeInitializerDefinition<Options>): ShapeInitializerFactory<Options> {
  class Defined extends tf.serialization.Serializable implements ShapeInitializer {
    static readonly className = className;
    readonly #options: Options;
    readonly #seed: number | undefined;

    constructor(given: Partial<Options> & SeedOption = {}) {
      super();
      const { seed } = given;
      if (seed !== undefined && seed !== null && !Number.isSafeInteger(seed)) {
        throw new WarmstartError("INVALID_OPTION", `${className}: seed must be an integer between -(2^53 - 1) and 2^53 - 1, got ${String(seed)}.`, { seed });
      }
      this.#seed = seed ?? undefined; // null is what JSON makes of a missing one
      this.#options = complete(given);
    }

    get className(): string {
      return className;
    }

    get config(): Config {
      return this.getConfig();
    }

    apply(shape: readonly (number | null)[], dtype: DataType = "float32"): Tensor {
      if (dtype !== "float32") throw new WarmstartError("INVALID_OPTION", `${className}: makes float32 weights, asked for ${dtype}.`, { dtype });
      const sizes = shape.map((size) => {
        if (size === null || !Number.isInteger(size) || size < 0) throw new WarmstartError("SHAPE_MISMATCH", `${className}: every size of the shape must be a known non-negative integer, got [${shape.map(String).join(", ")}].`, { shape });
        return size;
      });
      return this.draw(sizes, { seed: this.#seed ?? subSeed(0, `unseeded ${unseeded++}`) });
    }

    draw(shape: readonly number[], context: DrawContext): Tensor {
      return tf.tidy(() => values(shape, this.#options, context));
    }

    getConfig(): Config {
      return { ...this.#options, ...(this.#seed === undefined ? {} : { seed: this.#seed }) } as Config;
    }

    fromConfigUsesCustomObjects(): boolean {
      return false;
    }
  }
  const register = () => tf.serialization.registerClass(Defined);
  const factory = (options?: Partial<Options> & SeedOption): ShapeInitializer => {
    register();
    return new Defined(options);
  };
  return Object.assign(factory, { register });
}
