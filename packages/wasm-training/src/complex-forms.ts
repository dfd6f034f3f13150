import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { complexOf, isComplex, pairsOf } from "./complex-tensor.js";
import { compose } from "./compose.js";
import { runtimeOf, sizeOf } from "./runtime.js";
import type { WasmBackend } from "./wasm-backend.js";

type Attrs = Readonly<Record<string, unknown>>;
type Inputs = Readonly<Record<string, TensorInfo>>;

/** Takes complex tensors, and is not changed: what only has to do with shapes, and our own kernels. */
const complexAware = new Set(["Complex", "ComplexAbs", "ExpandDims", "FFT", "IFFT", "Imag", "Real", "Reshape"]);

const same = (attrs: Attrs): Attrs => attrs;
const axis = (key: string, added = 0) => (attrs: Attrs, x: TensorInfo): Attrs => {
  const given = attrs[key] as number | number[] | undefined;
  const rank = x.shape.length + added;
  const fromFront = (value: number) => (value < 0 ? value + rank : value);
  return { ...attrs, [key]: given === undefined || given === null ? x.shape.map((_, i) => i) : Array.isArray(given) ? given.map(fromFront) : fromFront(given) };
};

/**
 * Kernels that move elements, or are linear with real coefficients: on the pairs they do the same, as long as axes are counted
 * from the front and the last axis stays. The value is the change of their attributes.
 */
const onPairs: Readonly<Record<string, (attrs: Attrs, x: TensorInfo) => Attrs>> = {
  Add: same,
  AddN: same,
  Concat: axis("axis"),
  GatherV2: axis("axis"),
  Identity: same,
  Mean: axis("axis"),
  Neg: same,
  Pack: axis("axis", 1),
  Reverse: axis("dims"),
  Slice: same, // begin and size may be shorter than the shape
  SplitV: axis("axis"),
  StridedSlice: same,
  Sub: same,
  Sum: axis("axis"),
  Tile: (attrs) => ({ ...attrs, reps: [...(attrs.reps as number[]), 1] }),
  Transpose: (attrs, x) => ({ ...attrs, perm: [...(attrs.perm as number[]), x.shape.length] }),
  Unpack: axis("axis"),
  ZerosLike: same,
};
const allComplex = new Set(["Add", "AddN", "Concat", "Pack", "Sub"]);

/** What is more than that. */
const special: Readonly<Record<string, (call: Parameters<KernelFunc>[0], original: KernelFunc) => TensorInfo>> = {
  Cast: ({ inputs, attrs, backend }, original) => {
    const x = inputs.x!;
    const dtype = attrs!.dtype;
    return compose(backend as WasmBackend, (run) => {
      if (isComplex(x)) return dtype === "complex64" ? run("Identity", { x }) : original({ inputs: { x: run("Real", { input: x }) }, attrs, backend }) as TensorInfo;
      const real = x.dtype === "float32" ? x : run("Cast", { x }, { dtype: "float32" });
      return run("Complex", { real, imag: run("ZerosLike", { x: real }) });
    });
  },
  Multiply: ({ inputs, backend }) => {
    const { a, b } = inputs as unknown as { a: TensorInfo; b: TensorInfo };
    return multiplyRows(backend, a, b) ?? multiplyRows(backend, b, a) ?? multiplyByParts(backend as WasmBackend, a, b);
  },
  OnesLike: ({ inputs, backend }) =>
    compose(backend as WasmBackend, (run) => {
      const real = run("Real", { input: inputs.x! });
      return run("Complex", { real: run("OnesLike", { x: real }), imag: run("ZerosLike", { x: real }) });
    }),
  PadV2: ({ inputs, attrs, backend }, original) => {
    if (Number(attrs!.constantValue) !== 0) throw notSupported("PadV2 by anything but zeros");
    const paddings = [...(attrs!.paddings as unknown as [number, number][]), [0, 0]];
    return complexOf(original({ inputs: { x: pairsOf(backend as WasmBackend, inputs.x!) }, attrs: { ...attrs, paddings } as never, backend }) as TensorInfo);
  },
};

/** Rows of a times b, where b's shape is the end of a's. */
function multiplyRows(backend: object, a: TensorInfo, b: TensorInfo): TensorInfo | undefined {
  const runtime = runtimeOf(backend);
  const outer = a.shape.length - b.shape.length;
  if (runtime === undefined || outer < 0 || b.shape.some((size, i) => size !== a.shape[outer + i])) return undefined;
  const [x, y] = [pairsOf(runtime.backend, a), pairsOf(runtime.backend, b)];
  const out = runtime.output(x.shape, "float32");
  runtime.module.complexMultiply(runtime.offset(x), runtime.offset(y), runtime.offset(out), sizeOf(a.shape.slice(0, outer)), sizeOf(b.shape));
  return complexOf(out);
}

/** For all other broadcasts. */
const multiplyByParts = (backend: WasmBackend, a: TensorInfo, b: TensorInfo): TensorInfo =>
  compose(backend, (run) => {
    const [aRe, aIm, bRe, bIm] = [a, b].flatMap((input) => [run("Real", { input }), run("Imag", { input })]) as [TensorInfo, TensorInfo, TensorInfo, TensorInfo];
    const times = (p: TensorInfo, q: TensorInfo) => run("Multiply", { a: p, b: q });
    return run("Complex", { real: run("Sub", { a: times(aRe, bRe), b: times(aIm, bIm) }), imag: run("Add", { a: times(aRe, bIm), b: times(aIm, bRe) }) });
  });

const notSupported = (name: string): Error => new Error(`${name} does not support complex64 tensors in the WebAssembly backend. Take them apart by tf.real and tf.imag.`);

/**
 * The kernel for complex tensors too: those that can take them get a form that does, the others throw. Without this the backend
 * reads complex tensors as if they were real ones, and says nothing.
 */
export function withComplex(name: string, original: KernelFunc): KernelFunc {
  if (complexAware.has(name)) return original;
  return (call) => {
    const { inputs, attrs, backend } = call;
    const tensors: readonly (TensorInfo | null | undefined)[] = Object.values(inputs);
    const complex = tensors.find(isComplex);
    if (complex === undefined && !(name === "Cast" && attrs?.dtype === "complex64")) return original(call);
    const form = special[name];
    if (form !== undefined) return form(call, original);
    const adapt = onPairs[name];
    if (adapt === undefined || complex === undefined || (allComplex.has(name) && !tensors.every(isComplex))) throw notSupported(name);
    const pairs = (tensor: TensorInfo) => (isComplex(tensor) ? pairsOf(backend as WasmBackend, tensor) : tensor);
    const out = original({ inputs: mapInputs(inputs as Inputs, pairs), attrs: adapt(attrs ?? {}, complex) as never, backend });
    return Array.isArray(out) ? out.map(complexOf) : complexOf(out);
  };
}

const mapInputs = (inputs: Inputs, f: (tensor: TensorInfo) => TensorInfo): Record<string, TensorInfo> =>
  (Array.isArray(inputs) ? (inputs as TensorInfo[]).map(f) : Object.fromEntries(Object.entries(inputs).map(([key, tensor]) => [key, f(tensor)]))) as Record<string, TensorInfo>;
