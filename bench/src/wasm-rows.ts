// What training costs on WebAssembly with the kernels of wasm-training: against the same work on tfjs' other backends and without them.
import type { Bound } from "./bounds.js";
import type { Row, Variant, Work } from "./definition.js";

type Prepare = () => Promise<Work>;

const loraStep = async (options: { width: number; blocks: number; batch?: number }) => (await import("./rows/lora-step.js")).prepare(options);
const resnet = async (options?: { batch: number }) => (await import("./rows/resnet-step.js")).prepare(options);
const dense = async (options?: { batches: number }) => (await import("./rows/dense-fit.js")).prepare(options);
const segmentSum = async (options?: { rows: number; segments: number }) => (await import("./rows/segment-sum.js")).prepare(options);
const matmul = () => import("./rows/matmul.js");
const conv2d = () => import("./rows/conv2d.js");
const depthwise = () => import("./rows/depthwise.js");
const fft = () => import("./rows/fft.js");

const native: Variant = { name: "native", backend: "tensorflow" };
const shipped: Variant = { name: "shipped", backend: "wasm", asShipped: true };
const once = { warmup: 0, repeats: 1 };
const cpu: Variant = { name: "cpu", backend: "cpu", ...once };
/** The cpu backend where it would take more than 5 s, on less: `factor` times as much work is the row's. */
const cpuScaled = (shape: string, factor: number, prepare: Prepare): Variant => ({ ...cpu, prepare, smaller: { shape, factor } });
/** Another operation on WebAssembly, for scale. */
const beside = (name: string, prepare: Prepare, asShipped = false): Variant => ({ name, backend: "wasm", asShipped, prepare });

const about = (part: string | undefined) => (part === undefined ? {} : { part });
const atMost = (times: number, peer: string, part?: string): Bound => ({ kind: "ratio", backend: "wasm", peer, atMost: times, ...about(part) });
const faster = (times: number, peer: string, part?: string): Bound => ({ kind: "faster", backend: "wasm", peer, atLeast: times, ...about(part) });

const step = { backends: ["wasm"], warmup: 2, repeats: 5 };
const kernel = { backends: ["wasm"], warmup: 3, repeats: 9 };

const forms = ["plain", "transposeA", "transposeB", "both transposed"];
const forward: Variant = beside("forward", async () => (await conv2d()).prepareForward(), true);
const ourForward: Variant = beside("forward, ours", async () => (await conv2d()).prepareForward());

export const wasmRows: readonly Row[] = [
  {
    ...step,
    name: "wasm/lora-step gpt d=96 L=3",
    work: "forward, backward and Adam of LoRA r=8 on all linear maps, 16×64 tokens, vocabulary 4096",
    peers: [native, shipped, cpuScaled("1×64 tokens", 16, () => loraStep({ width: 96, blocks: 3, batch: 1 }))],
    bounds: [atMost(2, "native"), faster(4.5, "shipped")],
    prepare: () => loraStep({ width: 96, blocks: 3 }),
  },
  {
    ...step,
    name: "wasm/lora-step gpt d=192 L=4",
    work: "the same, wider and deeper",
    peers: [native, shipped, cpuScaled("1×64 tokens", 16, () => loraStep({ width: 192, blocks: 4, batch: 1 }))],
    bounds: [atMost(2.5, "native"), faster(5, "shipped")],
    prepare: () => loraStep({ width: 192, blocks: 4 }),
  },
  {
    ...step,
    name: "wasm/train-step resnet20 b=32",
    work: "trainOnBatch of ResNet-20 with momentum on 32×32×3; tfjs as shipped has no gradient of a convolution",
    peers: [native, cpuScaled("one image", 32, () => resnet({ batch: 1 }))],
    bounds: [atMost(2.5, "native"), faster(200, "cpu")],
    prepare: () => resnet(),
  },
  {
    ...step,
    name: "wasm/dense-fit 784-512-512-10 b=128",
    work: "fit with Adam, 8 batches of 128 images of MNIST",
    peers: [native, shipped, cpuScaled("2 batches", 4, () => dense({ batches: 2 }))],
    bounds: [atMost(2, "native"), faster(6, "shipped")],
    prepare: () => dense(),
  },
  {
    ...kernel,
    name: "wasm/matmul 512³, four transpose forms",
    work: "each form with a clock of its own",
    rounds: 5,
    peers: [native, shipped, cpu],
    bounds: [...forms.map((form) => atMost(5, "native", form)), ...forms.slice(1).map((part): Bound => ({ kind: "parts", part, of: "plain", atMost: 1.2 })), atMost(1, "shipped", "plain")],
    prepare: async () => (await matmul()).prepare(),
  },
  {
    ...kernel,
    name: "wasm/conv2d-backprop-filter 32x32x64→64 3x3 b=32",
    work: "dW; tfjs as shipped has no such kernel; forward is its own Conv2D",
    peers: [native, forward, ourForward, cpuScaled("32x32x32→32 b=1", 128, async () => (await conv2d()).prepareBackpropFilter({ batch: 1, channels: 32 }))],
    bounds: [atMost(8, "native"), atMost(1, "forward"), faster(1000, "cpu")],
    prepare: async () => (await conv2d()).prepareBackpropFilter(),
  },
  {
    ...kernel,
    name: "wasm/conv2d-backprop-input 32x32x64→64 3x3 b=32",
    work: "dX of the same",
    peers: [native, shipped, forward, ourForward, cpuScaled("32x32x32→32 b=1", 128, async () => (await conv2d()).prepareBackpropInput({ batch: 1, channels: 32 }))],
    bounds: [atMost(8, "native"), atMost(1.2, "forward"), faster(5, "shipped")],
    prepare: async () => (await conv2d()).prepareBackpropInput(),
  },
  {
    ...kernel,
    name: "wasm/depthwise 3x3 32x32x64 b=32",
    work: "dX and dW of a depthwise convolution, which tfjs as shipped has not; forward is its own kernel",
    peers: [native, beside("forward", async () => (await depthwise()).prepareForward(), true), cpuScaled("b=2", 16, async () => (await depthwise()).prepare({ batch: 2 }))],
    bounds: ["dX", "dW"].flatMap((part) => [atMost(3, "native", part), atMost(1.5, "forward", part)]),
    prepare: async () => (await depthwise()).prepare(),
  },
  {
    ...kernel,
    name: "wasm/segment-sum 200k×128→20k",
    work: "UnsortedSegmentSum of rows in no order, the gradient of an embedding; tfjs as shipped has no such kernel, and cpu goes through all rows once a segment",
    peers: [native, cpuScaled("2k×128→50, counted by rows alone", 100, () => segmentSum({ rows: 2000, segments: 50 }))],
    bounds: [atMost(1.2, "native"), faster(1000, "cpu")],
    prepare: () => segmentSum(),
  },
  {
    ...step,
    name: "wasm/fft 2048×8192",
    work: "FFT of complex rows, a power of two and a prime length below it; tfjs as shipped has no complex numbers",
    peers: [native, cpuScaled("8×8192", 256, async () => (await fft()).preparePowerOfTwo({ rows: 8 })), { name: "fft.js", backend: "cpu", prepare: async () => (await fft()).prepareFftJs() }, beside("8192 alone", async () => (await fft()).prepareNextPower())],
    bounds: [atMost(1, "native", "8192"), faster(3, "fft.js", "8192"), atMost(6, "8192 alone", "8191")],
    prepare: async () => (await fft()).prepare(),
  },
  {
    ...kernel,
    warmup: 100, // of about a millisecond: until V8 has compiled all on the way
    repeats: 100,
    rounds: 5,
    name: "wasm/einsum bhqd,bhkd->bhqk 16×4×64×24",
    work: "the scores of attention; tfjs as shipped has no such kernel",
    peers: [native, cpu],
    bounds: [atMost(1.5, "native"), faster(100, "cpu")],
    prepare: async () => (await import("./rows/einsum.js")).prepare(),
  },
];
