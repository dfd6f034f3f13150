// The parameters of createParameters as tfjs initializers, one weight each: for layers of one's own, `this.addWeight(…, s4dAImag({ init: "inv", seed }))`.
import { defineShapeInitializer } from "@warmstart/init-core";
import { requireShape, requireSteps } from "../check.js";
import { sampleC, sampleD, sampleLogDt, type SampleLogDtOptions } from "../draws.js";
import { s4dInit, type S4DInit, type S4DInitOptions, type S4DStart } from "../s4d-init.js";
import { sizeOf, tensorOf } from "./tensor-of.js";

/** The options of `s4dInit` and its law; features and `dState` come from the shape, `"H M"` with M = dState / 2. The weights of one model take the same options and the same seed: some laws draw once for two of them. */
export interface S4DInitializerOptions extends Required<Omit<S4DInitOptions, "features" | "dState" | "seed">> {
  /** Spectrum of A. Default "legs". */
  readonly init: S4DInit;
}

function complete(given: Partial<S4DInitializerOptions>): S4DInitializerOptions {
  const { init = "legs", realScale = 1, imagScale = 1, realRandom = false, imagRandom = false, bInit = "constant", bScale = 1, normalize = false, bClip = 2, halveB = false } = given;
  const options: S4DInitializerOptions = { init, realScale, imagScale, realRandom, imagRandom, bInit, bScale, normalize, bClip, halveB };
  s4dInit(init, { ...options, features: init === "diag" ? 2 : typeof init === "string" ? 1 : init.length, dState: 2 }); // refuses now what it would refuse when the layer is built
  return options;
}

/** One array of s4dInit, of a shape `"H M"`. */
const part = (name: string, read: (start: S4DStart) => Float64Array) =>
  defineShapeInitializer<S4DInitializerOptions>({
    className: `Warmstart${name[0]!.toUpperCase()}${name.slice(1)}`,
    options: complete,
    values(shape, options, { seed }) {
      requireShape(name, "shape", shape, [null, null], "Rows are features, columns modes: dState / 2 conjugate pairs.");
      return tensorOf(shape, read(s4dInit(options.init, { ...options, features: shape[0]!, dState: 2 * shape[1]!, seed })));
    },
  });

/** One part of C. */
const output = (name: string, read: (c: { re: Float64Array; im: Float64Array }) => Float64Array) =>
  defineShapeInitializer<object>({
    className: `Warmstart${name[0]!.toUpperCase()}${name.slice(1)}`,
    options: () => ({}),
    values: (shape, _, { seed }) => tensorOf(shape, read(sampleC(sizeOf(shape), seed))),
  });

/**
 * log(−Re A), `"H M"`: `logAReal` of `createParameters` with the same options and seed.
 *
 * @throws {WarmstartError} INVALID_OPTION as `s4dInit`, SHAPE_MISMATCH for a shape that is not `"H M"`.
 */
export const s4dLogAReal = /* @__PURE__ */ part("s4dLogAReal", ({ aRe }) => aRe.map((re) => Math.log(-re)));

/**
 * Im A, `"H M"`: `aImag` of `createParameters` with the same options and seed.
 *
 * @throws {WarmstartError} INVALID_OPTION as `s4dInit`, SHAPE_MISMATCH for a shape that is not `"H M"`.
 *
 * @example
 * this.aImag = this.addWeight("aImag", [128, 32], "float32", s4dAImag({ init: "inv", seed: 1 })); // in build() of a layer; dState 64
 */
export const s4dAImag = /* @__PURE__ */ part("s4dAImag", ({ aIm }) => aIm);

/**
 * Re B, `"H M"`: `bRe` of `createParameters` with the same options and seed.
 *
 * @throws {WarmstartError} INVALID_OPTION as `s4dInit`, SHAPE_MISMATCH for a shape that is not `"H M"`.
 */
export const s4dBRe = /* @__PURE__ */ part("s4dBRe", ({ bRe }) => bRe);

/**
 * Im B, `"H M"`: `bIm` of `createParameters` with the same options and seed.
 *
 * @throws {WarmstartError} INVALID_OPTION as `s4dInit`, SHAPE_MISMATCH for a shape that is not `"H M"`.
 */
export const s4dBIm = /* @__PURE__ */ part("s4dBIm", ({ bIm }) => bIm);

/** Re C ~ N(0, 1/2), of any shape, `"H M"` or `"channels H M"`: `cRe` of `createParameters` with the same seed. */
export const s4dCRe = /* @__PURE__ */ output("s4dCRe", ({ re }) => re);

/** Im C ~ N(0, 1/2), of any shape, `"H M"` or `"channels H M"`: `cIm` of `createParameters` with the same seed, which gives `s4dCRe` numbers of its own. */
export const s4dCIm = /* @__PURE__ */ output("s4dCIm", ({ im }) => im);

/**
 * log Δ ~ U(log dtMin, log dtMax), of any shape, `"H"`, or `"P"` for the states of S5: `logDt` of `createParameters` with the same seed.
 *
 * @throws {WarmstartError} INVALID_OPTION unless `0 < dtMin <= dtMax`, both finite.
 */
export const s4dLogDt = /* @__PURE__ */ defineShapeInitializer<Required<Omit<SampleLogDtOptions, "seed">>>({
  className: "WarmstartS4dLogDt",
  options({ dtMin = 1e-3, dtMax = 1e-1 }) {
    requireSteps("s4dLogDt", dtMin, dtMax);
    return { dtMin, dtMax };
  },
  values: (shape, options, { seed }) => tensorOf(shape, sampleLogDt(sizeOf(shape), { ...options, seed })),
});

/** The skip weights D ~ N(0, 1), of any shape: `d` of `createParameters` with the same seed; S5's as well. Mamba starts from 1, "ones". */
export const s4dSkip = /* @__PURE__ */ defineShapeInitializer<object>({
  className: "WarmstartS4dSkip",
  options: () => ({}),
  values: (shape, _, { seed }) => tensorOf(shape, sampleD(sizeOf(shape), seed)),
});
