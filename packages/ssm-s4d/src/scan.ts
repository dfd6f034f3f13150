// The whole sequence by chunks of T steps: a Toeplitz product inside each chunk, the state from one to the next. Real products only, of L (T + 4M) terms a feature,
// where a convolution with the whole kernel takes L² or L log L: the kernel is never longer than T.
import * as tf from "@tensorflow/tfjs-core";
import type { GradSaveFunc, Tensor, Tensor3D } from "@tensorflow/tfjs-core";
import { inputStep, type Discretization } from "./discretize.js";
import { complexExp } from "./elementary.js";
import { logStep } from "./s4d-kernel.js";
import { multiply, type ComplexPair, type FullSsm } from "./ssm.js";
import { multiplyConjugate } from "./transition.js";
import { diagonals } from "./toeplitz.js";
import { powers } from "./vandermonde.js";

/** T: the products inside chunks cost T a step, those between them 4M, and every chunk costs some calls, which are dear where each is a program for a graphics card. */
const chunkOf = (length: number): number => Math.min(length, 2 ** Math.round(Math.log2(Math.min(256, Math.max(leastChunk[tf.getBackend()] ?? 32, 2 * Math.sqrt(length))))));
const leastChunk: Readonly<Record<string, number>> = { webgl: 128, webgpu: 128 };

/**
 * y[t] = 2 Re Σ_m C_m x_t, x_t = Ā x_{t−1} + B̄ u_t. Inside a tidy.
 *
 * @param u `"B H L"`, float32. @param c one channel, `"H M"`. @param state x before `u`, `"B H M"`.
 * @returns `"B H L"`
 */
export function scan(u: Tensor3D, full: FullSsm, c: ComplexPair, method: Discretization, state: ComplexPair | undefined): Tensor3D {
  const [batch, features, length] = u.shape;
  const modes = full.a.re.shape[1]!;
  const chunk = chunkOf(length);
  const count = Math.ceil(length / chunk);
  const b = inputStep(full, method);
  const z = logStep(full, method);
  const table = powers(z, chunk + 1); // "H M T+1"
  const from = (t: Tensor, begin: number) => tf.slice(t, [0, 0, begin], [features, modes, chunk]);
  const [first, later] = [0, 1].map((begin): ComplexPair => ({ re: from(table.re, begin), im: from(table.im, begin) })) as [ComplexPair, ComplexPair];
  const perStep = ({ re, im }: ComplexPair): ComplexPair => ({ re: tf.expandDims(re, 2), im: tf.expandDims(im, 2) });
  const stacked = ({ re, im }: ComplexPair): Tensor3D => tf.concat([re, im], 1) as Tensor3D; // "H 2M T"
  const conjugate = ({ re, im }: ComplexPair): ComplexPair => ({ re, im: tf.neg(im) });

  const kernel = tf.matMul(tf.expandDims(tf.mul(2, tf.concat([multiply(c, b).re, tf.neg(multiply(c, b).im)], 1)), 1) as Tensor3D, stacked(first)); // "H 1 T"
  const written = stacked(multiply(perStep(b), first)); // what a step adds to the state at the end of its chunk, last step first
  const read = stacked(conjugate(multiply(perStep({ re: tf.mul(2, c.re), im: tf.mul(2, c.im) }), later)));

  const padded = tf.pad(u, [[0, 0], [0, 0], [0, count * chunk - length]]);
  const rows = tf.reshape(tf.transpose(tf.reshape(padded, [batch, features, count, chunk]), [1, 2, 0, 3]), [features, count * batch, chunk]) as Tensor3D;
  let y = tf.matMul(rows, toeplitz(tf.reshape(kernel, [features, chunk])) as Tensor3D);
  if (count > 1 || state !== undefined) {
    const added = tf.matMul(rows, tf.reverse(written, 2) as Tensor3D, false, true); // "H Q·B 2M"
    const last = complexExp({ re: tf.mul(z.re, chunk), im: tf.mul(z.im, chunk) }); // not the table's last column, so that rounding does not add up over chunks
    const start = state === undefined ? tf.zeros([features, batch, 2 * modes]) : tf.transpose(tf.concat([state.re, state.im], 2), [1, 0, 2]);
    const states = statesBefore(tf.reshape(added, [features, count, batch, 2 * modes]), last.re, last.im, start);
    y = tf.add(y, tf.matMul(tf.reshape(states, [features, count * batch, 2 * modes]) as Tensor3D, read));
  }
  const sequences = tf.reshape(tf.transpose(tf.reshape(y, [features, count, batch, chunk]), [2, 0, 1, 3]), [batch, features, count * chunk]);
  return tf.slice(sequences, [0, 0, 0], [batch, features, length]) as Tensor3D;
}

/** The matrix with k[r − s] in row s and column r ≥ s, 0 below; `"H T"` → `"H T T"`. */
const toeplitz = tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
  const [k] = args as [Tensor];
  const [features, taps] = k.shape as [number, number];
  const index = tf.tensor2d(Int32Array.from({ length: taps * taps }, (_, i) => taps - 1 + (i % taps) - Math.floor(i / taps)), [taps, taps], "int32");
  return {
    value: tf.gather(tf.pad(k, [[0, 0], [taps - 1, 0]]), index, 1),
    gradFunc: (dy: Tensor) => tf.slice(diagonals(tf.transpose(dy, [0, 2, 1]) as Tensor3D, taps), [0, taps - 1], [features, taps]),
  };
});

/**
 * x_0 = start, x_{q+1} = λ x_q + added_q: the states before each chunk, real and imaginary parts side by side on the last axis.
 *
 * @param added `"H Q B 2M"`. @param re @param im λ, `"H M"`. @param start `"H B 2M"`.
 */
const statesBefore = tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
  const [added, re, im, start, save] = args as [Tensor, Tensor, Tensor, Tensor, GradSaveFunc];
  const states = run(tf.unstack(added, 1), decayOf(re, im), start);
  const value = tf.stack(states.slice(0, -1), 1);
  save([value, re, im]);
  return {
    value,
    gradFunc: (dy: Tensor, saved: Tensor[]) => {
      const [states, re, im] = saved as [Tensor, Tensor, Tensor];
      // Backwards the same recurrence, with the conjugate: g_q = dy_q + λ̄ g_{q+1}, and g_{q+1} is what added_q gets.
      const gradients = run(tf.unstack(dy, 1).toReversed(), decayOf(re, tf.neg(im)), tf.zeros(start.shape)).toReversed();
      const after = tf.stack(gradients.slice(1), 1);
      const [x, g] = [states, after].map((t) => ({ re: half(t, 0), im: half(t, 1) })) as [ComplexPair, ComplexPair];
      const decay = multiplyConjugate(g, x);
      return [after, tf.sum(decay.re, [1, 2]), tf.sum(decay.im, [1, 2]), gradients[0]!];
    },
  };
});

/** Real or imaginary parts of numbers side by side. */
function half(t: Tensor, which: 0 | 1): Tensor {
  const modes = t.shape.at(-1)! / 2;
  return tf.slice(t, [...t.shape.slice(1).map(() => 0), which * modes], [...t.shape.slice(0, -1), modes]);
}

/** Multiplication by λ of numbers `"H B 2M"`. */
function decayOf(re: Tensor, im: Tensor): (x: Tensor) => Tensor {
  const [same, other] = [tf.expandDims(tf.concat([re, re], 1), 1), tf.expandDims(tf.concat([tf.neg(im), im], 1), 1)];
  return (x) => tf.add(tf.mul(x, same), tf.mul(tf.concat([half(x, 1), half(x, 0)], 2), other));
}

/** start, λ start + first, … */
function run(added: readonly Tensor[], decay: (x: Tensor) => Tensor, start: Tensor): Tensor[] {
  const states = [start];
  for (const each of added) states.push(tf.tidy(() => tf.add(decay(states.at(-1)!), each)));
  return states;
}
