import * as tf from "@tensorflow/tfjs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GradientsError, gradientNames, registerGradients, unregisterCpuKernels, unregisterGradients } from "./index.js";

const names = gradientNames();
const registry = () => Object.fromEntries(names.map((name) => [name, tf.getGradient(name) as tf.GradConfig | undefined]));
const methods = () => Object.keys(tf.engine()).filter((name) => name === "addTapeNode" || name === "runKernelFunc");
const shipped = registry();
const replaced = ["Conv2D", "DepthwiseConv2dNative", "FusedBatchNorm", "Relu", "Tile", "Maximum", "Minimum", "SquaredDifference", "ComplexAbs"];

afterEach(() => unregisterGradients());

describe("registerGradients", () => {
  it("does nothing on import, and replaces or adds", () => {
    expect(names.filter((name) => shipped[name])).toEqual(replaced);
    expect(methods()).toEqual([]);
  });

  it("puts every gradient in place, and tells", () => {
    expect(registerGradients()).toEqual({ registered: names });
    for (const name of names) expect(registry()[name]).not.toBe(shipped[name]);
  });

  it("changes nothing the second time", () => {
    registerGradients();
    const first = registry();
    const record = Reflect.get(tf.engine(), "addTapeNode");
    expect(registerGradients().registered).toEqual(names);
    for (const name of names) expect(registry()[name]).toBe(first[name]);
    expect(Reflect.get(tf.engine(), "addTapeNode")).toBe(record);
  });

  it("does not warn, in debug mode either", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    tf.env().set("DEBUG", true);
    warn.mockClear();
    registerGradients();
    unregisterGradients();
    tf.env().set("DEBUG", false);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it("takes only some, or all except some, and more later", () => {
    expect(registerGradients({ only: ["Tile", "Einsum"] }).registered).toEqual(["Tile", "Einsum"]);
    expect(registry().Conv2D).toBe(shipped.Conv2D);
    expect(registerGradients({ except: ["Conv2D"] }).registered).toEqual(names.filter((name) => name !== "Conv2D"));
    expect(registry().Conv2D).toBe(shipped.Conv2D);
  });

  it("with none wanted leaves tfjs as it is", () => {
    expect(registerGradients({ only: [] })).toEqual({ registered: [] });
    expect(methods()).toEqual([]);
  });

  it("lets a gradient win that tfjs has got in the meantime", () => {
    const later: tf.GradConfig = { kernelName: "Einsum", gradFunc: () => ({}) };
    tf.registerGradient(later);
    expect(registerGradients().registered).not.toContain("Einsum");
    expect(tf.getGradient("Einsum")).toBe(later);
    unregisterGradients();
    expect(tf.getGradient("Einsum")).toBe(later);
    tf.unregisterGradient("Einsum");
  });

  it("throws for a name that is not one of its gradients, before anything is changed", () => {
    for (const options of [{ only: ["Tile", "Cumprod"] }, { except: ["Cumprod"] }]) {
      const attempt = () => registerGradients(options);
      expect(attempt).toThrow(/registerGradients: (only|except) must list gradients of this package, got "Cumprod"\. They are Conv2D, /);
      expect(attempt).toThrow(GradientsError);
      expect(attempt).toThrow(expect.objectContaining({ code: "INVALID_OPTION", [Symbol.for("@warmstart/error")]: true }));
    }
    expect(registry()).toEqual(shipped);
  });

  it("throws for a tfjs-core whose engine records in another way", () => {
    const engine = tf.engine();
    Object.defineProperty(engine, "runKernelFunc", { value: undefined, configurable: true });
    try {
      expect(() => registerGradients()).toThrow(expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining(tf.version_core) }));
      expect(registry()).toEqual(shipped);
    } finally {
      Reflect.deleteProperty(engine, "runKernelFunc");
    }
  });
});

describe("unregisterGradients", () => {
  it("puts the very same configurations and methods back", () => {
    const layer = Object.getOwnPropertyNames(Object.getPrototypeOf(tf.layers.batchNormalization()));
    unregisterGradients();
    registerGradients();
    expect(methods()).toHaveLength(2);
    unregisterGradients();
    for (const name of names) expect(registry()[name]).toBe(shipped[name]);
    expect(methods()).toEqual([]);
    expect(Object.getOwnPropertyNames(Object.getPrototypeOf(tf.layers.batchNormalization()))).toEqual(layer);
    unregisterGradients();
    expect(registry()).toEqual(shipped);
  });

  it("takes only some away", () => {
    registerGradients();
    unregisterGradients({ only: ["Tile"] });
    expect(registry().Tile).toBe(shipped.Tile);
    expect(registry().Einsum).not.toBe(shipped.Einsum);
    expect(methods()).toHaveLength(2);
  });
});

it("the entry register does it on import", async () => {
  await import("./register.js");
  expect(registerGradients({ only: [] }).registered).toEqual(names);
  unregisterCpuKernels();
});
