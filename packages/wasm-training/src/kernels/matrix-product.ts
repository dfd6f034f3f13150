import { broadcast_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf, type Runtime } from "../runtime.js";
import type { Epilogue } from "./epilogue.js";

/**
 * `a "… m k"` times `b "… k n"`, each stored with its last two axes swapped where told so, leading axes broadcast.
 * `undefined` for what is not ours: other dtypes, inner sizes that differ (the backend's kernel then throws its own error).
 */
export function matrixProduct(runtime: Runtime, a: TensorInfo, b: TensorInfo, transposeA: boolean, transposeB: boolean, epilogue?: Epilogue): TensorInfo | undefined {
  if (a.dtype !== "float32" || b.dtype !== "float32" || a.shape.length < 2 || b.shape.length < 2) return undefined;
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [n, inner] = transposeB ? [rowsB, columnsB] : [columnsB, rowsB];
  if (k !== inner) return undefined;
  const leadingA = a.shape.slice(0, -2);
  const leadingB = b.shape.slice(0, -2);
  const leading = broadcast_util.assertAndGetBroadcastShape(leadingA, leadingB);
  const batch = sizeOf(leading);
  const batchA = sizeOf(leadingA);
  const batchB = sizeOf(leadingB);

  const out = runtime.output([...leading, m, n], "float32");
  if (batch * m * n === 0) return out;
  const { module } = runtime;
  const bias = epilogue?.bias === undefined ? 0 : runtime.offset(epilogue.bias);
  const activation = epilogue?.activation ?? 0;
  const alpha = epilogue?.alpha ?? 0;
  // One B for a batch of plain A: their rows are one tall matrix.
  const fold = batchB === 1 && batchA === batch && !transposeA ? batch : 1;
  const rows = m * fold;
  runtime.withScratch(module.gemmScratchBytes(rows, n, k, transposeA) >>> 0, (scratch) => {
    // Offsets after all allocation, though they would stay good.
    const atA = runtime.offset(a);
    const atB = runtime.offset(b);
    const atC = runtime.offset(out);
    if (fold > 1 || (batchA === batch && batchB === batch) || (batchA === batch && batchB === 1) || (batchA === 1 && batchB === batch)) {
      const strideA = batchA === 1 ? 0 : m * k;
      const strideB = batchB === 1 ? 0 : k * n;
      module.gemm(batch / fold, rows, n, k, atA, strideA, transposeA, atB, strideB, transposeB, atC, scratch, bias, activation, alpha);
      return;
    }
    // Both are broadcast, along different axes.
    const indexA = broadcastIndices(leadingA, leading);
    const indexB = broadcastIndices(leadingB, leading);
    for (let i = 0; i < batch; i++) module.gemm(1, m, n, k, atA + indexA[i]! * m * k * 4, 0, transposeA, atB + indexB[i]! * k * n * 4, 0, transposeB, atC + i * m * n * 4, scratch, bias, activation, alpha);
  });
  return out;
}

/** For each position of `to` in row-major order, the position in `from` that is broadcast there. */
function broadcastIndices(from: readonly number[], to: readonly number[]): number[] {
  let indices = [0];
  let stride = sizeOf(from);
  const missing = to.length - from.length;
  to.forEach((size, axis) => {
    const own = axis < missing ? 1 : from[axis - missing]!;
    stride /= own;
    const step = own === 1 ? 0 : stride;
    indices = indices.flatMap((index) => Array.from({ length: size }, (_, i) => index + i * step));
  });
  return indices;
}
