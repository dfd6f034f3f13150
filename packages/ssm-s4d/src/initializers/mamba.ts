// What mambaInit gives, as tfjs initializers.
import { defineShapeInitializer } from "@warmstart/init-core";
import { requireShape } from "../check.js";
import { mambaInit, type MambaInitOptions } from "../mamba-init.js";
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
