// Which way of convolving is faster where. What counts is a figure that was measured, so the table names backends.
import * as tf from "@tensorflow/tfjs-core";
import { fftKernels } from "./fft-conv.js";

/**
 * The length from which on transforms were faster than blocks of a Toeplitz matrix, forward and gradient together, for 1 × 1, 4 × 64 and 8 × 256 sequences, kernels of 8 entries
 * up to the whole length: about 16 to 32, on WebAssembly with the transforms of @warmstart/wasm-training and on tfjs-node. Not in the table: cpu, whose transforms took 24 to 5 times as long
 * forward at 32 to 2048 steps, and WebGL and WebGPU, whose transforms of n points are n² products.
 */
const fftFrom: Readonly<Record<string, number>> = { tensorflow: 32, wasm: 32 };

/** The faster algorithm for sequences of `length` on the backend in use. */
export function chooseConvolution(length: number): "fft" | "toeplitz" {
  const backend = tf.getBackend();
  return length >= (fftFrom[backend] ?? Infinity) && fftKernels.every((name) => tf.getKernel(name, backend) !== undefined) ? "fft" : "toeplitz";
}

/** Up to here the scan makes up for its calls by not needing the whole kernel: forward and gradients of 16 × 64 sequences, N = 64, on tfjs-node; at 256 steps transforms were faster there and on WebAssembly. */
const scanUpTo = 128;

/** The faster way through a whole model of `length` steps: transforms where they are fast and the sequence is long, chunks everywhere else. */
export function chooseForward(length: number): "scan" | "fft" {
  return length > scanUpTo && chooseConvolution(length) === "fft" ? "fft" : "scan";
}
