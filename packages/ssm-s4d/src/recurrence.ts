// The recurrent mode: one step at a time, for streams.
import * as tf from "@tensorflow/tfjs-core";
import type { Rank, Tensor, Tensor1D, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import { WarmstartError } from "@warmstart/init-core";
import { requireChoice, requireInteger, requireShape } from "./check.js";
import { discretize, type DiscretizeOptions } from "./discretize.js";
import { multiply, requireSsm, type Ssm } from "./ssm.js";
import { requireOneChannel, requireState, type State } from "./state.js";
import { doubled, stepBlock } from "./step-blocks.js";

/** Steps of the largest matrix: its T² products a step are then as many as the state's. */
const largestBlock = 64;

export interface RecurrenceOptions extends DiscretizeOptions {
  /** Sequences side by side. Default 1. */
  readonly batchSize?: number;
  /** Skip weights D, `"H"`; default none. */
  readonly d?: Tensor1D;
  /** Where to begin, `"B H M"`, for instance what forwardState gave; copied. Default zeros. */
  readonly state?: State;
}

/** A model that runs step by step. It owns its tensors; call `dispose` when done. */
export interface Recurrence {
  /** One input `"B H"` in, one output `"B H"` out, which is the caller's: x ← Ā x + B̄ u, y = 2 Re Σ_m C_m x_m + D u. */
  step(u: Tensor2D): Tensor2D;
  /**
   * Many inputs `"B H L"` in, as many outputs `"B H L"` out, which are the caller's: what L steps give, up to rounding, in products with matrices of 64 steps and fewer. The first call makes the matrices, up to 3 H (64 + 2M)² numbers, which stay until `dispose`.
   * NaN or infinity in `u` makes outputs of its sequence and feature NaN from up to 63 steps before it.
   */
  run(u: Tensor3D): Tensor3D;
  /** The state after the last step; valid until the next one, clone it to keep it. */
  readonly state: State;
  /** Back to the state that it was created with. */
  reset(): void;
  /** Frees everything; steps throw afterwards. */
  dispose(): void;
}

/**
 * A model in recurrent mode: Ā and B̄ are computed once, then a step costs O(H M), whatever came before. Equals the convolution with a kernel as long as the input; a shorter kernel forgets, a state does not.
 *
 * Reads Re A, hence async.
 *
 * @returns the caller disposes it.
 * @throws {WarmstartError} NOT_FINITE or INVALID_OPTION when Re A is not a number below 0 everywhere, which would let the state grow without bound; SHAPE_MISMATCH for other shapes; INVALID_OPTION for C with several channels (bidirectional), a bad batch size, method or rate.
 *
 * @example
 * const stream = await createRecurrence(ssm);
 * const y = stream.step(u); // "1 H"
 */
export async function createRecurrence(ssm: Ssm, { method = "zoh", rate = 1, batchSize, d, state: given }: RecurrenceOptions = {}): Promise<Recurrence> {
  const { features, modes } = requireSsm("createRecurrence", ssm);
  requireChoice("createRecurrence", "method", method, ["zoh", "bilinear"]);
  requireOneChannel("createRecurrence", ssm);
  const batch = batchSize ?? given?.re.shape[0] ?? 1;
  requireInteger("createRecurrence", "batchSize", batch, 1, "It counts sequences side by side.");
  if (given !== undefined) requireState("createRecurrence", given, batch, features, modes);
  if (d !== undefined) requireShape("createRecurrence", "d", d.shape, [features], "It holds one skip weight a feature.");
  const bad = (await ssm.aRe.data()).find((re) => !(re < 0));
  if (bad !== undefined) {
    throw new WarmstartError(Number.isNaN(bad) ? "NOT_FINITE" : "INVALID_OPTION", `createRecurrence: \`aRe\` must be below 0 everywhere, got ${bad}. A state with Re A >= 0 never decays; keep −Re A under a transform such as "exp".`, { value: bad });
  }

  const fixed = tf.tidy(() => ({
    ...discretize(ssm, { method, rate }),
    cRe: tf.clone(ssm.cRe),
    cIm: ssm.cIm === undefined ? tf.zerosLike(ssm.cRe) : tf.clone(ssm.cIm),
    d: d === undefined ? tf.zeros<Rank.R1>([features]) : tf.clone(d),
    start: given === undefined ? { re: tf.zeros([batch, features, modes]), im: tf.zeros([batch, features, modes]) } : { re: tf.clone(given.re), im: tf.clone(given.im) },
  }));
  const beginning = (): State => ({ re: tf.clone(fixed.start.re) as Tensor3D, im: tf.clone(fixed.start.im) as Tensor3D });
  const kept = ({ re, im }: State): State => ({ re: tf.keep(re), im: tf.keep(im) }); // a step may run in a tidy of the caller's
  let state = kept(beginning());
  let disposed = false;
  const replace = (next: State) => {
    tf.dispose([state.re, state.im]);
    state = kept(next);
  };
  const blocks = new Map<number, Tensor3D>();
  const block = (steps: number): Tensor3D => {
    const made = blocks.get(steps) ?? tf.keep(tf.tidy(() => (steps === 1 ? stepBlock(fixed, fixed.cRe, fixed.cIm, fixed.d) : doubled(block(steps / 2), steps / 2))));
    blocks.set(steps, made);
    return made;
  };
  const requireAlive = (where: string) => {
    if (disposed) throw new WarmstartError("MODEL_STATE", `${where}: the recurrence must not be disposed, got a disposed one. Make another with createRecurrence.`, {});
  };
  return {
    get state() {
      return state;
    },
    step(u) {
      requireAlive("step");
      requireShape("step", "u", u.shape, [batch, features], "One number a sequence and a feature.");
      const { y, re, im } = tf.tidy(() => {
        const input = tf.expandDims(tf.cast(u, "float32"), 2);
        const decayed = multiply({ re: fixed.aRe, im: fixed.aIm }, state);
        const re = tf.add(decayed.re, tf.mul(fixed.bRe, input)) as Tensor3D;
        const im = tf.add(decayed.im, tf.mul(fixed.bIm, input)) as Tensor3D;
        const read = tf.mul(2, tf.sum(tf.sub(tf.mul(fixed.cRe, re), tf.mul(fixed.cIm, im)), 2));
        return { y: tf.add(read, tf.mul(fixed.d, u)) as Tensor2D, re, im };
      });
      replace({ re, im });
      return y;
    },
    run(u) {
      requireAlive("run");
      requireShape("run", "u", u.shape, [batch, features, null], "Its axes are batch, features and time.");
      const length = u.shape[2];
      const { y, re, im } = tf.tidy(() => {
        const inputs = tf.transpose(tf.cast(u, "float32"), [1, 0, 2]); // "H B L"
        let x: Tensor = tf.transpose(tf.concat([state.re, state.im], 2), [1, 0, 2]); // "H B 2M"
        const outputs: Tensor[] = [];
        for (let done = 0; done < length; ) {
          const steps = Math.min(largestBlock, 2 ** Math.floor(Math.log2(length - done)));
          const row = tf.concat([tf.slice(inputs, [0, 0, done], [features, batch, steps]), x], 2) as Tensor3D;
          const [output, next] = tf.split(tf.matMul(row, block(steps)), [steps, 2 * modes], 2) as [Tensor, Tensor];
          outputs.push(output);
          x = next;
          done += steps;
        }
        const [re, im] = tf.split(tf.transpose(x, [1, 0, 2]), 2, 2) as [Tensor3D, Tensor3D];
        return { y: tf.transpose(tf.concat(outputs, 2), [1, 0, 2]) as Tensor3D, re, im };
      });
      replace({ re, im });
      return y;
    },
    reset() {
      if (!disposed) replace(beginning());
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      tf.dispose([state.re, state.im, ...blocks.values()]);
      tf.dispose(fixed);
    },
  };
}
