// Count, mean and scatter of rows, streaming: exact, independent of the order of batches, mergeable.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { packArchive, unpackArchive } from "../archive.js";
import { WarmstartError } from "../errors.js";

const format = "warmstart-input-moments";

/**
 * First and second moments of `"rows width"` data in `width² + 2·width` floats, however many rows. Sums are taken about the
 * first batch's mean: with the large means of deep activations, sums about zero would lose the small directions in float32.
 * State can be saved; moments of shards can be merged. Owns its tensors.
 */
export class InputMoments {
  readonly width: number;
  rows = 0;
  private shift: Tensor1D | undefined;
  private sum: Tensor1D | undefined;
  private products: Tensor2D | undefined;

  constructor(width: number) {
    this.width = width;
  }

  /** Adds rows, `"rows width"`; they stay the caller's. */
  update(rows: Tensor2D): void {
    if (rows.shape[1] !== this.width) throw new WarmstartError("SHAPE_MISMATCH", `InputMoments.update: rows must have ${this.width} columns, got shape [${rows.shape}].`, { expected: this.width, received: rows.shape });
    if (rows.shape[0] === 0) return;
    this.shift ??= tf.mean(rows, 0) as Tensor1D;
    const [sum, products] = tf.tidy(() => {
      const centred = tf.sub(rows, this.shift!) as Tensor2D;
      return [tf.sum(centred, 0) as Tensor1D, tf.matMul(tf.transpose(centred), centred) as Tensor2D];
    });
    this.add(rows.shape[0], sum, products);
  }

  /** Adds the moments of another shard; `other` stays its owner's. */
  merge(other: InputMoments): this {
    if (other.width !== this.width) throw new WarmstartError("SHAPE_MISMATCH", `InputMoments.merge: widths ${this.width} and ${other.width} differ.`);
    if (other.shift === undefined) return this;
    this.shift ??= other.shift.clone();
    const [sum, products] = tf.tidy(() => {
      // Σ(x−c)(x−c)ᵀ from sums about c′, with d = c′ − c: S′ + d·s′ᵀ + s′·dᵀ + M·d·dᵀ.
      const d = tf.sub(other.shift!, this.shift!) as Tensor1D;
      const cross = tf.outerProduct(d, other.sum!);
      const square = tf.mul(tf.outerProduct(d, d), other.rows);
      return [tf.add(other.sum!, tf.mul(d, other.rows)) as Tensor1D, tf.addN([other.products!, cross, tf.transpose(cross), square as Tensor2D]) as Tensor2D];
    });
    this.add(other.rows, sum, products);
    return this;
  }

  private add(rows: number, sum: Tensor1D, products: Tensor2D): void {
    const [oldSum, oldProducts] = [this.sum, this.products];
    this.sum = oldSum === undefined ? sum : (tf.add(oldSum, sum) as Tensor1D);
    this.products = oldProducts === undefined ? products : (tf.add(oldProducts, products) as Tensor2D);
    if (oldSum !== undefined) tf.dispose([oldSum, oldProducts!, sum, products]);
    this.rows += rows;
  }

  /** `"width"`; the caller disposes it. */
  mean(): Tensor1D {
    this.requireRows("mean");
    return tf.tidy(() => tf.add(this.shift!, tf.div(this.sum!, this.rows)));
  }

  /**
   * Sum of squares and products, `"width width"`; divide by `rows - 1` (or `rows`) for a covariance. The caller disposes it.
   *
   * @param center about the mean (default), else about zero.
   */
  scatter(center = true): Tensor2D {
    this.requireRows("scatter");
    return tf.tidy(() => {
      // About the mean m = c + s/M: S − s·sᵀ/M. About zero add M·m·mᵀ to that.
      const centred = tf.sub(this.products!, tf.div(tf.outerProduct(this.sum!, this.sum!), this.rows)) as Tensor2D;
      if (center) return centred;
      const mean = this.mean();
      return tf.add(centred, tf.mul(tf.outerProduct(mean, mean), this.rows));
    });
  }

  /** Bytes of state on the backend; does not depend on the number of batches. */
  get bytes(): number {
    return this.products === undefined ? 0 : 4 * (this.width * this.width + 2 * this.width);
  }

  save(): Promise<Uint8Array> {
    this.requireRows("save");
    return packArchive(format, { width: this.width, rows: this.rows }, { shift: this.shift!, sum: this.sum!, products: this.products! });
  }

  static load(bytes: Uint8Array): InputMoments {
    const { meta, tensors } = unpackArchive<{ width: number; rows: number }>("InputMoments.load", format, bytes);
    const loaded = new InputMoments(meta.width);
    const { shift, sum, products } = tensors();
    [loaded.shift, loaded.sum, loaded.products, loaded.rows] = [shift as Tensor1D, sum as Tensor1D, products as Tensor2D, meta.rows];
    return loaded;
  }

  dispose(): void {
    for (const tensor of [this.shift, this.sum, this.products]) tensor?.dispose();
    this.shift = this.sum = this.products = undefined;
    this.rows = 0;
  }

  private requireRows(what: string): void {
    if (this.products === undefined) throw new WarmstartError("INSUFFICIENT_DATA", `InputMoments.${what}: no rows were seen. Call update with data first.`);
  }
}
