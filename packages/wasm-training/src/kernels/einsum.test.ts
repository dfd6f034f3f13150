import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, run, tensorOf } from "./compare.fixture.js";
import { onCpu } from "./complex.fixture.js";
import { planEinsum, planProduct } from "./einsum-plan.js";

beforeAll(() => void registerTrainingKernels());

/** The definition, in float64: every combination of labels. */
function definition(equation: string, shapes: readonly (readonly number[])[], data: readonly ArrayLike<number>[]): { shape: number[]; values: Float64Array } {
  const [input, output] = equation.split("->") as [string, string];
  const terms = input.split(",");
  const sizes = new Map(terms.flatMap((term, i) => [...term].map((label, j) => [label, shapes[i]![j]!] as const)));
  const at = (term: string, index: ReadonlyMap<string, number>) => [...term].reduce((offset, label) => offset * sizes.get(label)! + index.get(label)!, 0);
  const shape = [...output].map((label) => sizes.get(label)!);
  const values = new Float64Array(tf.util.sizeFromShape(shape));
  const labels = [...sizes.keys()];
  const index = new Map<string, number>();
  const visit = (depth: number) => {
    if (depth === labels.length) {
      values[at(output, index)]! += terms.reduce((product, term, i) => product * data[i]![at(term, index)]!, 1);
      return;
    }
    for (let i = 0; i < sizes.get(labels[depth]!)!; i++) {
      index.set(labels[depth]!, i);
      visit(depth + 1);
    }
  };
  visit(0);
  return { shape, values };
}

async function check(equation: string, sizes: Readonly<Record<string, number>>, dtype: "float32" | "int32" = "float32"): Promise<void> {
  const shapes = equation.split("->")[0]!.split(",").map((term) => [...term].map((label) => sizes[label]!));
  const tensors = shapes.map((shape, i) => tf.tidy(() => (dtype === "int32" ? tf.cast(tf.mul(tensorOf(shape, i + 1), 9), "int32") : tensorOf(shape, i + 1))));
  const data = await Promise.all(tensors.map((t) => t.data()));
  const expected = definition(equation, shapes, data);
  const actual = await run(() => tf.einsum(equation, ...tensors));
  expect({ equation, shape: actual.shape, dtype: actual.dtype }).toEqual({ equation, shape: expected.shape, dtype });
  expectClose(actual.values, expected.values, 1e-5, 1e-5);
  tf.dispose(tensors);
}

describe("Einsum", () => {
  it("is the definition for the equations people write", async () => {
    const sizes = { b: 2, h: 3, q: 4, k: 5, d: 6, i: 3, j: 4, l: 2, m: 5 };
    for (const equation of ["ij,jk->ik", "ij,kj->ik", "ji,jk->ik", "ji,kj->ki", "bhqd,bhkd->bhqk", "bqhd,bkhd->bhqk", "bhqk,bkhd->bqhd", "ij->ji", "ij->i", "ij->", "ij->j", "i->", "bij,bjk->bik", "bij,jk->bik", "i,i->", "i,j->ij", "i,j->ji", "ij,ij->ij", "ij,ij->", "ij,j->i", "ij,i->ij", "ij,kl->", "ij,jk->", "ijk,kl->ijl", "ijk,jkl->il", "ijk,kjl->li", "bid,bjd->jbi", ",ij->ij", "i,->i", "->"]) {
      await check(equation, sizes);
      await check(equation, sizes, "int32");
    }
  });

  it("is the definition for any two operands and any result", async () => {
    const operand = fc.shuffledSubarray([..."abcdef"], { minLength: 0, maxLength: 4 });
    const cases = fc.record({ first: operand, second: operand, kept: fc.shuffledSubarray([..."abcdef"]), sizes: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 6, maxLength: 6 }), dtype: fc.constantFrom("float32" as const, "float32" as const, "int32" as const) });
    await fc.assert(
      fc.asyncProperty(cases, async ({ first, second, kept, sizes, dtype }) => {
        const result = kept.filter((label) => first.includes(label) || second.includes(label));
        await check(`${first.join("")},${second.join("")}->${result.join("")}`, Object.fromEntries([..."abcdef"].map((label, i) => [label, sizes[i]!])), dtype);
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  it("is what the cpu backend gives", async () => {
    const f = () => tf.tidy(() => tf.einsum("bqhd,bkhd->bhqk", tensorOf([2, 3, 2, 5], 1), tensorOf([2, 4, 2, 5], 2)));
    const ours = await run(f);
    const theirs = await onCpu(async () => {
      const t = f();
      const out = { shape: t.shape, values: await t.data() };
      t.dispose();
      return out;
    });
    expect(ours.shape).toEqual(theirs.shape);
    expectClose(ours.values, theirs.values, 1e-6, 1e-5);
  });

  it("moves nothing where a product with transposed operands will do", () => {
    const plan = (equation: string) => {
      const [a, b, result] = equation.split(/,|->/).map((term) => [...term].map((label) => label.charCodeAt(0))) as [number[], number[], number[]];
      const { swap, ...rest } = planProduct({ labels: a, shape: a.map(() => 2) }, { labels: b, shape: b.map(() => 2) }, result);
      const [left, right] = swap ? [b, a] : [a, b];
      return [rest.a.labels.join() === left.join(), rest.b.labels.join() === right.join(), rest.labels.join() === result.join()];
    };
    for (const equation of ["ij,jk->ik", "ij,kj->ik", "ji,jk->ik", "ji,kj->ik", "ij,jk->ki", "bhqd,bhkd->bhqk", "bhqk,bhkd->bhqd", "ijk,jkl->il", "bij,jk->bik"]) expect(plan(equation), equation).toEqual([true, true, true]);
    expect(plan("bqhd,bkhd->bhqk")).toEqual([false, false, true]);
  });

  it("makes a plan once for an equation and shapes, anew for others, and keeps a limited number", async () => {
    const equation = "bij,bkj->bik";
    const shapes = (j: number) => [[2, 3, j], [2, 4, j]];
    const plan = planEinsum(equation, shapes(5));
    expect(plan).toMatchObject({ shape: [2, 3, 4], product: { swap: false, a: { transpose: false, shape: [2, 3, 5] }, b: { transpose: true, shape: [2, 4, 5] }, shape: [2, 3, 4] } });
    expect(planEinsum(equation, shapes(5))).toBe(plan);
    expect(planEinsum(equation, shapes(6))).not.toBe(plan);
    for (const j of [5, 6, 5]) for (const dtype of ["float32", "int32"] as const) await check(equation, { b: 2, i: 3, j, k: 4 }, dtype);
    for (let j = 0; j < 300; j++) planEinsum(equation, shapes(1000 + j));
    const again = planEinsum(equation, shapes(5));
    expect(again).not.toBe(plan);
    expect(again).toEqual(plan);
    for (let i = 0; i < 2; i++) expect(() => planEinsum(equation, [[2, 3, 5], [2, 4, 6]])).toThrow("Expected dimension 5 at axis 2");
  });

  it("frees what it makes on the way", () => {
    const [a, b] = [tensorOf([4, 30, 5, 20], 1), tensorOf([4, 40, 5, 20], 2)];
    tf.einsum("bqhd,bkhd->bhqk", a, b).dispose();
    const [probe, buffers] = [heapProbe(), tf.memory().numDataBuffers];
    for (let i = 0; i < 5; i++) tf.einsum("bqhd,bkhd->bhqk", a, b).dispose();
    expect([heapProbe(), tf.memory().numDataBuffers]).toEqual([probe, buffers]);
    tf.dispose([a, b]);
  });

  it("throws tfjs' own errors for what it does not understand, a clear one for a wrong rank, and leaves nothing", async () => {
    const [a, b] = [tensorOf([2, 3], 1), tensorOf([4, 5], 2)];
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    for (const equation of ["ij,jk", "ij->jk->ik", "ij,jk,kl->il", "ij->ij", "ij,jk->iz", "ii,jk->ik", "...j,jk->k", "ij,jk->ik"]) {
      const ours = messageOf(() => tf.einsum(equation, a, b));
      const theirs = await onCpu(async () => {
        const copies = [tf.ones([2, 3]), tf.ones([4, 5])];
        const message = messageOf(() => tf.einsum(equation, ...copies));
        tf.dispose(copies);
        return message;
      });
      expect(ours, equation).toBe(theirs);
      expect(ours).not.toBe("");
    }
    expect(messageOf(() => tf.einsum("ijk,kl->il", a, b))).toBe('einsum: operand 0 of "ijk,kl->il" has 3 axes, but the tensor has shape [2,3]');
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
    tf.dispose([a, b]);
  });
});

function messageOf(f: () => tf.Tensor): string {
  try {
    tf.dispose(tf.tidy(f));
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}
