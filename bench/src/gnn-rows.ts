// Graph networks against torch_geometric, torch's own sparse product, and Virgo's variances as a torch user would compute them.
import type { Program, Row } from "./definition.js";

const rows = () => import("./rows/gnn.js");
const program = (name: string, ...args: string[]): Program => ({ name, script: "torch_gnn.py", args });

export const gnnRows: readonly Row[] = [
  {
    name: "gnn/gcn-forward-backward 20k nodes 200k edges d=128",
    work: "three graph convolutions 128-128-128-16, cross-entropy, gradients of all weights",
    warmup: 1,
    repeats: 5,
    peers: [program("torch_geometric", "--work", "gcn"), program("torch-csr", "--work", "gcn-csr")],
    bounds: [
      { kind: "ratio", backend: "tensorflow", peer: "torch_geometric", atMost: 1 },
      { kind: "ratio", backend: "wasm", peer: "torch_geometric", atMost: 2 },
    ],
    prepare: async () => (await rows()).prepareGCN(20_000, 200_000),
  },
  {
    name: "gnn/gcn-forward-backward 100k nodes 1M edges d=128",
    work: "the same on a larger graph, in less than 2 GB",
    warmup: 1,
    repeats: 2,
    backends: ["wasm"],
    peers: [],
    bounds: [{ kind: "memory", atMost: 2048 }],
    prepare: async () => (await rows()).prepareGCN(100_000, 1_000_000),
  },
  {
    name: "gnn/gat-forward-backward 20k nodes 200k edges d=128",
    work: "two attention layers of four heads of 32, one of one head of 16, cross-entropy, gradients of all weights",
    warmup: 1,
    repeats: 5,
    peers: [program("torch_geometric", "--work", "gat")],
    bounds: [
      { kind: "ratio", backend: "tensorflow", peer: "torch_geometric", atMost: 1 },
      { kind: "ratio", backend: "wasm", peer: "torch_geometric", atMost: 2 },
    ],
    prepare: async () => (await rows()).prepareGAT(20_000, 200_000),
  },
  {
    name: "virgo/plan 20k nodes 200k edges",
    work: "harmonic variances of three layers, features of eight columns",
    warmup: 3,
    repeats: 20,
    backends: ["wasm"], // on the host, whatever the backend
    peers: [program("torch", "--work", "virgo", "--warmup", "3")],
    bounds: [{ kind: "ratio", backend: "wasm", peer: "torch", atMost: 1 }],
    prepare: async () => (await rows()).preparePlan(20_000, 200_000),
  },
  {
    name: "virgo/plan 1M nodes 10M edges",
    work: "the same, with half and a quarter of the edges beside it: the cost must not grow faster than they do, but for a fifth",
    warmup: 1,
    repeats: 2,
    backends: ["wasm"],
    peers: [program("torch", "--work", "virgo", "--nodes", "1000000", "--edges", "10000000")],
    bounds: [
      { kind: "ratio", backend: "wasm", peer: "torch", part: "10M edges", atMost: 1 },
      { kind: "parts", part: "5M edges", of: "2.5M edges", atMost: 2.4 },
      { kind: "parts", part: "10M edges", of: "5M edges", atMost: 2.4 },
    ],
    prepare: async () => (await rows()).preparePlans(1_000_000, [2_500_000, 5_000_000, 10_000_000]),
  },
];
