import { util, type KernelFunc, type TensorInfo } from "@tensorflow/tfjs-core";
import type { TypedArrayBackend } from "../typed-arrays.js";
import { geometryOf, type Geometry } from "./conv2d-geometry.js";

/** On typed arrays, by the definition, for a backend whose memory the module cannot share; also where our kernels refuse: then it says why. */
export function filterGradientOnTypedArrays(name: string, depthwise: boolean): KernelFunc {
  return ({ inputs, backend, attrs }) => {
    const { x, dy } = inputs as unknown as { x: TensorInfo; dy: TensorInfo };
    const filterShape = attrs?.filterShape as unknown as number[];
    const g = geometryOf(x.shape, filterShape, attrs as never, [x, dy], { depthwise, dy });
    assertGeometry(name, g, x.shape, filterShape, [x, dy], attrs?.dataFormat);
    const { out, from, by, to } = arraysOf(backend as TypedArrayBackend, filterShape, x, dy);
    eachTap(g, depthwise, (input, filter, output) => void (to[filter]! += from[input]! * by[output]!));
    return out;
  };
}

export function inputGradientOnTypedArrays(name: string, depthwise: boolean): KernelFunc {
  return ({ inputs, backend, attrs }) => {
    const { dy, filter } = inputs as unknown as { dy: TensorInfo; filter: TensorInfo };
    const inputShape = attrs?.inputShape as unknown as number[];
    const g = geometryOf(inputShape, filter.shape, attrs as never, [dy, filter], { depthwise, dy });
    assertGeometry(name, g, inputShape, filter.shape, [dy, filter], attrs?.dataFormat);
    const { out, from, by, to } = arraysOf(backend as TypedArrayBackend, inputShape, dy, filter);
    eachTap(g, depthwise, (input, tap, output) => void (to[input]! += from[output]! * by[tap]!));
    return out;
  };
}

function assertGeometry(name: string, g: Geometry | undefined, inShape: readonly number[], filterShape: readonly number[], tensors: readonly TensorInfo[], dataFormat: unknown): asserts g is Geometry {
  util.assert((dataFormat ?? "NHWC") === "NHWC", () => `wasm backend ${name} does not support dataFormat:'${String(dataFormat)}'. Please use 'NHWC'.`);
  util.assert(g !== undefined, () => `${name}: an input of shape [${inShape}], a filter of shape [${filterShape}] and tensors ${tensors.map(({ shape, dtype }) => `${dtype} [${shape}]`).join(" and ")} do not make a convolution of float32 in NHWC`);
}

function arraysOf(backend: TypedArrayBackend, shape: readonly number[], a: TensorInfo, b: TensorInfo): { out: TensorInfo; from: Float32Array; by: Float32Array; to: Float32Array } {
  const out = backend.makeOutput(shape, "float32");
  const [from, by, to] = [a, b, out].map((tensor) => backend.typedArrayFromHeap(tensor)) as [Float32Array, Float32Array, Float32Array];
  to.fill(0);
  return { out, from, by, to };
}

/** Each product that a convolution is the sum of: its places in the input, the filter and the output. */
function eachTap(g: Geometry, depthwise: boolean, visit: (input: number, filter: number, output: number) => void): void {
  const multiplier = g.outChannels / g.inChannels;
  for (let b = 0; b < g.batch; b++)
    for (let oy = 0; oy < g.outHeight; oy++)
      for (let ox = 0; ox < g.outWidth; ox++)
        for (let i = 0; i < g.filterHeight; i++) {
          const y = oy * g.strideHeight + i * g.dilationHeight - g.top;
          if (y < 0 || y >= g.inHeight) continue;
          for (let j = 0; j < g.filterWidth; j++) {
            const x = ox * g.strideWidth + j * g.dilationWidth - g.left;
            if (x < 0 || x >= g.inWidth) continue;
            const input = ((b * g.inHeight + y) * g.inWidth + x) * g.inChannels;
            const output = ((b * g.outHeight + oy) * g.outWidth + ox) * g.outChannels;
            const tap = i * g.filterWidth + j;
            if (depthwise) for (let c = 0; c < g.outChannels; c++) visit(input + Math.floor(c / multiplier), tap * g.outChannels + c, output + c);
            else for (let c = 0; c < g.inChannels; c++) for (let o = 0; o < g.outChannels; o++) visit(input + c, (tap * g.inChannels + c) * g.outChannels + o, output + o);
          }
        }
}
