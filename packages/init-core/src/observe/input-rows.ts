import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";
import type { Site } from "../network.js";

/**
 * The rows that a kernel multiplies, `"rows in"`: a dense layer's inputs with all leading axes flattened; for a convolution one
 * row a window (every position at stride 1, no padding), in the order of the kernel's own first axes. The caller disposes it.
 *
 * @throws {WarmstartError} MODEL_STATE for embeddings and other kernels that read no rows.
 */
export function inputRows({ kind, kernel, layer }: Site, input: Tensor): Tensor2D {
  const [a = 1, b = 1, c = 1] = kernel.shape;
  switch (kind) {
    case "dense":
      return tf.reshape(input, [-1, a]);
    case "conv1d":
      return tf.tidy(() => windows(tf.expandDims(input as Tensor3D, 1) as Tensor4D, 1, a, b));
    case "conv2d":
      return tf.tidy(() => windows(input as Tensor4D, a, b, c));
    default:
      throw new WarmstartError("MODEL_STATE", `inputRows: the kernel of "${layer}" (${kind}) multiplies no rows. Leave this layer out.`, { layer, kind });
  }
}

/** Windows of an image by a convolution with the identity; tfjs has no op for it. */
function windows(image: Tensor4D, height: number, width: number, channels: number): Tensor2D {
  const size = height * width * channels;
  const identity = tf.reshape(tf.eye(size), [height, width, channels, size]) as Tensor4D;
  return tf.reshape(tf.conv2d(image, identity, 1, "valid"), [-1, size]);
}
