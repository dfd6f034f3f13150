// What it costs to prune before training, against torch, and what is gained by fewer channels.
import type { Program, Row, Variant } from "./definition.js";

const torch = (method: string, ...args: string[]): Program => ({ name: `torch ${method}`, script: "torch_pruning.py", args: ["--method", method, ...args] });
const scores = async (method: "snip" | "grasp" | "synflow") => (await import("./rows/prune.js")).prepare(method);
const step = async (network: "vgg16" | "resnet56", cropped: boolean) => (await import("./rows/crop-step.js")).prepare(network, cropped);
const whole = (network: "vgg16" | "resnet56", backend: Variant["backend"]): Variant => ({ name: `whole, ${backend}`, backend, prepare: () => step(network, false) });

export const pruningRows: readonly Row[] = [
  {
    name: "pruning/snip resnet20",
    work: "plan of snip({ density: 0.1 }) on 128 images of 32 x 32",
    warmup: 1,
    repeats: 3,
    peers: [torch("snip")],
    bounds: [{ kind: "ratio", backend: "tensorflow", peer: "torch snip", atMost: 1.5 }],
    prepare: () => scores("snip"),
  },
  {
    name: "pruning/grasp resnet20",
    work: "plan of grasp({ density: 0.1 }) on 128 images of 32 x 32, batch statistics",
    warmup: 1,
    repeats: 2,
    peers: [torch("grasp")],
    bounds: [{ kind: "ratio", backend: "tensorflow", peer: "torch grasp", atMost: 1.5 }],
    prepare: () => scores("grasp"),
  },
  {
    name: "pruning/synflow-100 resnet20",
    work: "plan of synflow({ density: 0.1 }): 100 rounds",
    warmup: 1,
    repeats: 2,
    peers: [torch("synflow", "--warmup", "1")],
    bounds: [{ kind: "ratio", backend: "tensorflow", peer: "torch synflow", atMost: 1 }],
    prepare: () => scores("synflow"),
  },
  {
    name: "pruning/select 25M of 5 layers",
    work: "selectMasks at density 0.1, one ranking; on the host",
    warmup: 1,
    repeats: 3,
    peers: [],
    backends: ["wasm"],
    bounds: [{ kind: "time", atMost: 1000 }],
    prepare: async () => (await import("./rows/select.js")).prepare(),
  },
  {
    name: "precrop/step vgg16-bn, half the multiply-adds, roundTo 8",
    work: "a training step of what preCrop({ budget: { flops: 0.5 }, roundTo: 8 }) made, batch 32, after registerGradients()",
    warmup: 1,
    repeats: 2,
    peers: [whole("vgg16", "tensorflow")],
    backends: ["tensorflow"],
    bounds: [{ kind: "faster", backend: "tensorflow", peer: "whole, tensorflow", atLeast: 1.4 }],
    prepare: () => step("vgg16", true),
  },
  ...(["tensorflow", "wasm"] as const).map((backend): Row => ({
    name: `precrop/step resnet56, half the multiply-adds, ${backend}`,
    work: "a training step of what preCrop({ budget: { flops: 0.5 } }) made, batch 32, after registerGradients()",
    warmup: 1,
    repeats: 3,
    peers: [whole("resnet56", backend)],
    backends: [backend],
    bounds: [],
    prepare: () => step("resnet56", true),
  })),
];
