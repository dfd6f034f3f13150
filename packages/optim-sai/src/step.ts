// What the updates of all variables in one step share. They are made of old ← keep · old − rate · direction.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Variable } from "@tensorflow/tfjs-core";
import { NativePlace } from "./native-place.js";
import { usingUp } from "./using-up.js";

/** Below this size calls take longer than passes over memory. */
export const largeSize = 1 << 16;
/** In a quotient instead of 0, to which every other rate is large in float32. */
const tiny = 1e-30;

/** To be disposed after the step. */
export class Step {
  private readonly constants = new Map<number, Scalar>();
  private readonly place = NativePlace.open();

  /** A number as a tensor, which stays the step's: made once, for many variables have the same factors. */
  constant(value: number): Scalar {
    const known = this.constants.get(value);
    if (known !== undefined) return known;
    const made = tf.keep(tf.scalar(value));
    this.constants.set(value, made);
    return made;
  }

  /**
   * old ← keep · old − rate · gain · direction, all float32. Nothing else changes: neither `direction` nor snapshots that share the
   * variable's memory, whom the native backend gives a copy. In a tidy.
   */
  advance(old: Variable, keep: Scalar | number, rate: Scalar | number, direction: Tensor, gain?: Tensor): void {
    if (this.place !== undefined && old.size >= largeSize && typeof keep === "number" && keep > 0) return this.advanceIn(this.place, old, keep, rate, direction, gain);
    const kept = keep === 1 ? tf.clone<Tensor>(old) : tf.mul<Tensor>(old, this.tensor(keep));
    const step = tf.mul(direction, this.product(rate, gain));
    old.assign(usingUp(tf.sub(kept, step), kept, step) as never);
  }

  private advanceIn(place: NativePlace, old: Variable, keep: number, rate: Scalar | number, direction: Tensor, gain: Tensor | undefined): void {
    if (keep === 1) return place.descend(old, this.product(rate, gain), direction);
    // (old − α · direction) / (1 + α · l2), with α = rate / keep and 1 + α · l2 = 1 / keep.
    const shrink = 1 / keep - 1;
    if (typeof rate === "number" && gain === undefined) {
      const alpha = rate / keep || tiny;
      return place.descendAndShrink(old, this.constant(alpha), this.constant(shrink / alpha), this.constant(0), direction);
    }
    const alpha = tf.add<Scalar>(typeof rate === "number" ? this.product(rate / keep, gain) : tf.div(this.product(rate, gain), this.constant(keep)), this.constant(tiny));
    place.descendAndShrink(old, alpha, tf.div(this.constant(shrink), alpha), this.constant(0), direction);
  }

  private product(rate: Scalar | number, gain: Tensor | undefined): Scalar {
    return gain === undefined ? this.tensor(rate) : tf.mul(gain, this.tensor(rate));
  }

  private tensor(value: Scalar | number): Scalar {
    return typeof value === "number" ? this.constant(value) : value;
  }

  dispose(): void {
    this.place?.dispose();
    tf.dispose([...this.constants.values()]);
  }
}
