// The same mathematics in float64 on the host, term by term, and models to try it on.
import * as tf from "@tensorflow/tfjs";
import { randomGenerator } from "@warmstart/init-core";
import { createParameters, ssmOf, type S4DParametersOptions, type Ssm } from "./index.js";

export interface Complex {
  readonly re: number;
  readonly im: number;
}

export const times = (x: Complex, y: Complex): Complex => ({ re: x.re * y.re - x.im * y.im, im: x.re * y.im + x.im * y.re });
const over = (x: Complex, y: Complex): Complex => {
  const norm = y.re ** 2 + y.im ** 2;
  return { re: (x.re * y.re + x.im * y.im) / norm, im: (x.im * y.re - x.re * y.im) / norm };
};
const exp = ({ re, im }: Complex): Complex => ({ re: Math.exp(re) * Math.cos(im), im: Math.exp(re) * Math.sin(im) });

/** Ā and B̄ of one mode with B = 1, as the definitions have them. */
export function hostStep(a: Complex, dt: number, method: "zoh" | "bilinear"): { a: Complex; b: Complex } {
  const z = { re: a.re * dt, im: a.im * dt };
  if (method === "zoh") {
    const step = exp(z);
    return { a: step, b: over({ re: step.re - 1, im: step.im }, a) };
  }
  const below = { re: 1 - z.re / 2, im: -z.im / 2 };
  return { a: over({ re: 1 + z.re / 2, im: z.im / 2 }, below), b: over({ re: dt, im: 0 }, below) };
}

/** A model with every number at hand. `features` rows of `modes`. */
export interface HostModel {
  readonly features: number;
  readonly modes: number;
  readonly dt: ArrayLike<number>;
  readonly a: readonly Complex[];
  readonly b: readonly Complex[];
  readonly c: readonly Complex[];
}

/** K, `"H L"`, by running products. */
export function hostKernel({ features, modes, dt, a, b, c }: HostModel, length: number, method: "zoh" | "bilinear" = "zoh"): Float64Array {
  const kernel = new Float64Array(features * length);
  for (let i = 0; i < features * modes; i++) {
    const h = Math.floor(i / modes);
    const step = hostStep(a[i]!, dt[h]!, method);
    let term = times(times(c[i]!, b[i]!), step.b);
    for (let l = 0; l < length; l++) {
      kernel[h * length + l]! += 2 * term.re;
      term = times(term, step.a);
    }
  }
  return kernel;
}

/** Σ_j k[j] u[t−j] for u "B H L" and k "H K". */
export function hostConv(u: ArrayLike<number>, k: ArrayLike<number>, batch: number, features: number, length: number): Float64Array {
  const taps = k.length / features;
  const [inputs, kernels] = [Float64Array.from(u), Float64Array.from(k)]; // one type, for speed
  return new Float64Array(batch * features * length).map((_, i) => {
    const [t, row] = [i % length, Math.floor(i / length)];
    let sum = 0;
    for (let j = 0; j <= t && j < taps; j++) sum += kernels[(row % features) * taps + j]! * inputs[row * length + t - j]!;
    return sum;
  });
}

/** A model of the package with its numbers on the host; B random unless the options say otherwise. The caller disposes the tensors. */
export async function modelOf(options: S4DParametersOptions): Promise<{ ssm: Ssm; d: tf.Tensor1D; host: HostModel; dispose: () => void }> {
  const parameters = createParameters({ bInit: "random", ...options });
  const ssm = ssmOf(parameters);
  const pairs = async (re: tf.Tensor, im: tf.Tensor | undefined): Promise<Complex[]> => {
    const [res, ims] = [await re.data(), await im!.data()];
    return Array.from(res, (value, i) => ({ re: value, im: ims[i]! }));
  };
  const [features, modes] = ssm.aRe.shape;
  const host = { features, modes, dt: await ssm.dt.data(), a: await pairs(ssm.aRe, ssm.aIm), b: await pairs(ssm.bRe!, ssm.bIm), c: await pairs(ssm.cRe, ssm.cIm) };
  return { ssm, d: parameters.d, host, dispose: () => tf.dispose([...Object.values(parameters), ssm.dt, ssm.aRe]) };
}

/** Normal numbers. */
export function normals(length: number, seed: number): Float32Array {
  const { normal } = randomGenerator(seed);
  return Float32Array.from({ length }, () => normal());
}

/** max |x|, and max |x − y|. */
export const largest = (x: ArrayLike<number>): number => Array.from(x).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
export const furthest = (x: ArrayLike<number>, y: ArrayLike<number>): number => {
  if (x.length !== y.length) throw new Error(`furthest: ${x.length} numbers against ${y.length}`);
  return Array.from(x).reduce((most, value, i) => (Number.isNaN(value) ? NaN : Math.max(most, Math.abs(value - y[i]!))), 0);
};

/** Kolmogorov–Smirnov distance between a sample and a distribution function. */
export const distance = (sample: ArrayLike<number>, cdf: (x: number) => number): number =>
  Array.from(sample)
    .toSorted((x, y) => x - y)
    .reduce((most, x, i, { length }) => Math.max(most, Math.abs(cdf(x) - i / length), Math.abs(cdf(x) - (i + 1) / length)), 0);

/** What a function that must throw threw. */
export async function thrown(f: () => unknown): Promise<unknown> {
  try {
    await f();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Runs `f` on the backend in use without its Fourier transform, as WebAssembly is by itself. */
export async function withoutFft<T>(f: () => T | Promise<T>): Promise<T> {
  const kernel = tf.getKernel("FFT", tf.getBackend());
  if (kernel !== undefined) tf.unregisterKernel("FFT", tf.getBackend());
  try {
    return await f();
  } finally {
    if (kernel !== undefined) tf.registerKernel(kernel);
  }
}

/** Worked example 1: one feature, N = 4, S4D-Lin. */
export const example = {
  ssm: (): Ssm => ({ dt: tf.tensor1d([0.1]), aRe: tf.tensor2d([[-0.5, -0.5]]), aIm: tf.tensor2d([[0, Math.PI]]), cRe: tf.tensor2d([[1, -0.3]]), cIm: tf.tensor2d([[0.5, 0.2]]) }),
  u: [1, 0, -1, 2, 0.5, 0],
  d: [0.25],
  x0: { re: [1, 0.5], im: [1, -0.25] },
  zoh: {
    aRe: [0.9512294245, 0.9046729427],
    aIm: [0, 0.2939460577],
    bRe: [0.097541151, 0.0959644533],
    bIm: [0, 0.0150703277],
    kernel: [0.1314754989, 0.1193992411, 0.1143493635, 0.1152967416, 0.1207785969, 0.1290774428],
    y: [0.3814754989, 0.1193992411, -0.2671261355, 0.7588484984, 0.4359654652, 0.3021790487],
    stateTerm: [0.6674137158, 0.5722841169, 0.5158111024, 0.4955996835, 0.506220509, 0.540007306],
  },
  bilinear: {
    aRe: [0.9512195122, 0.9064464665],
    aIm: [0, 0.2921599129],
    bRe: [0.0975609756, 0.0953223233],
    bIm: [0, 0.0146079956],
    kernel: [0.132085359, 0.1198854887, 0.1145840415, 0.1152068751, 0.1203534698, 0.1283664045],
    y: [0.382085359, 0.1198854887, -0.2675013174, 0.7594921043, 0.4365830852, 0.3022703568],
    stateTerm: [0.6676742494, 0.5721818795, 0.5148226754, 0.4933947267, 0.5027171565, 0.5353850825],
  },
  finalState: { re: [0.214920451, 0.1158680593], im: [0, 0.1453525443] },
} as const;
