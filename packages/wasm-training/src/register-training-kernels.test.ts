import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { prepareTrainingKernels, registerTrainingKernels, trainingKernelNames, unregisterTrainingKernels, WasmTrainingError } from "./index.js";
import { unsortedSegmentSum } from "./kernels/unsorted-segment-sum.js";
import { kernelFuncOf } from "./training-kernel.js";
import { asWasmBackend } from "./wasm-backend.js";

const names = trainingKernelNames();
const registry = () => Object.fromEntries(names.map((name) => [name, tf.getKernel(name, "wasm") as tf.KernelConfig | undefined]));
const shipped = registry();

afterEach(() => unregisterTrainingKernels());

describe("registerTrainingKernels", () => {
  it("does nothing on import", () => {
    const missing = names.filter((name) => shipped[name] === undefined);
    expect(missing).toContain("UnsortedSegmentSum");
    expect(missing).not.toContain("BatchMatMul");
    expect(Object.getOwnPropertySymbols(tf.getKernel("Sin", "wasm"))).toEqual([]);
  });

  it("replaces or adds each of its kernels, and tells", () => {
    expect(registerTrainingKernels()).toEqual({ registered: names, accelerated: true });
    const ours = registry();
    for (const name of names) {
      expect(ours[name]!.kernelFunc).not.toBe(shipped[name]?.kernelFunc);
      expect(ours[name]!.setupFunc).toBe(shipped[name]?.setupFunc);
    }
  });

  it("changes nothing the second time", () => {
    registerTrainingKernels();
    const first = registry();
    expect(registerTrainingKernels().registered).toEqual(names);
    for (const name of names) expect(registry()[name]).toBe(first[name]);
  });

  it("does not warn about kernels that were there", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    tf.env().set("PROD", false);
    registerTrainingKernels();
    unregisterTrainingKernels();
    tf.env().set("PROD", true);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it("takes only some, or all except some, and more later", () => {
    expect(registerTrainingKernels({ only: ["Exp", "Sum"] }).registered).toEqual(["Sum", "Exp"]);
    expect(registry().BatchMatMul).toBe(shipped.BatchMatMul);
    expect(registerTrainingKernels({ except: ["BatchMatMul", "Complex"] }).registered).toEqual(names.filter((name) => name !== "BatchMatMul" && name !== "Complex"));
    expect(registry().BatchMatMul).toBe(shipped.BatchMatMul);
  });

  it("lets a kernel win that the backend has got in the meantime", () => {
    const later: tf.KernelConfig = { kernelName: "UnsortedSegmentSum", backendName: "wasm", kernelFunc: () => [] };
    tf.registerKernel(later);
    expect(registerTrainingKernels({ except: ["Complex"] }).registered).not.toContain("UnsortedSegmentSum");
    expect(tf.getKernel("UnsortedSegmentSum", "wasm")).toBe(later);
    // With our Complex it is there too, and refuses complex tensors.
    expect(registerTrainingKernels().registered).not.toContain("UnsortedSegmentSum");
    expect(() => tf.tidy(() => tf.engine().runKernel("UnsortedSegmentSum", { x: tf.complex(1, 2) }))).toThrow("complex64");
    unregisterTrainingKernels();
    expect(tf.getKernel("UnsortedSegmentSum", "wasm")).toBe(later);
    tf.unregisterKernel("UnsortedSegmentSum", "wasm");
  });

  it("throws for a name that is not one of its kernels, before anything is changed", () => {
    for (const options of [{ only: ["Exp", "MatMul"] }, { except: ["MatMul"] }]) {
      const attempt = () => registerTrainingKernels(options);
      expect(attempt).toThrow(/registerTrainingKernels: (only|except) must list kernels of this package, got "MatMul"\. They are BatchMatMul, /);
      expect(attempt).toThrow(WasmTrainingError);
      expect(attempt).toThrow(expect.objectContaining({ code: "INVALID_OPTION", [Symbol.for("@warmstart/error")]: true }));
    }
    expect(registry()).toEqual(shipped);
  });

  it("throws where no WebAssembly backend has been imported", () => {
    const factory = tf.findBackendFactory("wasm");
    expect(factory).toBeDefined();
    const { registryFactory } = tf.engine() as unknown as { registryFactory: Record<string, unknown> };
    const kept = registryFactory.wasm;
    delete registryFactory.wasm;
    try {
      expect(() => registerTrainingKernels()).toThrow(expect.objectContaining({ code: "BACKEND", message: expect.stringContaining('Import "@tensorflow/tfjs-backend-wasm" first') }));
    } finally {
      registryFactory.wasm = kept;
    }
  });
});

describe("unregisterTrainingKernels", () => {
  it("puts the very same configurations back", () => {
    registerTrainingKernels();
    unregisterTrainingKernels();
    for (const name of names) expect(registry()[name]).toBe(shipped[name]);
    unregisterTrainingKernels();
    expect(registry()).toEqual(shipped);
  });

  it("takes only some away", () => {
    registerTrainingKernels();
    unregisterTrainingKernels({ only: ["Exp", "Complex"] });
    expect(registry().Exp).toBe(shipped.Exp);
    expect(registry().Tanh).not.toBe(shipped.Tanh);
  });
});

describe("a backend whose memory cannot be reached", () => {
  const closed = { wasm: { asm: {} }, makeOutput: () => undefined, incRef: () => undefined };

  it("is recognised by what it is", () => {
    const opened = asWasmBackend(tf.backend());
    expect(typeof opened !== "string" && opened.backend === (tf.backend() as object)).toBe(true);
    expect(asWasmBackend(closed)).toContain("memory cannot be reached");
    expect(asWasmBackend({ ...closed, wasm: { asm: { memory: new WebAssembly.Memory({ initial: 1 }) } } })).toContain("allocator");
    for (const other of [undefined, null, {}, { wasm: null }]) expect(asWasmBackend(other)).toContain("not a BackendWasm");
  });

  it("keeps its own kernels", () => {
    const own = vi.fn(() => ({ dataId: {}, shape: [], dtype: "float32" as const }));
    const call = { inputs: { x: tf.scalar(1) }, backend: closed };
    const func = kernelFuncOf({ name: "Exp", mode: "replace", run: () => expect.unreachable() }, own);
    func(call);
    expect(own).toHaveBeenCalledExactlyOnceWith(call);
    call.inputs.x.dispose();
  });

  it("adds the missing ones on typed arrays", () => {
    const heap = new Map<object, Float32Array | Int32Array>();
    const tensor = (values: number[], dtype: "float32" | "int32", shape = [values.length]) => {
      const dataId = {};
      heap.set(dataId, dtype === "int32" ? Int32Array.from(values) : Float32Array.from(values));
      return { dataId, shape, dtype };
    };
    const backend = { ...closed, makeOutput: (shape: number[], dtype: "float32") => tensor(Array.from({ length: tf.util.sizeFromShape(shape) }, () => 9), dtype, shape), typedArrayFromHeap: ({ dataId }: tf.TensorInfo) => heap.get(dataId) };
    const out = kernelFuncOf(unsortedSegmentSum, undefined)({ inputs: { x: tensor([1, 2, 3], "float32"), segmentIds: tensor([1, 1, 0], "int32") } as never, backend, attrs: { numSegments: 3 } }) as tf.TensorInfo;
    expect([...heap.get(out.dataId)!]).toEqual([3, 3, 0]);
  });
});

describe("prepareTrainingKernels", () => {
  it("may be called before and after registering, any number of times", async () => {
    await prepareTrainingKernels();
    expect(registerTrainingKernels().accelerated).toBe(true);
    await prepareTrainingKernels();
    expect(registerTrainingKernels().accelerated).toBe(true);
  });
});

it("the entry register does it on import", async () => {
  await import("./register.js");
  expect(registerTrainingKernels({ only: [] }).registered).toEqual(names);
});
