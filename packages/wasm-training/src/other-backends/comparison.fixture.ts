import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { expect, vi } from "vitest";
import { trainingKernels } from "../kernels/index.js";
import { values } from "../kernels/compare.fixture.js";

type Computation = () => tf.Tensor | tf.Tensor[];

/** What the kernels compute, which must be what another backend computes, by the same operation or by `theirs`. */
interface Comparison {
  readonly ours: Computation;
  readonly theirs: Computation;
}

/** Comparisons of what `f` makes of each of these; a counterexample is printed as what was given. */
export const each = <T>(given: fc.Arbitrary<T>, f: (given: T) => Computation | Comparison): fc.Arbitrary<Comparison> =>
  given.map((one) => {
    const made = f(one);
    return { ...(typeof made === "function" ? { ours: made, theirs: made } : made), [fc.toStringMethod]: () => fc.stringify(one) };
  });

export interface Group {
  readonly title: string;
  /** The kernels that serve some of the cases themselves, not by passing them on: checked. */
  readonly covers: readonly string[];
  readonly cases: fc.Arbitrary<Comparison>;
  /** A backend that throws or is wrong for some of the cases, and why. That it does so is checked too. */
  readonly lacking?: { readonly cpu?: string } | { readonly tensorflow?: string };
}

interface Result {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: ArrayLike<number>;
}

async function on(backend: string, computation: Computation): Promise<Result[]> {
  expect(await tf.setBackend(backend)).toBe(true);
  const before = tf.memory().numTensors;
  const tensors = [tf.tidy(computation)].flat();
  const results = await Promise.all(tensors.map(async (tensor) => ({ shape: tensor.shape, dtype: tensor.dtype as string, values: await tensor.data() })));
  tf.dispose(tensors);
  expect(tf.memory().numTensors, "tensors after").toBe(before);
  return results;
}

/** Runs the cases here and there: shapes and types equal, integers too, floats to 1e-5 of the largest. Leaves the backend "wasm" in use. */
export async function compare({ cases }: Group, other: string, once = false): Promise<void> {
  try {
    await fc.assert(
      fc.asyncProperty(cases, async ({ ours, theirs }) => {
        const expected = await on(other, theirs);
        const actual = await on("wasm", ours);
        expect(actual.length).toBe(expected.length);
        actual.forEach((result, i) => expectSame(result, expected[i]!));
      }),
      { numRuns: 25, seed: 21, endOnFailure: once },
    );
  } finally {
    expect(await tf.setBackend("wasm")).toBe(true);
  }
}

function expectSame(actual: Result, expected: Result): void {
  expect({ shape: actual.shape, dtype: actual.dtype }).toEqual({ shape: expected.shape, dtype: expected.dtype });
  if (expected.dtype !== "float32") return expect(Array.from(actual.values)).toEqual(Array.from(expected.values));
  const isFinite = Array.from(expected.values, Number.isFinite);
  const special = ({ values: all }: Result) => Array.from(all, (value, i) => (isFinite[i] ? 0 : value));
  const finite = ({ values: all }: Result) => Array.from(all, (value, i) => (isFinite[i] ? value : 0));
  expect(special(actual)).toEqual(special(expected));
  const largest = finite(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  expectClose(finite(actual), finite(expected), 1e-5 * largest, 1e-5);
}

/** The names of the kernels that have served a call themselves from now on. */
export function recordServed(): ReadonlySet<string> {
  const served = new Set<string>();
  for (const kernel of trainingKernels) {
    const run = kernel.run;
    vi.spyOn(kernel, "run").mockImplementation((...given) => {
      const result = run(...given);
      if (result !== undefined || kernel.mode === "add") served.add(kernel.name); // what is added does not pass calls on
      return result;
    });
  }
  return served;
}

export const size = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

/** Shapes of these ranks, now and then one without elements. */
export const shapes = (ranks: { min: number; max: number }, max: number): fc.Arbitrary<number[]> =>
  fc.tuple(fc.array(size(max), { minLength: ranks.min, maxLength: ranks.max }), fc.nat(40)).map(([shape, empty]) => shape.map((count, axis) => (axis === empty ? 0 : count)));

export const anyType = fc.constantFrom<"float32" | "int32" | "bool">("float32", "int32", "bool");

/** Values that repeat for a seed: floats in [-1, 1), whole numbers from -50 to 50, or 0 and 1. */
export function filled(shape: number[], seed: number, dtype: "float32" | "int32" | "bool" = "float32"): tf.Tensor {
  const floats = values(tf.util.sizeFromShape(shape), seed);
  if (dtype === "float32") return tf.tensor(floats, shape);
  return tf.tensor(Int32Array.from(floats, (value) => (dtype === "int32" ? value * 50 : Number(value > 0))), shape, dtype);
}

/** The gradients of the sum of the squares of f. */
export const gradients = (f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): tf.Tensor[] => tf.grads((...given) => tf.sum(tf.square(f(...given))))(inputs);
