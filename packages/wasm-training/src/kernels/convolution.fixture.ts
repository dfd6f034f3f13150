import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { values } from "./compare.fixture.js";

type Shape4D = [number, number, number, number];
type Pad = "same" | "valid" | number | [[number, number], [number, number], [number, number], [number, number]];

export interface Convolution {
  inShape: Shape4D;
  /** `"h w in out"`, or `"h w in multiplier"`. */
  filterShape: Shape4D;
  strides: [number, number];
  dilations: [number, number];
  pad: Pad;
  depthwise: boolean;
}

const pair = (max: number) => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));
const some = fc.integer({ min: 0, max: 3 });
const pad: fc.Arbitrary<Pad> = fc.oneof(fc.constantFrom<Pad>("same", "valid"), fc.integer({ min: 0, max: 2 }), fc.tuple(some, some, some, some).map<Pad>(([a, b, c, d]) => [[0, 0], [a, b], [c, d], [0, 0]]));

/** Any convolution whose result is not empty; strides and dilations may both exceed 1. */
export function convolutions(depthwise: boolean): fc.Arbitrary<Convolution> {
  const channels = depthwise ? fc.tuple(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 1, max: 3 })) : fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 19 }));
  const filter = fc.oneof(fc.constantFrom<[number, number]>([3, 3], [1, 1]), pair(5));
  return fc
    .record({ batch: fc.integer({ min: 1, max: 3 }), size: fc.oneof(pair(12), pair(24)), filter, channels, strides: fc.oneof(fc.constant<[number, number]>([1, 1]), pair(3)), dilations: fc.oneof(fc.constant<[number, number]>([1, 1]), pair(2)), pad })
    .map(({ batch, size, filter, channels: [a, b], ...rest }): Convolution => ({ inShape: [batch, ...size, a], filterShape: [...filter, a, b], ...rest, depthwise }))
    .filter((convolution) => infoOf(convolution).outHeight > 0 && infoOf(convolution).outWidth > 0);
}

const infoOf = ({ inShape, filterShape, strides, dilations, pad, depthwise }: Convolution) => tf.backend_util.computeConv2DInfo(inShape, filterShape, strides, dilations, pad, undefined, depthwise);

export interface Reference {
  x: Float32Array;
  filter: Float32Array;
  dy: Float32Array;
  outShape: Shape4D;
  y: Float64Array;
  dx: Float64Array;
  dw: Float64Array;
}

/** Inputs, and what the kernels make of them: in float64, by the definition. */
export function reference(convolution: Convolution): Reference {
  const info = infoOf(convolution);
  const [x, filter, dy] = [info.inShape, info.filterShape, info.outShape].map((shape, i) => values(tf.util.sizeFromShape(shape), i + 1)) as [Float32Array, Float32Array, Float32Array];
  const [y, dx, dw] = [dy, x, filter].map(({ length }) => new Float64Array(length)) as [Float64Array, Float64Array, Float64Array];
  const { inChannels, outChannels, padInfo } = info;
  for (let o = 0; o < dy.length; o++) {
    const channel = o % outChannels;
    const column = Math.floor(o / outChannels) % info.outWidth;
    const row = Math.floor(o / outChannels / info.outWidth) % info.outHeight;
    const image = Math.floor(o / outChannels / info.outWidth / info.outHeight);
    for (let i = 0; i < info.filterHeight; i++) {
      for (let j = 0; j < info.filterWidth; j++) {
        const [inRow, inColumn] = [row * info.strideHeight + i * info.dilationHeight - padInfo.top, column * info.strideWidth + j * info.dilationWidth - padInfo.left];
        if (inRow < 0 || inRow >= info.inHeight || inColumn < 0 || inColumn >= info.inWidth) continue;
        const multiplier = outChannels / inChannels;
        const channels = convolution.depthwise ? [Math.floor(channel / multiplier)] : Array.from({ length: inChannels }, (_, c) => c);
        for (const c of channels) {
          const atX = ((image * info.inHeight + inRow) * info.inWidth + inColumn) * inChannels + c;
          const atFilter = convolution.depthwise ? (i * info.filterWidth + j) * outChannels + channel : ((i * info.filterWidth + j) * inChannels + c) * outChannels + channel;
          y[o]! += x[atX]! * filter[atFilter]!;
          dx[atX]! += dy[o]! * filter[atFilter]!;
          dw[atFilter]! += dy[o]! * x[atX]!;
        }
      }
    }
  }
  return { x, filter, dy, outShape: info.outShape as Shape4D, y, dx, dw };
}

/** A kernel by its name, on the backend in use, with the attributes that tfjs' own ops give it. */
export function kernel(name: string, inputs: Record<string, tf.Tensor | undefined>, attrs: Record<string, unknown>): tf.Tensor {
  return tf.engine().runKernel(name, inputs as never, { dataFormat: "NHWC", ...attrs } as never) as tf.Tensor;
}

/** A backend whose memory the module cannot share: tensors are typed arrays by data id. */
export function closedBackend() {
  const heap = new Map<object, Float32Array>();
  const tensor = (data: ArrayLike<number>, shape: readonly number[]): tf.TensorInfo => {
    const dataId = {};
    heap.set(dataId, Float32Array.from(data));
    return { dataId, shape: [...shape], dtype: "float32" };
  };
  const backend = {
    wasm: { asm: {} }, incRef: () => undefined,
    makeOutput: (shape: readonly number[]) => tensor(Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => 9), shape),
    typedArrayFromHeap: ({ dataId }: tf.TensorInfo) => heap.get(dataId),
  }; // prettier-ignore
  return { backend, tensor, read: ({ dataId }: tf.TensorInfo) => heap.get(dataId)! };
}
