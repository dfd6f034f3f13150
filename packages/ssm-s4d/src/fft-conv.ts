// Causal convolution and its gradients by Fourier transforms of 2^p ≥ L + K − 1 points, so that nothing wraps around.
// Two sequences of the batch, which share their kernels, are the real and the imaginary part of one transform: the convolution with a real kernel keeps the two apart.
// With F the transform, F⁻¹(F z · F k) is z ∗ k, and F(F⁻¹ w · F k) is the correlation Σ_j k[j] w[t+j]: exchanging F and F⁻¹ stands for the complex conjugate, which tfjs lacks.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor3D } from "@tensorflow/tfjs-core";

/** The kernels that a backend needs for this. */
export const fftKernels = ["Complex", "FFT", "IFFT", "Imag", "Real"] as const;

/** Complex numbers transformed at once, 8 MB of them. Nothing else is large, and native TensorFlow takes three times as long in blocks of 64 MB, which it gets from the system anew each time. */
const atOnce = 2 ** 20;

/** Features transformed at once. */
interface Group {
  readonly first: number;
  readonly size: number;
}

const pointsOf = (length: number, taps: number): number => 2 ** Math.ceil(Math.log2(length + taps - 1));

function groupsOf(features: number, points: number): Group[] {
  const size = Math.max(1, Math.floor(atOnce / points));
  return Array.from({ length: Math.ceil(features / size) }, (_, i) => ({ first: i * size, size: Math.min(size, features - i * size) }));
}

/** The first of each two sequences. */
const pairsOf = (batch: number): number[] => Array.from({ length: Math.ceil(batch / 2) }, (_, pair) => 2 * pair);

/** `"h T"` → `"h points"`, zeros at the end. */
const padTo = (points: number, x: Tensor): Tensor => tf.pad(x, [[0, 0], [0, points - x.shape[1]!]]);

/** A group's features of sequence `b`, padded: `"h points"`; zeros where an odd batch has no partner left. */
function sequence(u: Tensor3D, b: number, { first, size }: Group, points: number): Tensor {
  const [batch, , length] = u.shape;
  return b < batch ? padTo(points, tf.reshape(tf.slice(u, [b, first, 0], [1, size, length]), [size, length])) : tf.zeros([size, points]);
}

const transform = (re: Tensor, im: Tensor): Tensor => tf.fft(tf.complex(re, im));

function spectrumOf(k: Tensor, { first, size }: Group, points: number): Tensor {
  return tf.tidy(() => transform(padTo(points, tf.slice(k, [first, 0], [size, k.shape[1]!])), tf.zeros([size, points])));
}

/** The first entries of real and imaginary part. */
const partsOf = (z: Tensor, length: number): [Tensor, Tensor] => [tf.real(z), tf.imag(z)].map((part) => tf.slice(part, [0, 0], [z.shape[0]!, length])) as [Tensor, Tensor];

/** `"B H L"` of each group's `"h L"` for every sequence. */
function assemble(groups: readonly (readonly Tensor[])[], shape: [number, number, number]): Tensor3D {
  const sequences = Array.from({ length: shape[0] }, (_, b) => groups.map((rows) => rows[b]!));
  return tf.reshape(tf.concat(sequences.flat(), 0), shape);
}

/** y[t] = Σ_{j≤t} k[j] u[t−j]; `u: "B H L"`, `k: "H K"` with K ≤ L. Inside a tidy. */
export function convolveByFft(u: Tensor3D, k: Tensor): Tensor3D {
  const [batch, features, length] = u.shape;
  const points = pointsOf(length, k.shape[1]!);
  const convolveGroup = (group: Group): Tensor[] => {
    const spectrum = spectrumOf(k, group, points);
    return pairsOf(batch).flatMap((b) => tf.tidy(() => partsOf(tf.ifft(tf.mul(transform(sequence(u, b, group, points), sequence(u, b + 1, group, points)), spectrum)), length)));
  };
  return assemble(groupsOf(features, points).map((group) => tf.tidy(() => convolveGroup(group))), u.shape);
}

/** The gradients of `convolveByFft`: du[t] = Σ_j k[j] dy[t+j], dk[j] = Σ_batch Σ_t dy[t] u[t−j]. Inside a tidy. */
export function gradientsByFft(dy: Tensor3D, u: Tensor3D, k: Tensor): [Tensor3D, Tensor] {
  const [batch, features, length] = u.shape;
  const points = pointsOf(length, k.shape[1]!);
  const ofGroup = (group: Group): { du: Tensor[]; dk: Tensor } => {
    const spectrum = spectrumOf(k, group, points);
    let products: Tensor = tf.complex(tf.zeros(spectrum.shape), tf.zeros(spectrum.shape));
    const du = pairsOf(batch).flatMap((b) => {
      const [du, added] = tf.tidy(() => {
        // The second sequence is the real part here. So the imaginary part of (dy₂ + i dy₁)(u₁ + i u₂) is dy₁ u₁ + dy₂ u₂.
        const later = tf.ifft(tf.complex(sequence(dy, b + 1, group, points), sequence(dy, b, group, points)));
        const product = tf.mul(transform(sequence(u, b, group, points), sequence(u, b + 1, group, points)), later);
        return [partsOf(tf.fft(tf.mul(later, spectrum)), length), tf.add(products, product)] as [[Tensor, Tensor], Tensor];
      });
      products.dispose();
      products = added;
      return du.toReversed();
    });
    return { du, dk: partsOf(tf.fft(products), k.shape[1]!)[1] };
  };
  const groups = groupsOf(features, points).map((group) => tf.tidy(() => ofGroup(group)));
  return [assemble(groups.map(({ du }) => du), u.shape), tf.concat(groups.map(({ dk }) => dk), 0)];
}
