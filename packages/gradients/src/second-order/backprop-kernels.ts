// The kernels by which tfjs' first gradients of convolutions and poolings run. Each is linear in dy (and in the filter or image), so
// its gradient is the convolution or pooling itself, or its other gradient.
import type { GradConfig, Tensor } from "@tensorflow/tfjs-core";
import type { Entry } from "../gradient.js";
import { noGradient, runKernel } from "../kernel.js";

const add = (gradient: GradConfig): Entry => ({ mode: "add", gradient });

/** Towards x and dy of the kernel that makes the gradient of a filter. */
function filterBackprop(kernelName: string, forward: string, inputBackprop: string): Entry {
  return add({
    kernelName,
    inputsToSave: ["x", "dy"],
    gradFunc: (gradient, [x, dy], attrs) => {
      const filter = gradient as Tensor;
      return {
        x: () => runKernel(inputBackprop, { dy: dy!, filter }, { ...attrs, inputShape: x!.shape }),
        dy: () => runKernel(forward, { x: x!, filter }, { ...defaults(x!), ...attrs }),
      };
    },
  });
}

/** Towards dy and filter of the kernel that makes the gradient of an image. */
function inputBackprop(kernelName: string, forward: string, filterBackpropName: string): Entry {
  return add({
    kernelName,
    inputsToSave: ["dy", "filter"],
    gradFunc: (gradient, [dy, filter], attrs) => {
      const x = gradient as Tensor;
      return {
        dy: () => runKernel(forward, { x, filter: filter! }, { ...defaults(x), ...attrs }),
        filter: () => runKernel(filterBackpropName, { x, dy: dy! }, { ...attrs, filterShape: filter!.shape }),
      };
    },
  });
}

/** What the backward kernels need not be told, and the forward ones must: WebGPU the layout, too. */
const defaults = (x: Tensor) => ({ dilations: x.shape.slice(2).map(() => 1), ...(x.rank === 4 ? { dataFormat: "NHWC" } : {}) });

/** Average pooling is linear: the gradient towards dy of its gradient is the pooling. */
function averageBackprop(kernelName: string, forward: string): Entry {
  return add({
    kernelName,
    inputsToSave: ["input"],
    gradFunc: (gradient, [input], attrs) => ({ dy: () => runKernel(forward, { x: gradient as Tensor }, attrs as object as Record<string, unknown>), input: () => noGradient(input!) }),
  });
}

/** Resizing is linear: the gradient towards dy of its gradient is the resizing. */
const resizeBackprop = (kernelName: string, forward: string): Entry =>
  add({
    kernelName,
    inputsToSave: ["dy", "images"],
    gradFunc: (gradient, [dy, images], attrs) => ({
      dy: () => runKernel(forward, { images: gradient as Tensor }, { ...attrs, size: dy!.shape.slice(1, 3) }),
      images: () => noGradient(images!),
    }),
  });

export const backpropEntries: readonly Entry[] = [
  filterBackprop("Conv2DBackpropFilter", "Conv2D", "Conv2DBackpropInput"),
  filterBackprop("DepthwiseConv2dNativeBackpropFilter", "DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput"),
  inputBackprop("DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropFilter"),
  filterBackprop("Conv3DBackpropFilterV2", "Conv3D", "Conv3DBackpropInputV2"),
  inputBackprop("Conv3DBackpropInputV2", "Conv3D", "Conv3DBackpropFilterV2"),
  averageBackprop("AvgPoolGrad", "AvgPool"),
  averageBackprop("AvgPool3DGrad", "AvgPool3D"),
  resizeBackprop("ResizeBilinearGrad", "ResizeBilinear"),
  resizeBackprop("ResizeNearestNeighborGrad", "ResizeNearestNeighbor"),
];
