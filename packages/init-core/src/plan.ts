// Plans as values: made, saved, read back, matched to a model whose automatic names have moved on.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Plan, PlanTarget } from "./contract.js";
import { WarmstartError } from "./errors.js";
import type { Network } from "./network.js";
import { createReport, type ReportData } from "./report.js";

/** A plan that owns `tensors` from now on. */
export function createPlan<Details>(plan: Omit<Plan<Details>, "dispose">): Plan<Details> {
  return { ...plan, dispose: () => Object.values(plan.tensors).forEach((tensor) => !tensor.isDisposed && tensor.dispose()) };
}

interface Header {
  format: "warmstart-plan";
  version: 1;
  method: string;
  details: unknown;
  targets: readonly PlanTarget[];
  report: ReportData;
  tensors: { name: string; shape: number[]; dtype: "float32" | "int32" | "bool"; offset: number; bytes: number }[];
}

/**
 * A plan as bytes: eight bytes of header length, a JSON header, the tensors' data, little-endian. Reads every tensor once.
 * The plan stays usable and the caller's.
 *
 * @example
 * await writeFile("eva.plan", await savePlan(plan));
 */
export async function savePlan(plan: Plan): Promise<Uint8Array> {
  const names = Object.keys(plan.tensors);
  const data = await Promise.all(names.map((name) => plan.tensors[name]!.data()));
  let offset = 0;
  const tensors = names.map((name, i) => {
    const { shape, dtype } = plan.tensors[name]!;
    const entry = { name, shape, dtype: dtype as "float32" | "int32" | "bool", offset, bytes: data[i]!.byteLength };
    offset += entry.bytes;
    return entry;
  });
  const header: Header = { format: "warmstart-plan", version: 1, method: plan.method, details: plan.details, targets: plan.targets, report: plan.report.toJSON(), tensors };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  for (const [i, { offset: at }] of tensors.entries()) bytes.set(new Uint8Array(data[i]!.buffer, data[i]!.byteOffset, data[i]!.byteLength), 8 + json.length + at);
  return bytes;
}

/**
 * The plan in `bytes`; the caller disposes it. With a `network` it is matched to that network's parameters and layers: by path,
 * else by order and shape, since the same code built twice gives other automatic names.
 *
 * @throws {WarmstartError} PLAN_MISMATCH when the bytes are no plan, or the network has other layers than the plan was made for.
 */
export function loadPlan(bytes: Uint8Array, network?: Network): Plan {
  const { header, start } = readHeader(bytes);
  const rename = network === undefined ? new Map<string, string>() : matchTargets(header.targets, network);
  const renamed = renamePaths({ details: header.details, targets: header.targets, report: header.report }, rename);
  const tensors: Record<string, Tensor> = {};
  for (const { name, shape, dtype, offset, bytes: length } of header.tensors) {
    const slice = bytes.slice(start + offset, start + offset + length);
    const values = dtype === "bool" ? slice : dtype === "int32" ? new Int32Array(slice.buffer) : new Float32Array(slice.buffer);
    tensors[renamePath(name, rename)] = tf.tensor(values, shape, dtype);
  }
  return createPlan({ method: header.method, details: renamed.details, targets: renamed.targets, tensors, report: createReport(renamed.report) });
}

function readHeader(bytes: Uint8Array): { header: Header; start: number } {
  const refuse = (why: string) => new WarmstartError("PLAN_MISMATCH", `loadPlan: these ${bytes.length} bytes are no plan (${why}). Pass what savePlan returned.`, { bytes: bytes.length });
  if (bytes.length < 8) throw refuse("too short");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) throw refuse("the header is longer than the file");
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Header;
  } catch {
    throw refuse("the header is not JSON");
  }
  if (header.format !== "warmstart-plan") throw refuse("another format");
  const end = Math.max(0, ...header.tensors.map((tensor) => tensor.offset + tensor.bytes));
  if (8 + length + end > bytes.length) throw refuse(`${8 + length + end - bytes.length} bytes are missing at the end`);
  return { header, start: 8 + length };
}

/** Old layer path → new layer path; empty when all paths are there. */
function matchTargets(targets: readonly PlanTarget[], network: Network): Map<string, string> {
  const shapes = new Map(network.parameters.map(({ path, shape }) => [path, shape]));
  const same = (a: readonly number[] | undefined, b: readonly number[]) => a?.length === b.length && a.every((size, axis) => size === b[axis]);
  if (targets.every(({ path, shape }) => same(shapes.get(path), shape))) return new Map();
  const tail = (path: string) => path.slice(path.lastIndexOf("/"));
  const layer = (path: string) => path.slice(0, path.lastIndexOf("/"));
  const rename = new Map<string, string>();
  let next = 0;
  for (const { path, shape } of targets) {
    while (next < network.parameters.length && !(same(network.parameters[next]!.shape, shape) && tail(network.parameters[next]!.path) === tail(path))) next++;
    const found = network.parameters[next++];
    if (found === undefined) {
      throw new WarmstartError("PLAN_MISMATCH", `loadPlan: the plan was made for "${path}" of shape [${shape}], and the network has no such parameter, by path or by order. Load it for the model it was made for.`, { path, shape });
    }
    rename.set(layer(path), layer(found.path));
  }
  return rename;
}

function renamePath(name: string, rename: ReadonlyMap<string, string>): string {
  for (const [from, to] of rename) if (name === from || name.startsWith(`${from}/`)) return to + name.slice(from.length);
  return name;
}

/** Paths stand in plans as keys and as strings. */
function renamePaths<T>(value: T, rename: ReadonlyMap<string, string>): T {
  if (rename.size === 0) return value;
  const walk = (node: unknown): unknown => {
    if (typeof node === "string") return renamePath(node, rename);
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node === "object" && node !== null) return Object.fromEntries(Object.entries(node).map(([key, inner]) => [renamePath(key, rename), walk(inner)]));
    return node;
  };
  return walk(value) as T;
}
