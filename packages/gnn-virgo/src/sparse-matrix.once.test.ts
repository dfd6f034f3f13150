import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multiply, multiplyTransposed, sameMatrix, sparseMatrix, transposed } from "./sparse-matrix.js";

const entries = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 })).chain(([rows, columns]) =>
  fc.array(fc.tuple(fc.nat(rows - 1), fc.nat(columns - 1), fc.integer({ min: -5, max: 5 })), { maxLength: 30 }).map((list) => ({ rows, columns, list })),
);
const matrixOf = ({ rows, columns, list }: { rows: number; columns: number; list: [number, number, number][] }) =>
  sparseMatrix(rows, columns, Int32Array.from(list, ([r]) => r), Int32Array.from(list, ([, c]) => c), Float64Array.from(list, ([, , v]) => v));
const denseOf = ({ rows, columns, list }: { rows: number; columns: number; list: [number, number, number][] }) => {
  const dense = Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0));
  for (const [r, c, v] of list) dense[r]![c]! += v;
  return dense;
};

describe("sparseMatrix", () => {
  it("has its entries in order of rows and columns, and multiplies as the dense matrix does, both ways", () => {
    fc.assert(
      fc.property(entries, (given) => {
        const [matrix, dense] = [matrixOf(given), denseOf(given)];
        for (let r = 0; r < given.rows; r++) {
          const row = matrix.columnIndices.subarray(matrix.rowPointers[r], matrix.rowPointers[r + 1]);
          expect([...row]).toEqual([...row].sort((a, b) => a - b));
        }
        const x = Float64Array.from({ length: given.columns }, (_, c) => c + 1);
        const y = Float64Array.from({ length: given.rows }, (_, r) => 2 * r - 3);
        expect([...multiply(matrix, x)]).toEqual(dense.map((row) => row.reduce((sum, v, c) => sum + v * x[c]!, 0)));
        expect([...multiplyTransposed(matrix, y)]).toEqual([...multiply(transposed(matrix), y)]);
      }),
    );
  });

  it("is itself after two transpositions, and not after one unless symmetric", () => {
    fc.assert(fc.property(entries, (given) => sameMatrix(transposed(transposed(matrixOf(given))), matrixOf(given))));
    const directed = matrixOf({ rows: 2, columns: 2, list: [[0, 1, 1]] });
    expect(sameMatrix(directed, transposed(directed))).toBe(false);
  });
});
