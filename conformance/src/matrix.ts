// The little linear algebra that comparing needs, on the host in float64.

export interface Matrix {
  readonly data: readonly number[];
  readonly rows: number;
  readonly columns: number;
}

export const rows = ({ data, rows: count, columns: width }: Matrix): number[][] => Array.from({ length: count }, (_, i) => data.slice(i * width, (i + 1) * width));
export const columns = ({ data, rows: height, columns: count }: Matrix): number[][] => Array.from({ length: count }, (_, j) => Array.from({ length: height }, (_, i) => data[i * count + j]!));

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** The projector `Xᵀ(XXᵀ)⁻¹X`, `"n n"` flat, on the span of the vectors, by Gram–Schmidt done twice; undefined when they are dependent. */
export function projector(vectors: readonly (readonly number[])[]): number[] | undefined {
  const basis: number[][] = [];
  for (const vector of vectors) {
    const size = Math.sqrt(dot(vector, vector));
    let rest = [...vector];
    for (let pass = 0; pass < 2; pass++) {
      for (const direction of basis) {
        const along = dot(rest, direction);
        rest = rest.map((value, i) => value - along * direction[i]!);
      }
    }
    const left = Math.sqrt(dot(rest, rest));
    if (!(left > 1e-12 * size)) return undefined;
    basis.push(rest.map((value) => value / left));
  }
  const n = vectors[0]?.length ?? 0;
  return Array.from({ length: n * n }, (_, at) => basis.reduce((sum, direction) => sum + direction[Math.floor(at / n)]! * direction[at % n]!, 0));
}
