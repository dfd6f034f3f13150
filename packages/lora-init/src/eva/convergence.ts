// Per input: its components so far, which of them have come to rest, and whether it is still watched.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import type { PrincipalOptions, StreamingComponents } from "./components.js";

/**
 * How a direction is compared with itself one batch earlier. "absolute": |cos|. "signed": cos, as the authors and PEFT do; when the
 * largest entry changes place the sign convention flips the direction, which then counts as movement.
 */
export type Similarity = "absolute" | "signed";

/** Directions of one layer input while batches go by. Owns the statistics and its tensors. */
export class TrackedInput {
  readonly statistics: StreamingComponents;
  /** How many directions are followed. */
  readonly k: number;
  ratio: Float64Array = new Float64Array(0);
  singularValues: Float64Array = new Float64Array(0);
  /** |cos| of each direction with itself one batch earlier; empty before the second batch. */
  cosines: number[] = [];
  components: Tensor2D | undefined;

  constructor(statistics: StreamingComponents, k: number) {
    this.statistics = statistics;
    this.k = k;
  }

  /** Takes the directions anew and compares them with the last ones. Unpolished ones are good for |cos| alone. */
  async refresh(options?: PrincipalOptions): Promise<void> {
    const previous = this.components;
    const { components, singularValues, ratio } = await this.statistics.principal(this.k, options);
    this.components = components;
    this.singularValues = singularValues;
    this.ratio = ratio;
    if (previous === undefined) return;
    const compared = Math.min(previous.shape[0], components.shape[0]);
    const similarity = tf.tidy(() => {
      const first = (rows: Tensor2D) => tf.slice(rows, [0, 0], [compared, this.statistics.width]);
      return tf.sum(tf.mul(first(previous), first(components)), 1);
    });
    this.cosines = Array.from(await similarity.data());
    similarity.dispose();
    previous.dispose();
  }

  /** Whether the first `rank` directions stayed where they were. */
  settled(rank: number, tau: number, similarity: Similarity): boolean {
    if (this.cosines.length === 0) return false;
    return this.cosines.slice(0, rank).every((cosine) => (similarity === "signed" ? cosine : Math.abs(cosine)) >= tau);
  }

  dispose(): void {
    this.components?.dispose();
    this.components = undefined;
    this.statistics.dispose();
  }
}
