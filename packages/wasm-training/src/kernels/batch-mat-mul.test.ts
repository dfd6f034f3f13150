import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, original, run, tensorOf, values } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

interface Product {
  batchA: number[];
  batchB: number[];
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
}

/** In float64, by the definition. */
function expected({ batchA, batchB, m, n, k, transposeA, transposeB }: Product, a: Float32Array, b: Float32Array): { shape: number[]; values: Float64Array } {
  const leading = tf.backend_util.assertAndGetBroadcastShape(batchA, batchB);
  const batch = tf.util.sizeFromShape(leading);
  const place = (own: number[], i: number) => {
    let index = 0;
    let stride = 1;
    for (let axis = leading.length - 1, rest = i; axis >= 0; axis--) {
      const size = own[axis - (leading.length - own.length)] ?? 1;
      index += (size === 1 ? 0 : rest % leading[axis]!) * stride;
      stride *= size;
      rest = Math.floor(rest / leading[axis]!);
    }
    return index;
  };
  const out = new Float64Array(batch * m * n);
  for (let z = 0; z < batch; z++) {
    const [atA, atB] = [place(batchA, z) * m * k, place(batchB, z) * k * n];
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += a[atA + (transposeA ? p * m + i : i * k + p)]! * b[atB + (transposeB ? j * k + p : p * n + j)]!;
        out[(z * m + i) * n + j] = sum;
      }
  }
  return { shape: [...leading, m, n], values: out };
}

async function check(product: Product): Promise<void> {
  const { batchA, batchB, m, n, k, transposeA, transposeB } = product;
  const a = tensorOf([...batchA, ...(transposeA ? [k, m] : [m, k])], 1);
  const b = tensorOf([...batchB, ...(transposeB ? [n, k] : [k, n])], 2);
  const reference = expected(product, values(a.size, 1), values(b.size, 2));
  const result = await run(() => tf.matMul(a, b, transposeA, transposeB));
  expect(result.shape).toEqual(reference.shape);
  expectClose(result.values, reference.values, 1e-6 * Math.sqrt(k + 1), 1e-5);
  tf.dispose([a, b]);
}

const attempt = (f: () => tf.Tensor) => (): string | undefined => {
  try {
    tf.tidy(() => void f());
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
};

const plain = { batchA: [], batchB: [], transposeA: false, transposeB: false };

describe("BatchMatMul", () => {
  it("is the product by definition, in all four forms, for sizes around its blocks", async () => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        for (const [m, n, k] of [[1, 1, 1], [4, 8, 4], [3, 7, 5], [65, 9, 257], [17, 257, 3], [130, 33, 31], [16, 20, 260], [17, 20, 260], [5, 8, 513]] as const) await check({ ...plain, m, n, k, transposeA, transposeB });
      }
    }
  });

  it("is the product by definition for any shape and any broadcast of leading axes", async () => {
    const size = fc.integer({ min: 1, max: 40 });
    const batches = fc.constantFrom<[number[], number[]]>([[], []], [[3], [3]], [[2, 3], [2, 3]], [[4], []], [[], [4]], [[4], [1]], [[1], [4]], [[2, 1], [1, 3]], [[3], [2, 3]], [[2, 1, 2], [3, 1]]);
    await fc.assert(
      fc.asyncProperty(size, size, size, fc.boolean(), fc.boolean(), batches, (m, n, k, transposeA, transposeB, [batchA, batchB]) => check({ m, n, k, transposeA, transposeB, batchA, batchB })),
      { numRuns: 120, seed: 3 },
    );
  });

  it("is the product by definition where rows, columns or both are one short of its tiles or one over, in batches and beyond a block", async () => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        for (const [m, n, k] of [[2, 8, 3], [3, 16, 5], [4, 7, 24], [5, 9, 24], [7, 8, 520], [17, 17, 24], [23, 15, 520], [64, 64, 24]] as const) await check({ batchA: [2], batchB: [2], m, n, k, transposeA, transposeB });
      }
    }
  });

  it("multiplies vectors both ways", async () => {
    for (const transposeA of [false, true]) for (const transposeB of [false, true]) for (const [m, n, k] of [[1, 37, 21], [37, 1, 21], [1, 1, 50], [1, 64, 3]] as const) await check({ ...plain, batchA: [2], batchB: [2], m, n, k, transposeA, transposeB });
  });

  it("gives zeros for an empty inner axis and nothing for empty outer ones", async () => {
    expect((await run(() => tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3])))).values).toEqual(new Float32Array(6));
    expect((await run(() => tf.matMul(tf.zeros([0, 4]), tf.zeros([4, 3])))).shape).toEqual([0, 3]);
    expect((await run(() => tf.matMul(tf.zeros([0, 2, 4]), tf.zeros([0, 3, 4]), false, true))).shape).toEqual([0, 2, 3]);
  });

  it("keeps NaN and infinity where they belong, and nowhere else", async () => {
    const a = new Float32Array(6 * 5).fill(1);
    a[2 * 5 + 3] = NaN;
    a[4 * 5 + 1] = Infinity;
    const { values: c } = await run(() => tf.matMul(tf.tensor2d(a, [6, 5]), tf.ones([5, 9])));
    for (let i = 0; i < 6; i++) for (let j = 0; j < 9; j++) expect(c[i * 9 + j]).toBe(i === 2 ? NaN : i === 4 ? Infinity : 5);
  });

  it("frees its scratch memory", async () => {
    const a = tf.ones([300, 200]);
    const multiply = () => tf.dispose(tf.matMul(a, a, true, false));
    multiply();
    const before = heapProbe();
    for (let i = 0; i < 50; i++) multiply();
    expect(heapProbe()).toBe(before);
    a.dispose();
  });

  it("works on after memory has grown", async () => {
    const a = tf.ones([64, 64]);
    const large = Array.from({ length: 6 }, () => tf.zeros([4 << 20])); // 96 MB
    const { values: c } = await run(() => tf.matMul(a, a, true, true));
    expect(c.every((x) => x === 64)).toBe(true);
    tf.dispose([a, ...large]);
  });

  it("throws tfjs' own error for inner sizes that differ, and for int32 as the backend does", async () => {
    for (const f of [() => tf.matMul(tf.ones([2, 3]), tf.ones([4, 2])), () => tf.matMul(tf.ones([2, 2], "int32"), tf.ones([2, 2], "int32"))]) {
      const ours = attempt(f)();
      expect(ours).toEqual(expect.any(String));
      expect(ours).toBe(await original(attempt(f)));
    }
  });

  it("gives the gradients of the original kernel", async () => {
    const [x, w] = [tensorOf([3, 10, 6], 5), tensorOf([3, 6, 7], 6)];
    const gradients = async () => {
      const [dx, dw] = tf.grads((x, w) => tf.sum(tf.square(tf.matMul(x!, w!))))([x, w]);
      const out = [...(await dx!.data()), ...(await dw!.data())];
      tf.dispose([dx!, dw!]);
      return out;
    };
    expectClose(await gradients(), await original(gradients), 1e-5, 1e-5);
    tf.dispose([x, w]);
  });
});
