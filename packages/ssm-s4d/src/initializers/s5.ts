// What s5Init gives, as tfjs initializers. Λ's real part is −1/2: tfjs' own `constant`. Steps and D are those of S4D: `s4dLogDt`, `s4dSkip`.
import * as tf from "@tensorflow/tfjs-core";
import { defineShapeInitializer } from "@warmstart/init-core";
import { requireShape } from "../check.js";
import { s5Init, type S5InitOptions } from "../s5-init.js";
import { tensorOf } from "./tensor-of.js";

/** The blocks of A, as in `s5Init`; the state size comes from the shape. */
export type S5BlockOptions = Required<Pick<S5InitOptions, "blocks" | "conjSym">>;

const blockOptions = ({ blocks = 8, conjSym = true }: Partial<S5BlockOptions>): S5BlockOptions => {
  s5Init(1, { dState: 2 * blocks, blocks }); // refuses what is out of bounds
  return { blocks, conjSym };
};
const stateSize = (states: number, conjSym: boolean): number => (conjSym ? 2 : 1) * states;

/**
 * Im Λ, `"P"`: `lambdaIm` of `s5Init`. No random numbers.
 *
 * @throws {WarmstartError} INVALID_OPTION for blocks that do not divide the state into even sizes, SHAPE_MISMATCH for a shape that is not `"P"`.
 */
export const s5LambdaIm = /* @__PURE__ */ defineShapeInitializer<S5BlockOptions>({
  className: "WarmstartS5LambdaIm",
  options: blockOptions,
  values(shape, { blocks, conjSym }) {
    requireShape("s5LambdaIm", "shape", shape, [null], "One frequency a state.");
    return tensorOf(shape, s5Init(1, { dState: stateSize(shape[0]!, conjSym), blocks, conjSym }).lambdaIm);
  },
});

/**
 * B = V* B₀, `"P H 2"`, real parts and imaginary parts in the last axis as in the authors' code: `bRe` and `bIm` of `s5Init` with the same seed.
 *
 * @throws {WarmstartError} INVALID_OPTION for blocks that do not divide the state into even sizes, SHAPE_MISMATCH for a shape that is not `"P H 2"`.
 *
 * @example
 * this.b = this.addWeight("b", [128, 64, 2], "float32", s5B({ blocks: 8, seed: 1 })); // dState 256
 */
export const s5B = /* @__PURE__ */ defineShapeInitializer<S5BlockOptions>({
  className: "WarmstartS5B",
  options: blockOptions,
  values(shape, { blocks, conjSym }, { seed }) {
    requireShape("s5B", "shape", shape, [null, null, 2], "Its axes are states, features, and real and imaginary part.");
    const [states, features] = [shape[0]!, shape[1]!];
    const { bRe, bIm } = s5Init(features, { dState: stateSize(states, conjSym), blocks, conjSym, seed });
    return tf.stack([tensorOf([states, features], bRe), tensorOf([states, features], bIm)], 2);
  },
});

/**
 * C = C₀ V, `"H P 2"`, real parts and imaginary parts in the last axis: `cRe` and `cIm` of `s5Init` with the same seed.
 *
 * @throws {WarmstartError} INVALID_OPTION for an unknown `cInit` or blocks that do not divide the state into even sizes, SHAPE_MISMATCH for a shape that is not `"H P 2"`.
 */
export const s5C = /* @__PURE__ */ defineShapeInitializer<S5BlockOptions & Required<Pick<S5InitOptions, "cInit">>>({
  className: "WarmstartS5C",
  options({ cInit = "truncStandardNormal", ...given }) {
    s5Init(1, { dState: 2, blocks: 1, cInit });
    return { ...blockOptions(given), cInit };
  },
  values(shape, { blocks, conjSym, cInit }, { seed }) {
    requireShape("s5C", "shape", shape, [null, null, 2], "Its axes are features, states, and real and imaginary part.");
    const [features, states] = [shape[0]!, shape[1]!];
    const { cRe, cIm } = s5Init(features, { dState: stateSize(states, conjSym), blocks, conjSym, cInit, seed });
    return tf.stack([tensorOf([features, states], cRe), tensorOf([features, states], cIm)], 2);
  },
});
