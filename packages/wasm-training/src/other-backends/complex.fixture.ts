// Complex numbers, which no backend gives as such: they are compared by their real and imaginary parts.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { each, filled, shapes, size, type Group } from "./comparison.fixture.js";

const complex = (shape: number[], seed: number) => tf.complex(filled(shape, seed), filled(shape, seed + 100));
const parts = (z: tf.Tensor): tf.Tensor[] => [tf.real(z), tf.imag(z)];
const some = shapes({ min: 1, max: 4 }, 4);
const full = fc.array(size(4), { minLength: 1, maxLength: 4 });
const arithmetic = (a: tf.Tensor, b: tf.Tensor) => [tf.add(a, b), tf.sub(a, b), tf.mul(a, b), tf.mul(b, a)].flatMap(parts);
const joined = (shape: number[]) => () => [tf.reshape(complex(shape, 1), [...shape, 1]), tf.clone(complex(shape, 1)), tf.transpose(complex(shape, 1)), tf.concat([complex(shape, 1), complex(shape, 2)], 0), tf.stack([complex(shape, 1), complex(shape, 2)], 0)].flatMap(parts);
const rows = fc.tuple(fc.array(size(3), { maxLength: 2 }), size(70));

export const complexNumbers: readonly Group[] = [
  {
    title: "complex numbers, made and taken apart",
    covers: ["Complex", "Real", "Imag", "ComplexAbs"],
    cases: each(shapes({ min: 0, max: 6 }, 4), (shape) => () => [...parts(complex(shape, 1)), tf.abs(complex(shape, 2))]),
  },
  {
    title: "complex sums, differences and products",
    covers: ["Complex", "Real", "Imag"],
    cases: each(some, (shape) => () => arithmetic(complex(shape, 1), complex(shape, 2))),
  },
  {
    title: "complex sums, differences and products with broadcasting",
    covers: ["Complex", "Real", "Imag"],
    cases: each(fc.tuple(fc.array(fc.tuple(size(4), fc.constantFrom("a", "b", "none")), { minLength: 1, maxLength: 3 }), fc.nat(2)), ([axes, cut]) => () =>
      arithmetic(complex(axes.map(([count, one]) => (one === "a" ? 1 : count)), 1), complex(axes.map(([count, one]) => (one === "b" ? 1 : count)).slice(cut), 2)),
    ),
    lacking: { cpu: "it reads past the end of an operand of smaller rank" },
  },
  {
    title: "complex numbers, reshaped, cloned, transposed, concatenated and stacked",
    covers: ["Complex", "Real", "Imag", "Identity"],
    cases: each(full, joined),
  },
  {
    title: "no complex numbers, reshaped, cloned, transposed, concatenated and stacked",
    covers: ["Complex", "Real", "Imag", "Identity"],
    cases: each(some.filter((shape) => shape.includes(0)), joined),
    lacking: { cpu: "it throws for an empty concatenation" },
  },
  {
    title: "complex numbers, sliced, split, reversed, tiled, gathered, summed and averaged",
    covers: ["Slice", "Reverse", "Tile", "GatherV2", "Sum", "Mean", "SplitV"],
    cases: each(full, (shape) => {
      const last = shape.length - 1;
      const moved = (z: tf.Tensor) => [tf.slice(z, shape.map((_, axis) => axis % 2 && shape[axis]! - 1)), tf.reverse(z, [0]), tf.tile(z, shape.map((_, axis) => axis + 1)), tf.gather(z, tf.tensor1d([shape[last]! - 1, 0], "int32"), last), tf.sum(z, [0]), ...tf.split(tf.concat([z, z], last), 2, last)];
      // The native backend gives the mean of the real part alone.
      const composedMean = (z: tf.Tensor) => tf.complex(tf.mean(tf.real(z), [last]), tf.mean(tf.imag(z), [last]));
      const all = (mean: (z: tf.Tensor) => tf.Tensor) => () => [...moved(complex(shape, 1)), mean(complex(shape, 1))].flatMap(parts);
      return { ours: all((z) => tf.mean(z, [last])), theirs: all(composedMean) };
    }),
    lacking: { cpu: "it does none of this with complex numbers" },
  },
  {
    title: "Fourier transforms and their inverses, of any length and rank",
    covers: ["FFT", "IFFT"],
    cases: each(rows, ([outer, n]) => () => [tf.spectral.fft(complex([...outer, n], 1)), tf.spectral.ifft(complex([...outer, n], 2))].flatMap(parts)),
  },
  {
    title: "Fourier transforms of real numbers and back",
    covers: ["FFT", "IFFT", "Reverse", "Slice"],
    cases: each(rows.filter(([, n]) => n > 1), ([outer, n]) => () => [...parts(tf.spectral.rfft(filled([...outer, n], 1))), tf.spectral.irfft(complex([...outer, n], 2))]),
  },
];
