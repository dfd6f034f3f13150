// All rows of the bench: what is timed, against whom, and which bounds hold.
import type { Program, Row } from "./definition.js";
import { gnnRows } from "./gnn-rows.js";
import { pruningRows } from "./pruning-rows.js";
import { s4dRows } from "./s4d-rows.js";
import { saiRows } from "./sai-rows.js";
import { wasmRows } from "./wasm-rows.js";

const torch = (name: string, script: string, ...args: string[]): Program => ({ name, script, args });

const peftEva = torch("peft EVA", "peft_eva.py", "--width", "768", "--layers", "6", "--rank", "16", "--batches", "20", "--batch", "16", "--tokens", "64", "--warmup", "0");

const starts: readonly Row[] = [
  {
    name: "linalg/randomized-svd 768x3072 r=32",
    work: "randomizedSvd with its defaults: 8 extra directions, 4 power iterations",
    warmup: 1,
    repeats: 5,
    peers: [torch("torch.svd_lowrank", "torch_linalg.py", "--method", "svd_lowrank", "--rows", "768", "--columns", "3072", "--rank", "32")],
    bounds: [],
    prepare: async () => (await import("./rows/randomized-svd.js")).prepare(),
  },
  {
    name: "linalg/thin-qr 3072x64",
    work: "thinQr",
    warmup: 1,
    repeats: 5,
    peers: [torch("torch.linalg.qr", "torch_linalg.py", "--method", "qr", "--rows", "3072", "--columns", "64")],
    bounds: [],
    prepare: async () => (await import("./rows/thin-qr.js")).prepare(),
  },
  {
    name: "lora/eva 6 layers d=768, 20 batches of 16x64 tokens, r=16",
    work: "initialize(model, eva({ r: 16, rho: 2, tau: 1 })) on residual Dense+GELU layers, forward passes and the new model included",
    warmup: 1,
    repeats: 3,
    peers: [peftEva],
    bounds: [
      { kind: "ratio", backend: "tensorflow", peer: "peft EVA", atMost: 0.2 },
      { kind: "ratio", backend: "wasm", peer: "peft EVA", atMost: 1 },
    ],
    prepare: async () => (await import("./rows/eva.js")).prepareFixed(),
  },
  {
    name: "lora/eva-compared 6 layers d=768, 20 batches of 16x64 tokens, r=16",
    work: "the same with directions found and compared after every batch, as a stop by tau needs them",
    warmup: 1,
    repeats: 3,
    peers: [peftEva],
    bounds: [],
    prepare: async () => (await import("./rows/eva.js")).prepareCompared(),
  },
  {
    name: "lora/eva-memory 2 layers d=256, 10 and 1000 batches of 2x16 tokens, r=8",
    work: "the same start on two lengths of data: what is kept between batches must not grow",
    warmup: 0,
    repeats: 1,
    peers: [],
    bounds: [
      { kind: "growth", figure: "state_bytes", atMost: 1 },
      { kind: "growth", figure: "tensor_bytes", atMost: 1.02 },
      { kind: "growth", figure: "peak_rss_mb", atMost: 1.3 },
    ],
    prepare: async () => (await import("./rows/eva-memory.js")).prepare(),
  },
  {
    name: "lora/lora-sb 768x3072 r=64",
    work: "loraSbFactors from one gradient",
    warmup: 3,
    repeats: 5,
    peers: [
      torch("torch.linalg.svd", "torch_lora_sb.py", "--method", "svd", "--rows", "768", "--columns", "3072", "--rank", "64"),
      torch("torch.svd_lowrank", "torch_lora_sb.py", "--method", "svd_lowrank", "--rows", "768", "--columns", "3072", "--rank", "64"),
    ],
    bounds: [
      { kind: "ratio", backend: "tensorflow", peer: "torch.linalg.svd", atMost: 0.2 },
      { kind: "ratio", backend: "tensorflow", peer: "torch.svd_lowrank", atMost: 1.5 },
    ],
    prepare: async () => (await import("./rows/lora-sb.js")).prepare(),
  },
  {
    name: "lora/pissa 2048x2048 r=32",
    work: "pissaFactors of one kernel: factors and residual",
    warmup: 1,
    repeats: 3,
    peers: [
      torch("torch.linalg.svd", "torch_pissa.py", "--method", "svd", "--rows", "2048", "--columns", "2048", "--rank", "32", "--warmup", "0", "--repeats", "1"),
      torch("torch.svd_lowrank", "torch_pissa.py", "--method", "svd_lowrank", "--rows", "2048", "--columns", "2048", "--rank", "32"),
    ],
    bounds: [
      { kind: "ratio", backend: "tensorflow", peer: "torch.linalg.svd", atMost: 0.2 },
      { kind: "ratio", backend: "tensorflow", peer: "torch.svd_lowrank", atMost: 1.5 },
    ],
    prepare: async () => (await import("./rows/pissa.js")).prepare(),
  },
  {
    name: "init/orthogonal 1024x1024",
    work: "the orthogonal initializer, Haar distributed",
    warmup: 1,
    repeats: 5,
    peers: [torch("torch.nn.init.orthogonal_", "torch_linalg.py", "--method", "orthogonal_", "--rows", "1024", "--columns", "1024")],
    bounds: [],
    prepare: async () => (await import("./rows/orthogonal.js")).prepare(),
  },
];

export const rows: readonly Row[] = [...starts, ...wasmRows, ...saiRows, ...pruningRows, ...s4dRows, ...gnnRows];
