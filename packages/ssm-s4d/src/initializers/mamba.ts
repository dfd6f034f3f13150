// What mambaInit and mamba2Init give, as tfjs initializers.
import { defineShapeInitializer } from "@warmstart/init-core";
import { requireShape } from "../check.js";
import { mambaInit, type MambaInitOptions } from "../mamba-init.js";
import { mamba2Init, type Mamba2InitOptions } from "../mamba2-init.js";
import { sizeOf, tensorOf } from "./tensor-of.js";

/**
 * log(n + 1), `"dInner N"`: `aLog` of `mambaInit`. No random numbers. Keep it out of weight decay.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH for a shape that is not `"dInner N"`.
 */
export const mambaALog = /* @__PURE__ */ defineShapeInitializer<object>({
  className: "WarmstartMambaALog",
  options: () => ({}),
  values(shape) {
    requireShape("mambaALog", "shape", shape, [null, null], "Rows are channels, columns states.");
    return tensorOf(shape, mambaInit(shape[0]!, { dState: shape[1]! }).aLog);
  },
});

/**
 * The bias under which softplus gives log-uniform steps, `"dInner"`, or one a head for Mamba-2: `dtBias` of `mambaInit` with the same seed. A `biasInitializer` of the layer that projects to Δ, whose kernel takes `varianceScaling({ scale: 1 / 3, mode: "fanIn", distribution: "uniform" })`, U(±dtRank^−1/2).
 *
 * @throws {WarmstartError} INVALID_OPTION unless `0 < dtMin <= dtMax`, both finite, and `dtInitFloor` is above 0.
 *
 * @example
 * tf.layers.dense({ units: 64, biasInitializer: mambaDtBias({ seed: 1 }) });
 */
export const mambaDtBias = /* @__PURE__ */ defineShapeInitializer<Required<Omit<MambaInitOptions, "dState" | "seed">>>({
  className: "WarmstartMambaDtBias",
  options({ dtMin = 1e-3, dtMax = 1e-1, dtInitFloor = 1e-4 }) {
    mambaInit(1, { dtMin, dtMax, dtInitFloor }); // refuses what is out of bounds
    return { dtMin, dtMax, dtInitFloor };
  },
  values: (shape, options, { seed }) => tensorOf(shape, mambaInit(sizeOf(shape), { ...options, dState: 1, seed }).dtBias),
});

/**
 * log(−A) with −A ~ U[aMin, aMax), of any shape, `"heads"`: `aLog` of `mamba2Init` with the same seed. Keep it out of weight decay. The steps' bias is `mambaDtBias`, D starts from "ones".
 *
 * @throws {WarmstartError} INVALID_OPTION unless `0 < aMin <= aMax`, both finite.
 */
export const mamba2ALog = /* @__PURE__ */ defineShapeInitializer<Required<Pick<Mamba2InitOptions, "aMin" | "aMax">>>({
  className: "WarmstartMamba2ALog",
  options({ aMin = 1, aMax = 16 }) {
    mamba2Init(1, { aMin, aMax }); // refuses what is out of bounds
    return { aMin, aMax };
  },
  values: (shape, options, { seed }) => tensorOf(shape, mamba2Init(sizeOf(shape), { ...options, seed }).aLog),
});
