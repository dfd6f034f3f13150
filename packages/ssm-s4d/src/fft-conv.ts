// Causal convolution and its gradients by Fourier transforms of 2^p ≥ L + K − 1 points, so that nothing wraps around.
// Two sequences of the batch, which share their kernels, are the real and the imaginary part of one transform: the convolution with a real kernel keeps the two apart.
// With F the transform, F⁻¹(F z · F k) is z ∗ k, and F(F⁻¹ w · F k) is the correlation Σ_j k[j] w[t+j]: exchanging F and F⁻¹ stands for the complex conjugate, which tfjs lacks.
// One pair at a time, all features together: a pair's transforms are the only large temporaries.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor3D } from "@tensorflow/tfjs-core";

/** The kernels that a backend needs for this. */
export const fftKernels = ["Complex", "FFT", "IFFT", "Imag", "Real"] as const;

const pointsOf = (length: number, taps: number): number => 2 ** Math.ceil(Math.log2(length + taps - 1));

/** `"H T"` → `"H points"`, zeros at the end. */
const padTo = (points: number, x: Tensor): Tensor => tf.pad(x, [[0, 0], [0, points - x.shape[1]!]]);

/** Sequence `b` of the batch, padded: `"H points"`; zeros where an odd batch has no partner left. */
function sequence(u: Tensor3D, b: number, points: number): Tensor {
  const [batch, features, length] = u.shape;
  return b < batch ? padTo(points, tf.reshape(tf.slice(u, [b, 0, 0], [1, features, length]), [features, length])) : tf.zeros([features, points]);
}

const transform = (re: Tensor, im: Tensor): Tensor => tf.fft(tf.complex(re, im));
const spectrumOf = (k: Tensor, points: number): Tensor => tf.tidy(() => transform(padTo(points, k), tf.zeros([k.shape[0]!, points])));
const startOf = (x: Tensor, length: number): Tensor => tf.slice(x, [0, 0], [x.shape[0]!, length]);
/** The first of each two sequences. */
const pairsOf = (batch: number): number[] => Array.from({ length: Math.ceil(batch / 2) }, (_, pair) => 2 * pair);

/** y[t] = Σ_{j≤t} k[j] u[t−j]; `u: "B H L"`, `k: "H K"` with K ≤ L. Inside a tidy. */
export function convolveByFft(u: Tensor3D, k: Tensor): Tensor3D {
  const [batch, , length] = u.shape;
  const points = pointsOf(length, k.shape[1]!);
  const spectrum = spectrumOf(k, points);
  const rows = pairsOf(batch).flatMap((b) =>
    tf.tidy(() => {
      const y = tf.ifft(tf.mul(transform(sequence(u, b, points), sequence(u, b + 1, points)), spectrum));
      return [startOf(tf.real(y), length), startOf(tf.imag(y), length)];
    }),
  );
  return tf.stack(rows.slice(0, batch)) as Tensor3D;
}

/** The gradients of `convolveByFft`: du[t] = Σ_j k[j] dy[t+j], dk[j] = Σ_batch Σ_t dy[t] u[t−j]. Inside a tidy. */
export function gradientsByFft(dy: Tensor3D, u: Tensor3D, k: Tensor): [Tensor3D, Tensor] {
  const [batch, features, length] = u.shape;
  const points = pointsOf(length, k.shape[1]!);
  const spectrum = spectrumOf(k, points);
  const rows: Tensor[] = [];
  let products: Tensor = tf.complex(tf.zeros([features, points]), tf.zeros([features, points]));
  for (const b of pairsOf(batch)) {
    const [later, earlier, sum] = tf.tidy(() => {
      // The second sequence is the real part here. So the imaginary part of (dy₂ + i dy₁)(u₁ + i u₂) is dy₁ u₁ + dy₂ u₂.
      const inverse = tf.ifft(tf.complex(sequence(dy, b + 1, points), sequence(dy, b, points)));
      const du = tf.fft(tf.mul(inverse, spectrum));
      const sum = tf.add(products, tf.mul(transform(sequence(u, b, points), sequence(u, b + 1, points)), inverse));
      return [startOf(tf.real(du), length), startOf(tf.imag(du), length), sum];
    }) as [Tensor, Tensor, Tensor];
    rows.push(earlier, later);
    products.dispose();
    products = sum;
  }
  return [tf.stack(rows.slice(0, batch)) as Tensor3D, startOf(tf.imag(tf.fft(products)), k.shape[1]!)];
}
