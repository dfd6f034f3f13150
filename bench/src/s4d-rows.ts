// S4D against the same model in torch.
import type { Program, Row } from "./definition.js";

const rows = () => import("./rows/s4d.js");
const torch = (...args: string[]): Program => ({ name: "torch", script: "torch_s4d.py", args });

/** What n log n allows from one length to four times as many, with a fifth for the machine. */
const fourTimes = (from: number): number => Number((1.2 * 4 * (Math.log2(4 * from) / Math.log2(from))).toPrecision(3));

export const s4dRows: readonly Row[] = [
  {
    name: "s4d/forward-backward H=256 N=64 L=4096 b=8",
    work: "kernel, convolution, skip, mean square, and gradients in all parameters",
    warmup: 1,
    repeats: 3,
    peers: [torch("--work", "train")],
    bounds: [{ kind: "ratio", backend: "tensorflow", peer: "torch", atMost: 1 }],
    prepare: async () => (await rows()).prepareForwardBackward(),
  },
  {
    name: "s4d/kernel H=256 N=64 L=16384",
    work: "s4dKernel, no gradient",
    warmup: 1,
    repeats: 3,
    peers: [torch("--work", "kernel", "--length", "16384")],
    bounds: [{ kind: "ratio", backend: "tensorflow", peer: "torch", atMost: 0.2 }],
    prepare: async () => (await rows()).prepareKernel(),
  },
  {
    name: "s4d/step 10k H=256 N=64",
    work: "10,000 steps of a recurrence, one sequence; read every hundredth",
    warmup: 0,
    repeats: 1,
    backends: ["tensorflow"],
    peers: [torch("--work", "step", "--length", "10000", "--batch", "1", "--warmup", "0")],
    bounds: [],
    prepare: async () => (await rows()).prepareSteps(),
  },
  {
    name: "s4d/step 10k H=256 N=64 on WebAssembly",
    work: "the same: less than a millisecond a step",
    warmup: 0,
    repeats: 1,
    backends: ["wasm"],
    peers: [torch("--work", "step", "--length", "10000", "--batch", "1", "--warmup", "0")],
    bounds: [{ kind: "time", atMost: 10_000 }],
    prepare: async () => (await rows()).prepareSteps(),
  },
  {
    name: "s4d/lengths H=64 N=64 b=2",
    work: "the pass at three lengths: its cost must not grow faster than L log L",
    warmup: 1,
    repeats: 5,
    backends: ["wasm"],
    peers: [],
    bounds: [
      { kind: "parts", part: "L=4096", of: "L=1024", atMost: fourTimes(1024) },
      { kind: "parts", part: "L=16384", of: "L=4096", atMost: fourTimes(4096) },
    ],
    prepare: async () => (await rows()).prepareLengths(),
  },
];
