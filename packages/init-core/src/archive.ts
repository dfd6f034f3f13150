// One small file format for everything that is saved: eight bytes of header length, a JSON header, tensor data, little-endian.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError } from "./errors.js";

interface Entry {
  name: string;
  shape: number[];
  dtype: "float32" | "int32" | "bool";
  offset: number;
  bytes: number;
}

interface Header<Meta> {
  format: string;
  meta: Meta;
  tensors: Entry[];
}

/** `meta` (JSON) and `tensors` as bytes. Reads every tensor once; they stay the caller's. */
export async function packArchive(format: string, meta: unknown, tensors: Readonly<Record<string, Tensor>>): Promise<Uint8Array> {
  const names = Object.keys(tensors);
  const data = await Promise.all(names.map((name) => tensors[name]!.data()));
  let offset = 0;
  const entries = names.map((name, i): Entry => {
    const { shape, dtype } = tensors[name]!;
    const entry = { name, shape, dtype: dtype as Entry["dtype"], offset, bytes: data[i]!.byteLength };
    offset += entry.bytes;
    return entry;
  });
  const json = new TextEncoder().encode(JSON.stringify({ format, meta, tensors: entries } satisfies Header<unknown>));
  const bytes = new Uint8Array(8 + json.length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  for (const [i, entry] of entries.entries()) bytes.set(new Uint8Array(data[i]!.buffer, data[i]!.byteOffset, data[i]!.byteLength), 8 + json.length + entry.offset);
  return bytes;
}

/** What `packArchive` made. `tensors` is called after the header has been looked at; the caller disposes its result. */
export function unpackArchive<Meta>(caller: string, format: string, bytes: Uint8Array): { meta: Meta; tensors: (rename?: (name: string) => string) => Record<string, Tensor> } {
  const refuse = (why: string) => new WarmstartError("PLAN_MISMATCH", `${caller}: these ${bytes.length} bytes are no ${format} (${why}). Pass what was saved, unchanged.`, { bytes: bytes.length });
  if (bytes.length < 8) throw refuse("too short");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) throw refuse("the header is longer than the file");
  const start = 8 + length;
  let header: Header<Meta>;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Header<Meta>;
  } catch {
    throw refuse("the header is not JSON");
  }
  if (header.format !== format) throw refuse(`it says "${String(header.format)}"`);
  const missing = start + Math.max(0, ...header.tensors.map((entry) => entry.offset + entry.bytes)) - bytes.length;
  if (missing > 0) throw refuse(`${missing} bytes are missing at the end`);
  const tensors = (rename = (name: string) => name) =>
    Object.fromEntries(
      header.tensors.map(({ name, shape, dtype, offset, bytes: size }) => {
        const slice = bytes.slice(start + offset, start + offset + size);
        const values = dtype === "bool" ? slice : dtype === "int32" ? new Int32Array(slice.buffer) : new Float32Array(slice.buffer);
        return [rename(name), tf.tensor(values, shape, dtype)];
      }),
    );
  return { meta: header.meta, tensors };
}
