// Sparse matrices in compressed rows on the host, float64.
/** `"rows columns"`: row r has the entries from `rowPointers[r]` up to `rowPointers[r + 1]`, columns in ascending order. */
export interface SparseMatrix {
  readonly rows: number;
  readonly columns: number;
  /** `"rows+1"` */
  readonly rowPointers: Int32Array;
  /** `"entries"` */
  readonly columnIndices: Int32Array;
  /** `"entries"` */
  readonly values: Float64Array;
}

/** The matrix with `value[e]` (1 when there are none) at row `row[e]`, column `column[e]`. Several entries at one place stay several. */
export function sparseMatrix(rows: number, columns: number, row: Int32Array, column: Int32Array, value?: Float64Array): SparseMatrix {
  // Sorting by column and then, keeping that order, by row.
  const byColumn = countingSort(columns, column);
  const byRow = countingSort(rows, row, byColumn.order);
  const [columnIndices, values] = [new Int32Array(row.length), new Float64Array(row.length)];
  for (let p = 0; p < row.length; p++) {
    const e = byRow.order[p]!;
    columnIndices[p] = column[e]!;
    values[p] = value === undefined ? 1 : value[e]!;
  }
  return { rows, columns, rowPointers: byRow.pointers, columnIndices, values };
}

/** A stable order of entries by key, and where each key begins in it. */
export function countingSort(keys: number, key: Int32Array, order?: Int32Array): { pointers: Int32Array; order: Int32Array } {
  const pointers = new Int32Array(keys + 1);
  for (const k of key) pointers[k + 1]!++;
  for (let k = 0; k < keys; k++) pointers[k + 1]! += pointers[k]!;
  const next = pointers.slice(0, keys);
  const sorted = new Int32Array(key.length);
  for (let i = 0; i < key.length; i++) {
    const e = order === undefined ? i : order[i]!;
    sorted[next[key[e]!]!++] = e;
  }
  return { pointers, order: sorted };
}

/** Aᵀ. */
export function transposed({ rows, columns, rowPointers, columnIndices, values }: SparseMatrix): SparseMatrix {
  const pointers = new Int32Array(columns + 1);
  for (const column of columnIndices) pointers[column + 1]!++;
  for (let c = 0; c < columns; c++) pointers[c + 1]! += pointers[c]!;
  const next = pointers.slice(0, columns);
  const [indices, entries] = [new Int32Array(values.length), new Float64Array(values.length)];
  for (let r = 0; r < rows; r++) {
    for (let p = rowPointers[r]!; p < rowPointers[r + 1]!; p++) {
      const q = next[columnIndices[p]!]!++;
      indices[q] = r;
      entries[q] = values[p]!;
    }
  }
  return { rows: columns, columns: rows, rowPointers: pointers, columnIndices: indices, values: entries };
}

/** Whether two matrices have the same entries at the same places. */
export function sameMatrix(a: SparseMatrix, b: SparseMatrix): boolean {
  if (a.rows !== b.rows || a.columns !== b.columns || a.values.length !== b.values.length) return false;
  return a.rowPointers.every((p, r) => p === b.rowPointers[r]) && a.columnIndices.every((c, p) => c === b.columnIndices[p] && a.values[p] === b.values[p]);
}

/** `y "rows" = A x "columns"`, into `y`. */
export function multiply({ rows, rowPointers, columnIndices, values }: SparseMatrix, x: Float64Array, y = new Float64Array(rows)): Float64Array {
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let p = rowPointers[r]!; p < rowPointers[r + 1]!; p++) sum += values[p]! * x[columnIndices[p]!]!;
    y[r] = sum;
  }
  return y;
}

/** `y "columns" = Aᵀ x "rows"`, into `y`. */
export function multiplyTransposed({ rows, columns, rowPointers, columnIndices, values }: SparseMatrix, x: Float64Array, y = new Float64Array(columns)): Float64Array {
  y.fill(0);
  for (let r = 0; r < rows; r++) {
    const own = x[r]!;
    for (let p = rowPointers[r]!; p < rowPointers[r + 1]!; p++) y[columnIndices[p]!]! += values[p]! * own;
  }
  return y;
}
