import * as tf from "@tensorflow/tfjs";
import FFT from "fft.js";
import type { Work } from "../definition.js";
import { noise } from "../material.js";
import { timed, timedParts } from "../timed.js";

function transform(rows: number, length: number): () => tf.Tensor {
  const x = tf.tidy(() => tf.complex(noise([rows, length], 1), noise([rows, length], 2)));
  return () => tf.spectral.fft(x);
}

/** A power of two, and a prime below it. */
export async function prepare(): Promise<Work> {
  return timedParts({ "8192": transform(2048, 8192), "8191": transform(2048, 8191) });
}

export async function preparePowerOfTwo({ rows = 2048 }: { rows?: number } = {}): Promise<Work> {
  return timedParts({ "8192": transform(rows, 8192) });
}

/** What the other length is compared with. */
export async function prepareNextPower(): Promise<Work> {
  return timed(transform(2048, 8192));
}

/** npm's fft.js on the arrays that it wants: real and imaginary parts in turn, in double precision. */
export async function prepareFftJs(): Promise<Work> {
  const [rows, length] = [2048, 8192];
  const fft = new FFT(length);
  const numbers = noise<tf.Rank.R2>([rows, 2 * length], 1);
  const flat = Float64Array.from(await numbers.data());
  numbers.dispose();
  const input = Array.from({ length: rows }, (_, row) => flat.subarray(row * 2 * length, (row + 1) * 2 * length));
  const output = input.map(() => new Float64Array(2 * length));
  return async () => {
    const start = performance.now();
    for (const [row, values] of input.entries()) fft.transform(output[row], values);
    return { parts: { "8192": performance.now() - start }, dispose: () => undefined };
  };
}
