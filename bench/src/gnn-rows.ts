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
];
