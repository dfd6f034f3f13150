// Element by element: functions of one variable, and arithmetic with broadcasting.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { each, filled, shapes, size, type Group } from "./comparison.fixture.js";

const special = fc.constantFrom(0, -0, 0.5, 3.9, -4.1, 8, -20, 80, -80, 100, -100, 1e30, Infinity, -Infinity, NaN);
const arithmetic = { Add: tf.add, Sub: tf.sub, Multiply: tf.mul, RealDiv: tf.div };
const types = fc.constantFrom<"float32" | "int32">("float32", "int32");
const share = fc.double({ min: 0, max: 1, noNaN: true });
/** Never 0, whatever it is divided by. */
const divisor = (shape: number[], dtype: "float32" | "int32") => tf.add(tf.abs(filled(shape, 2, dtype)), tf.cast(1, dtype));

export const elementwise: readonly Group[] = [
  {
    title: "exp, tanh, erf",
    covers: ["Exp", "Tanh", "Erf"],
    cases: each(fc.tuple(shapes({ min: 0, max: 6 }, 5), fc.constantFrom(1, 5)), ([shape, scale]) => () => [tf.exp, tf.tanh, tf.erf].map((f, i) => f(tf.mul(scale, filled(shape, i)) as tf.Tensor))),
  },
  {
    title: "exp, tanh, erf where they end",
    covers: ["Exp", "Tanh", "Erf"],
    cases: each(fc.array(special, { minLength: 1, maxLength: 9 }), (values) => () => [tf.exp(values), tf.tanh(values), tf.erf(values)]),
  },
  {
    title: "exp, tanh, erf near 0",
    covers: ["Exp", "Tanh", "Erf"],
    cases: each(fc.array(fc.constantFrom(1e-30, 1e-9, -1e-6, 1e-4, -1e-3), { minLength: 1, maxLength: 5 }), (values) => () => [tf.exp(values), tf.tanh(values), tf.erf(values)]),
    lacking: { cpu: "its erf is 1e-7 off everywhere, in absolute terms" },
  },
  {
    title: "sums, differences, products and quotients of rows with a vector",
    covers: Object.keys(arithmetic),
    cases: each(fc.record({ rows: shapes({ min: 1, max: 5 }, 4), width: size(70), extra: fc.boolean(), left: fc.boolean() }), ({ rows, width, extra, left }) => () => {
      const [x, row] = [divisor([...rows, width], "float32"), divisor(extra ? [1, width] : [width], "float32")];
      return Object.values(arithmetic).map((f) => (left ? f(x, row) : f(row, x)));
    }),
  },
  {
    title: "sums, differences, products and quotients with any broadcast, of both types, most of which stay with the backend",
    covers: [],
    cases: each(fc.record({ axes: fc.array(fc.tuple(size(5), fc.constantFrom("a", "b", "none")), { maxLength: 4 }), cut: fc.nat(4), dtype: types }), ({ axes, cut, dtype }) => () => {
      const [a, b] = [filled(axes.map(([count, one]) => (one === "a" ? 1 : count)), 1, dtype), divisor(axes.map(([count, one]) => (one === "b" ? 1 : count)).slice(cut), dtype)];
      return Object.values(arithmetic).flatMap((f) => (f === tf.div ? [f(a, b)] : [f(a, b), f(b, a)]));
    }),
  },
  {
    title: "a step of momentum, and the operations it is made of",
    covers: ["MomentumStep"],
    cases: each(fc.record({ shape: shapes({ min: 0, max: 3 }, 9), decay: share, keep: share, rate: share }), ({ shape, decay, keep, rate }) => {
      const inputs = () => ({ variable: filled(shape, 1), momentum: filled(shape, 2), gradient: filled(shape, 3), gain: tf.scalar(1.5) });
      const theirs = () => {
        const { variable, momentum, gradient, gain } = inputs();
        const m = tf.add(tf.mul(decay, momentum), tf.mul(1 - decay, gradient));
        return [tf.sub(tf.mul(keep, variable), tf.mul(tf.mul(rate, gain), m)), m];
      };
      return { ours: () => tf.engine().runKernel("MomentumStep", inputs(), { decay, keep, rate }) as tf.Tensor[], theirs };
    }),
  },
];
