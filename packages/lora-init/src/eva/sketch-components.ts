// For wide layers: a streaming Nyström sketch. The scatter matrix C (width × width) is never formed; kept is Y = C·V for a basis V
// of `columns` directions, which costs 4·rows·width·columns a batch instead of 2·rows·width², and 2·width·columns floats.
// V starts as the leading directions of the first batch and is renewed from Y whenever the number of rows has doubled, so that it
// follows the data (one step of subspace iteration each time); what V did not see of the past is forgotten, as in incremental PCA,
// but far less of it: on a spectrum λ_i = 1/i, 20 batches of 1024 rows, 32 of 768 directions, overlap with the exact subspace is
// 0.994 at 64 columns where incremental PCA reaches 0.94 to 0.96 (two seeds, native backend).
// Halko, Martinsson, Tropp 2011 (§5.5); Tropp, Yurtsever, Udell, Cevher 2017 (streaming Nyström).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { randomNormal } from "@warmstart/init-core";
import { orthonormalize, symmetricEigenHost } from "@warmstart/linalg";
import { positivePeaks, ratios, singularValuesOf, type PrincipalComponents, type PrincipalOptions, type StreamingComponents } from "./components.js";

interface State {
  /** About which sums are taken: the first batch's mean, or zero when not centred. */
  readonly shift: Tensor1D;
  /** V, `"width columns"`, orthonormal. */
  readonly basis: Tensor2D;
  /**
   * `"columns+1 width"`: Yᵀ = (Σ (x − shift)(x − shift)ᵀ·V)ᵀ, in which rows are multiplied without a transpose of them, and below it
   * Σ (x − shift), which the same product gives.
   */
  readonly sums: Tensor2D;
  /** Σ ‖x − shift‖², a scalar. */
  readonly squares: Tensor;
}

export class SketchComponents implements StreamingComponents {
  readonly width: number;
  readonly columns: number;
  rows = 0;
  private readonly center: boolean;
  private readonly seed: number;
  private nextRenewal = 0;
  private state: State | undefined;

  /** @param columns of the sketch; twice the number of directions wanted is a good choice. */
  constructor(width: number, columns: number, { center = true, seed = 0 }: { center?: boolean; seed?: number } = {}) {
    this.width = width;
    this.columns = Math.min(columns, width);
    this.center = center;
    this.seed = seed;
  }

  get bytes(): number {
    return this.state === undefined ? 0 : 4 * (2 * this.width * this.columns + 2 * this.width + 1);
  }

  async update(rows: Tensor2D): Promise<void> {
    if (rows.shape[0] === 0) return;
    if (this.state === undefined) await this.start(rows);
    const { shift, basis, sums, squares } = this.state!;
    const fresh = tf.tidy(() => {
      const x = tf.sub(rows, shift) as Tensor2D;
      const left = tf.concat2d([tf.transpose(tf.matMul(x, basis)) as Tensor2D, tf.ones([1, rows.shape[0]])], 0);
      return { sums: tf.add(sums, tf.matMul(left, x)) as Tensor2D, squares: tf.add(squares, tf.sum(tf.square(x))) };
    });
    tf.dispose([sums, squares]);
    this.state = { shift, basis, ...fresh };
    this.rows += rows.shape[0];
    if (this.rows >= this.nextRenewal) {
      await this.renew();
      this.nextRenewal = 2 * this.rows;
    }
  }

  /** V from the first batch: a step of subspace iteration on its own scatter; renewals take it further. */
  private async start(rows: Tensor2D): Promise<void> {
    const shift = this.center ? (tf.mean(rows, 0) as Tensor1D) : tf.zeros<tf.Rank.R1>([this.width]);
    const x = tf.sub(rows, shift) as Tensor2D;
    const xt = tf.transpose(x);
    const draws = randomNormal([this.width, this.columns], { seed: this.seed }) as Tensor2D;
    const image = tf.tidy(() => tf.matMul(xt, tf.matMul(x, draws)) as Tensor2D);
    const basis = await orthonormalize(image, { seed: this.seed });
    tf.dispose([draws, image]);
    tf.dispose([x, xt]);
    this.state = { shift, basis, sums: tf.zeros([this.columns + 1, this.width]), squares: tf.scalar(0) };
    this.nextRenewal = 2 * rows.shape[0];
  }

  /** V ← basis of the range of Y; Y ← Ĉ·V for the Nyström approximation Ĉ = B·Bᵀ of what was seen. */
  private async renew(): Promise<void> {
    const { basis, sums } = this.state!;
    const upright = this.image();
    const root = await nystromRoot(basis, upright);
    const renewed = await orthonormalize(upright, { seed: this.seed });
    const next = tf.tidy(() => tf.concat2d([tf.transpose(tf.matMul(root, tf.matMul(tf.transpose(root), renewed))) as Tensor2D, this.sum()], 0));
    tf.dispose([root, basis, sums, upright]);
    this.state = { ...this.state!, basis: renewed, sums: next };
  }

  async principal(k: number, { polish = true }: PrincipalOptions = {}): Promise<PrincipalComponents> {
    const { basis } = this.state!;
    // About the mean: (C − s·sᵀ/M)·V.
    const centred = tf.tidy(() => {
      if (!this.center) return this.image();
      const sum = this.sum();
      return tf.sub(this.image(), tf.matMul(tf.div(tf.transpose(sum), this.rows), tf.matMul(sum, basis))) as Tensor2D;
    });
    const root = await nystromRoot(basis, centred);
    centred.dispose();
    const gram = tf.tidy(() => tf.matMul(tf.transpose(root), root));
    const size = root.shape[1];
    const { values, vectors } = symmetricEigenHost(Float64Array.from(await gram.data()), size);
    gram.dispose();
    const found = Math.min(k, size);
    const total = await this.totalVariance();
    const singularValues = new Float64Array(k);
    singularValues.set(singularValuesOf(values.slice(0, found), total));
    const turn = new Float32Array(size * found);
    for (let j = 0; j < found; j++) {
      for (let i = 0; i < size; i++) turn[i * found + j] = singularValues[j]! > 0 ? vectors[i * size + j]! / singularValues[j]! : 0;
    }
    const raw = tf.tidy(() => {
      const columns = tf.matMul(root, tf.tensor2d(turn, [size, found])) as Tensor2D;
      return found === k ? columns : (tf.pad(columns, [[0, 0], [0, k - found]]) as Tensor2D);
    });
    root.dispose();
    if (!polish) {
      const rough = tf.transpose(raw);
      raw.dispose();
      return { components: rough, singularValues, ratio: ratios(singularValues, total) };
    }
    // In float32 the weakest directions are only nearly orthonormal; missing ones are completed.
    const orthonormal = await orthonormalize(raw, { seed: this.seed });
    const components = tf.tidy(() => positivePeaks(tf.transpose(alignColumns(orthonormal, raw))));
    tf.dispose([raw, orthonormal]);
    return { components, singularValues, ratio: ratios(singularValues, total) };
  }

  /** Y, `"width columns"`. */
  private image(): Tensor2D {
    return tf.tidy(() => tf.transpose(tf.slice(this.state!.sums, [0, 0], [this.columns, this.width])));
  }

  /** Σ (x − shift), `"1 width"`. */
  private sum(): Tensor2D {
    return tf.slice(this.state!.sums, [this.columns, 0], [1, this.width]);
  }

  mean(): Tensor1D {
    const { shift } = this.state!;
    return tf.tidy(() => tf.add(shift, tf.div(tf.reshape(this.sum(), [-1]), this.rows)));
  }

  async totalVariance(): Promise<number> {
    const { squares } = this.state!;
    const total = tf.tidy(() => (this.center ? tf.sub(squares, tf.div(tf.sum(tf.square(this.sum())), this.rows)) : tf.clone(squares)));
    const [value] = await total.data();
    total.dispose();
    return value!;
  }

  dispose(): void {
    if (this.state !== undefined) tf.dispose([this.state.shift, this.state.basis, this.state.sums, this.state.squares]);
    this.state = undefined;
    this.rows = 0;
  }
}

/**
 * B with B·Bᵀ = Y·(VᵀY)⁺·Yᵀ, `"width p"`: the Nyström approximation's square root, B = Y·L⁻ᵀ for VᵀY = L·Lᵀ. Where float32's
 * rounding has made VᵀY indefinite (data of low rank), directions below that noise are left out instead.
 */
async function nystromRoot(basis: Tensor2D, image: Tensor2D): Promise<Tensor2D> {
  const core = tf.tidy(() => tf.matMul(tf.transpose(basis), image));
  const size = basis.shape[1];
  const raw = await core.data();
  core.dispose();
  const symmetric = Float64Array.from(raw, (_, at) => (raw[at]! + raw[(at % size) * size + Math.floor(at / size)]!) / 2);
  const half = inverseCholesky(symmetric, size) ?? inverseRoot(symmetric, size);
  return tf.tidy(() => tf.matMul(image, tf.tensor2d(half, [size, half.length / size])) as Tensor2D);
}

/** L⁻ᵀ, row-major, for A = L·Lᵀ; undefined when a pivot is not clearly positive. */
function inverseCholesky(a: Float64Array, n: number): Float32Array | undefined {
  const lower = new Float64Array(n * n);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, a[i * n + i]!);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * n + k]! * lower[j * n + k]!;
      if (i !== j) lower[i * n + j] = sum / lower[j * n + j]!;
      else if (sum > noise * largest) lower[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  // Column j of L⁻¹ by forward substitution is row j of L⁻ᵀ.
  const inverse = new Float32Array(n * n);
  const column = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= lower[i * n + k]! * column[k]!;
      column[i] = sum / lower[i * n + i]!;
      inverse[j * n + i] = column[i]!;
    }
  }
  return inverse;
}

/** Columns v_j / √λ_j of the eigenvectors above the noise, `"n p"` row-major; one column of zeros when there are none. */
function inverseRoot(a: Float64Array, n: number): Float32Array {
  const { values, vectors } = symmetricEigenHost(a, n);
  const kept = values.filter((value) => value > Math.max(noise * values[0]!, 0)).length;
  const half = new Float32Array(n * Math.max(1, kept));
  for (let j = 0; j < kept; j++) for (let i = 0; i < n; i++) half[i * kept + j] = vectors[i * n + j]! / Math.sqrt(values[j]!);
  return half;
}

/** Share of the largest value below which sums of float32 products are rounding. */
const noise = 1e-6;

/** `q`, an orthonormal basis built from `raw` column by column, with the signs of `raw`. */
function alignColumns(q: Tensor2D, raw: Tensor2D): Tensor2D {
  const sign = tf.sign(tf.sum(tf.mul(q, raw), 0, true));
  return tf.mul(q, tf.where(tf.equal(sign, 0), tf.onesLike(sign), sign)) as Tensor2D;
}
