// Incremental PCA as in the EVA authors' code and PEFT (Ross et al. 2008, as in scikit-learn): keeps k directions, forgets the rest
// after every batch, so that the result depends a little on batch order. Here to compare with them; not the default.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { randomizedSvd } from "@warmstart/linalg";
import { positivePeaks, ratios, type PrincipalComponents, type StreamingComponents } from "./components.js";

export class IncrementalComponents implements StreamingComponents {
  readonly width: number;
  rows = 0;
  private readonly k: number;
  private state: { mean: Tensor1D; squares: Tensor1D; components: Tensor2D; singularValues: Float64Array } | undefined;

  /** @param k directions kept after every batch. */
  constructor(width: number, k: number) {
    this.width = width;
    this.k = Math.min(k, width);
  }

  get bytes(): number {
    return 4 * (2 * this.width + this.k * (this.width + 1));
  }

  async update(rows: Tensor2D): Promise<void> {
    const [seen, fresh] = [this.rows, rows.shape[0]];
    const old = this.state;
    const { stacked, mean, squares } = tf.tidy(() => {
      const batchMean = tf.mean(rows, 0) as Tensor1D;
      const centred = tf.sub(rows, batchMean) as Tensor2D;
      const own = tf.sum(tf.square(centred), 0) as Tensor1D;
      if (old === undefined) return { stacked: centred, mean: batchMean, squares: own };
      // The last row corrects for the shift of the mean: √(M·b/(M+b))·(μ − x̄).
      const weight = (seen * fresh) / (seen + fresh);
      const shift = tf.sub(old.mean, batchMean);
      const kept = tf.mul(old.components, tf.expandDims(tf.tensor1d(Array.from(old.singularValues)), 1)) as Tensor2D;
      return {
        stacked: tf.concat([kept, centred, tf.expandDims(tf.mul(shift, Math.sqrt(weight)), 0) as Tensor2D]),
        mean: tf.div(tf.add(tf.mul(old.mean, seen), tf.mul(batchMean, fresh)), seen + fresh) as Tensor1D,
        squares: tf.addN([old.squares, own, tf.mul(tf.square(shift), weight) as Tensor1D]),
      };
    });
    const { u, s, v } = await randomizedSvd(stacked, Math.min(this.k, stacked.shape[0]), { oversample: this.k });
    const components = tf.tidy(() => positivePeaks(tf.transpose(v)));
    tf.dispose([u, v, stacked]);
    this.dispose();
    this.state = { mean, squares, components, singularValues: s };
    this.rows = seen + fresh;
  }

  async principal(k: number): Promise<PrincipalComponents> {
    const { components, singularValues } = this.state!;
    const kept = Math.min(k, components.shape[0]);
    const values = singularValues.slice(0, kept);
    return { components: tf.slice(components, [0, 0], [kept, this.width]), singularValues: values, ratio: ratios(values, await this.totalVariance()) };
  }

  mean(): Tensor1D {
    return this.state!.mean.clone();
  }

  async totalVariance(): Promise<number> {
    const total = tf.sum(this.state!.squares);
    const [value] = await total.data();
    total.dispose();
    return value!;
  }

  dispose(): void {
    if (this.state !== undefined) tf.dispose([this.state.mean, this.state.squares, this.state.components]);
    this.state = undefined;
    this.rows = 0;
  }
}
