import * as tf from "@tensorflow/tfjs-core";
import type { NamedAttrMap, Tensor, Tensor4D } from "@tensorflow/tfjs-core";
import type { Entry } from "../gradient.js";
import { noGradient, runKernel } from "../kernel.js";

/** Max pooling takes from the places of the maxima, its gradient puts dy there, and the gradient of that takes from there again. */
export const maxPoolGrad: Entry = {
  mode: "add",
  gradient: {
    kernelName: "MaxPoolGrad",
    inputsToSave: ["input", "output"],
    gradFunc: (gradient, saved, attrs) => {
      const [input, output] = saved as [Tensor4D, Tensor4D];
      return { dy: () => atMaxima(gradient as Tensor, input, output, attrs), input: () => noGradient(input), output: () => noGradient(output) };
    },
  },
};

/**
 * The entries of `values` where the kernel puts the gradient of each window. Backends choose differently at ties, so the kernel itself
 * is asked, with ones: for windows that do not overlap, it marks one place in each. Overlapping windows are taken in turns.
 */
function atMaxima(values: Tensor, input: Tensor4D, output: Tensor4D, attrs: NamedAttrMap): Tensor {
  const info = tf.backend_util.computePool2DInfo(input.shape, attrs.filterSize as number, attrs.strides as number, 1, attrs.pad as "same", attrs.dimRoundingMode as "floor");
  const turns = [Math.ceil(info.filterHeight / info.strideHeight), Math.ceil(info.filterWidth / info.strideWidth)] as const;
  const average = (x: Tensor) => runKernel("AvgPool", { x }, { ...attrs });
  const taken: Tensor[] = [];
  for (let row = 0; row < turns[0]; row++) {
    for (let column = 0; column < turns[1]; column++) {
      const turn = Array.from({ length: info.outHeight * info.outWidth }, (_, i) => Number(Math.floor(i / info.outWidth) % turns[0] === row && (i % info.outWidth) % turns[1] === column));
      const windows = tf.mul(tf.onesLike(output), tf.tensor4d(turn, [1, info.outHeight, info.outWidth, 1]));
      const marks = runKernel("MaxPoolGrad", { dy: windows, input, output }, { ...attrs });
      // One mark a window: the ratio of averages is the ratio of sums, whatever the padding.
      taken.push(tf.mul(windows, tf.divNoNan(average(tf.mul(marks, values)), average(marks))));
    }
  }
  return taken.reduce((sum, each) => tf.add(sum, each)); // WebGPU's AddN takes 7 at most
}
