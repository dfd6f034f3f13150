// Weights of torch_geometric: the state_dict of a model of its layers, by the names of PyG 2.8, into a model of these, and back.
import * as tf from "@tensorflow/tfjs-core";
import type { Variable } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layersOf, networkOf, WarmstartError } from "@warmstart/init-core";
import { translationOf, type Weight } from "./load-pyg-names.js";

/** A tensor of torch on the host, row after row. */
export interface PygTensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Tensors by name, as `state_dict()` has them: "conv1.lin.weight". */
export type PygStateDict = Readonly<Record<string, PygTensor>>;

/** Options of `loadPygWeights` and `toPygWeights`. */
export interface PygOptions {
  /** The module of each layer by the layer's path: `{ first: "convs.0" }`. Default: the path with dots for slashes, "encoder.conv1". */
  readonly names?: Readonly<Record<string, string>>;
}

/** A weight of the model and where it is in the state_dict. */
interface Place extends Weight {
  readonly path: string;
  readonly variable: Variable;
  readonly module: string;
}

/**
 * Writes the weights of a PyG model into a built model of this package's layers: GCNConv, SAGEConv, GATConv, GATv2Conv, GINConv
 * (of `Sequential(Linear, …, Linear)` or an `MLP` of two), GraphNorm, and Linear into Dense, BatchNorm1d into BatchNormalization.
 * Kernels are transposed. Every name and shape is checked before the first is written.
 *
 * @throws {WarmstartError} NO_MATCH for a weight that the state_dict lacks, a tensor that no layer takes, a layer of another
 *   class; SHAPE_MISMATCH for a shape; PLAN_MISMATCH where ε of a GIN or a shared kernel is another than the layer's; NOT_FINITE.
 *
 * @example
 * const model = tf.sequential({ layers: [gcnConv({ name: "conv1", units: 16, activation: "relu", inputShape: [34] }), gcnConv({ name: "conv2", units: 4 })] });
 * loadPygWeights(model, readSafetensors(await readFile("gcn.safetensors")));
 */
export function loadPygWeights(model: LayersModel, stateDict: PygStateDict, { names = {} }: PygOptions = {}): void {
  const { places, fixed } = placesOf("loadPygWeights", model, names);
  const used = new Set<string>();
  const found = places.map((place) => {
    const name = place.theirs.map((alias) => `${place.module}.${alias}`).find((alias) => alias in stateDict);
    if (name === undefined) throw new WarmstartError("NO_MATCH", `loadPygWeights: the state_dict has no "${place.module}.${place.theirs[0]}" for the weight "${place.path}". It has ${listed(Object.keys(stateDict))}. Name the layer like its module, or pass \`names\`.`, { path: place.path });
    used.add(name);
    return { place, name, data: checked(name, stateDict[name]!, place) };
  });
  for (const { name, ignored, data, like } of fixed) {
    if (!(name in stateDict)) continue;
    used.add(name);
    const wanted = like === undefined ? data : stateDict[like]?.data;
    if (!ignored && (wanted === undefined || !sameNumbers(stateDict[name]!.data, wanted))) throw new WarmstartError("PLAN_MISMATCH", `loadPygWeights: "${name}" must be ${like === undefined ? Array.from(data ?? []).join(", ") : `the same as "${like}"`}, as the layer has it. Give the layer \`eps\` or \`trainEps\`, or leave out \`shareWeights\`.`, { name });
  }
  const left = Object.keys(stateDict).filter((name) => !used.has(name));
  if (left.length > 0) throw new WarmstartError("NO_MATCH", `loadPygWeights: no layer takes ${listed(left)}. The layers are ${listed([...new Set(places.map(({ module }) => module))])}; the model must have one for each of the state_dict's modules.`, { names: left });
  tf.tidy(() => {
    for (const { place, data } of found) place.variable.assign(tf.tensor(place.layout === "transposed" ? transposedOf(data, place.variable.shape[1]!) : data, place.variable.shape));
  });
}

/**
 * The weights of a model as PyG has them, for `load_state_dict`: what `loadPygWeights` reads, by the same names.
 *
 * @throws {WarmstartError} NO_MATCH for a layer that PyG has no name for.
 */
export async function toPygWeights(model: LayersModel, { names = {} }: PygOptions = {}): Promise<Record<string, { shape: number[]; data: Float32Array }>> {
  const { places, fixed } = placesOf("toPygWeights", model, names);
  const result: Record<string, { shape: number[]; data: Float32Array }> = {};
  for (const place of places) {
    const data = Float32Array.from(await place.variable.data());
    result[`${place.module}.${place.theirs[0]}`] = { shape: shapeOf(place), data: place.layout === "transposed" ? transposedOf(data, place.variable.shape[0]!) : data };
  }
  for (const { name, data, like } of fixed) {
    const same = like === undefined ? undefined : result[like];
    if (same !== undefined) result[name] = { shape: [...same.shape], data: same.data.slice() };
    else if (data !== undefined) result[name] = { shape: [data.length], data: Float32Array.from(data) };
  }
  return result;
}

function placesOf(where: string, model: LayersModel, names: Readonly<Record<string, string>>) {
  const { parameters } = networkOf(model);
  const places: Place[] = [];
  const fixed: { name: string; data?: ArrayLike<number>; like?: string; ignored?: boolean }[] = [];
  const unknown = Object.keys(names).filter((path) => !layersOf(model).some((at) => at.path === path));
  if (unknown.length > 0) throw new WarmstartError("NO_MATCH", `${where}: \`names\` has ${listed(unknown)}, which ${unknown.length === 1 ? "is no layer" : "are no layers"} of the model. Its layers are ${listed(layersOf(model).map(({ path }) => path))}.`, { names: unknown });
  for (const { path, layer } of layersOf(model)) {
    const own = parameters.filter((parameter) => parameter.layer === path);
    const module = names[path] ?? path.replaceAll("/", ".");
    const translation = translationOf(layer);
    if (own.length === 0 && translation === undefined) continue;
    if (translation === undefined) throw new WarmstartError("NO_MATCH", `${where}: the layer "${path}" is a ${layer.getClassName()}, which has no counterpart here. Set its weights yourself, and load those of the model without it.`, { layer: path });
    for (const { path: full, variable } of own) places.push({ ...translation.weights[full.slice(path.length + 1)]!, path: full, variable, module });
    for (const { name, like, ...rest } of translation.fixed ?? []) fixed.push({ name: `${module}.${name}`, ...(like === undefined ? {} : { like: `${module}.${like}` }), ...rest });
  }
  return { places, fixed };
}

/** Of a weight as torch has it. */
function shapeOf({ layout, variable: { shape } }: Place): number[] {
  return layout === "transposed" ? [shape[1]!, shape[0]!] : layout === "heads" ? [1, ...shape] : [...shape];
}

function checked(name: string, { shape, data }: PygTensor, place: Place): Float32Array {
  const expected = shapeOf(place);
  if (shape.length !== expected.length || shape.some((size, i) => size !== expected[i]) || data.length !== place.variable.size) throw new WarmstartError("SHAPE_MISMATCH", `loadPygWeights: "${name}" must have shape [${expected}] for the weight "${place.path}", got [${shape}] with ${data.length} entries. Give the layer the width that it had in PyG.`, { name, shape, expected });
  const values = Float32Array.from(data);
  if (values.some((value) => !Number.isFinite(value))) throw new WarmstartError("NOT_FINITE", `loadPygWeights: "${name}" has entries that are not finite numbers. Save the state_dict again.`, { name });
  return values;
}

/** Of `"columns rows"`, `"rows columns"`. */
function transposedOf(data: Float32Array, columns: number): Float32Array {
  const rows = data.length / columns;
  return new Float32Array(data.length).map((_, at) => data[(at % columns) * rows + Math.floor(at / columns)]!);
}

const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => a.length === b.length && Array.from(a).every((value, i) => Math.fround(value) === Math.fround(b[i]!));

const listed = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.slice(0, 12).map((name) => `"${name}"`).join(", ") + (names.length > 12 ? ` and ${names.length - 12} more` : ""));
