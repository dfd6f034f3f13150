// Complex numbers and the Fourier transform. A gradient towards z is the pair of ordinary gradients towards Re z and Im z; with
// g = dy.real + i dy.imag, a linear map y = A z has A^H g. tfjs itself has no gradient for any of these.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { sumTo } from "../broadcast.js";
import { pairsKey, type Entry, type Pair, type PairGradient } from "../gradient.js";

export const copyPair: PairGradient = ([dy]) => ({ x: dy! });

/** Towards a it is g times the conjugate of b, and the other way round. */
export const multiplyPairs: PairGradient = ([dy], [a, b]) => ({ a: conjugateProduct(dy as Pair, b!, a!.shape), b: conjugateProduct(dy as Pair, a!, b!.shape) });

function conjugateProduct(dy: Pair, z: Tensor, shape: readonly number[]): Pair {
  const [real, imag] = [tf.real(z), tf.imag(z)];
  return {
    real: sumTo(tf.add(tf.mul(dy.real, real), tf.mul(dy.imag, imag)), shape),
    imag: sumTo(tf.sub(tf.mul(dy.imag, real), tf.mul(dy.real, imag)), shape),
  };
}

const entry = (kernelName: string, pairs: PairGradient, rest: { mode?: "add" | "replace"; inputsToSave?: string[] } = {}): Entry => ({
  mode: rest.mode ?? "add",
  gradient: { kernelName, ...(rest.inputsToSave && { inputsToSave: rest.inputsToSave }), [pairsKey]: pairs, gradFunc: () => ({}) },
});

const scaled = ({ real, imag }: Pair, factor: number): Pair => ({ real: tf.mul(real, factor), imag: tf.mul(imag, factor) });
const parts = (z: Tensor): Pair => ({ real: tf.real(z), imag: tf.imag(z) });
const lastOf = (dy: Pair): number => dy.real.shape.at(-1)!;

export const complexEntries: readonly Entry[] = [
  entry("Complex", ([dy]) => ({ real: (dy as Pair).real, imag: (dy as Pair).imag })),
  entry("Real", ([dy]) => ({ input: dy! })),
  entry("Imag", ([dy]) => ({ input: { real: tf.zerosLike(dy as Tensor), imag: dy as Tensor } })),
  // |z| has z / |z|, and 0 at 0. tfjs' own answers with the sign of the real part, in a dtype that its tape refuses.
  entry(
    "ComplexAbs",
    ([dy], [z]) => {
      const size = tf.abs(z!);
      const unit = tf.divNoNan(dy as Tensor, size);
      return { x: { real: tf.mul(unit, tf.real(z!)), imag: tf.mul(unit, tf.imag(z!)) } };
    },
    { mode: "replace", inputsToSave: ["x"] },
  ),
  // The inverse carries 1/n, so the adjoint of one is n times, and 1/n times, the other.
  entry("FFT", ([dy]) => ({ input: scaled(parts(tf.ifft(complexOf(dy as Pair))), lastOf(dy as Pair)) })),
  entry("IFFT", ([dy]) => ({ input: scaled(parts(tf.fft(complexOf(dy as Pair))), 1 / lastOf(dy as Pair)) })),
];

const complexOf = ({ real, imag }: Pair): Tensor => tf.complex(real, imag);
