import { S4DBlock, type S4DBlockArgs } from "./s4d-block.js";
import { S4D, type S4DLayerArgs } from "./s4d.js";
import { registerLayers } from "./register-layers.js";

/**
 * An S4D layer, `"B L H"` → `"B L H"`, to be used as any of `tf.layers`.
 *
 * @throws {WarmstartError} INVALID_OPTION for options out of range, some of them (a mixture that does not divide the features) when the layer is built; SHAPE_MISMATCH when it is built on another rank.
 *
 * @example
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 64, inputShape: [784, 1] }), s4d({ init: "legs" }), tf.layers.globalAveragePooling1d(), tf.layers.dense({ units: 10 })] });
 */
export function s4d(args?: S4DLayerArgs): S4D {
  registerLayers();
  return new S4D(args);
}

/**
 * A residual block around an S4D layer, `"B L H"` → `"B L H"`.
 *
 * @throws {WarmstartError} as {@link s4d}.
 */
export function s4dBlock(args?: S4DBlockArgs): S4DBlock {
  registerLayers();
  return new S4DBlock(args);
}
