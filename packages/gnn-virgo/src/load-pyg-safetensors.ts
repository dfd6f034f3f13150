// The file that torch's side writes with safetensors.torch.save_file(model.state_dict(), …): a length, a JSON header, the numbers.
import { WarmstartError } from "@warmstart/init-core";
import type { PygTensor } from "./load-pyg.js";

/** A header is refused above this: the format's own bound. */
const largestHeader = 100_000_000;

const readers: Readonly<Record<string, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  BF16: { bytes: 2, read: (view, at) => (scratch.setUint32(0, view.getUint16(at, true) << 16), scratch.getFloat32(0)) },
  I64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  I32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
};
const scratch = new DataView(new ArrayBuffer(4));

interface Header {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/**
 * The tensors of a `.safetensors` file for `loadPygWeights`: float64, float32, bfloat16 and integers.
 *
 * @throws {WarmstartError} INVALID_OPTION for bytes that are no such file, or one cut off, and for another dtype.
 *
 * @example
 * const stateDict = readSafetensors(await readFile("gcn.safetensors"));
 */
export function readSafetensors(bytes: Uint8Array): Record<string, PygTensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.byteLength < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (length > Math.min(largestHeader, bytes.byteLength - 8)) throw invalid("the bytes are no safetensors file, or cut off in its header. Read the whole file as bytes.", {});
  const header = parsed(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const tensors: Record<string, PygTensor> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: [begin, end] = [NaN, NaN] } = entry as Header;
    const reader = readers[dtype];
    if (reader === undefined) throw invalid(`"${name}" has dtype ${dtype}; known are ${Object.keys(readers).join(", ")}. Save it as float32.`, { name, dtype });
    const count = shape.reduce((product, size) => product * size, 1);
    if (!(begin >= 0) || end - begin !== count * reader.bytes || 8 + length + end > bytes.byteLength) throw invalid(`"${name}" must have ${count * reader.bytes} bytes in the file, got ${begin} to ${end} of ${bytes.byteLength - 8 - length}. The file may be cut off.`, { name });
    tensors[name] = { shape, data: Float64Array.from({ length: count }, (_, i) => reader.read(view, 8 + length + begin + i * reader.bytes)) };
  }
  return tensors;
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new WarmstartError("INVALID_OPTION", "readSafetensors: the header is no JSON. Read the whole file as bytes, not as text.", {}, { cause });
  }
}

const invalid = (message: string, details: Record<string, unknown>) => new WarmstartError("INVALID_OPTION", `readSafetensors: ${message}`, details);
