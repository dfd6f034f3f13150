// Exact: the scatter matrix itself, width² floats. For narrow layers, and wherever the result must not depend on batch order.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { InputMoments } from "@warmstart/init-core";
import { topEigen } from "@warmstart/linalg";
import { positivePeaks, ratios, singularValuesOf, type PrincipalComponents, type StreamingComponents } from "./components.js";

export class GramComponents implements StreamingComponents {
  readonly width: number;
  private readonly moments: InputMoments;
  private readonly center: boolean;
  /** The last directions, `"width k"`: where the next search starts. */
  private last: Tensor2D | undefined;

  constructor(width: number, center = true) {
    this.width = width;
    this.center = center;
    this.moments = new InputMoments(width);
  }

  get rows(): number {
    return this.moments.rows;
  }

  get bytes(): number {
    return this.moments.bytes;
  }

  update(rows: Tensor2D): void {
    this.moments.update(rows);
  }

  async principal(k: number): Promise<PrincipalComponents> {
    const scatter = this.moments.scatter(this.center);
    try {
      // Exact up to 64 columns; above, subspace iteration that goes on from the last result, so that it gets better with every batch.
      const { values, vectors } = await topEigen(scatter, k, this.last === undefined ? { iterations: 12 } : { start: this.last, iterations: 3 });
      this.last?.dispose();
      this.last = vectors;
      const total = await this.totalVariance();
      const singularValues = singularValuesOf(values.slice(0, k), total);
      const components = tf.tidy(() => positivePeaks(tf.transpose(vectors)));
      return { components, singularValues, ratio: ratios(singularValues, total) };
    } finally {
      scatter.dispose();
    }
  }

  mean(): Tensor1D {
    return this.moments.mean();
  }

  async totalVariance(): Promise<number> {
    const trace = tf.tidy(() => tf.sum(tf.mul(this.moments.scatter(this.center), tf.eye(this.width))));
    const [value] = await trace.data();
    trace.dispose();
    return value!;
  }

  dispose(): void {
    this.moments.dispose();
    this.last?.dispose();
    this.last = undefined;
  }
}
