// What an update costs: SGD-SaI against AdamW of the same package, tfjs' own optimizers, and the authors' package on torch.
import type { Bound } from "./bounds.js";
import type { Row, Variant } from "./definition.js";
import { tensors, type OptimizerName } from "./rows/sai-shapes.js";

const prepare = async (optimizer: OptimizerName, shapes: readonly number[][]) => (await import("./rows/sai-step.js")).prepare(optimizer, shapes);
// Ours after the ten updates in which a gain may still be open, which take longer.
const turns = { warmup: 12, repeats: 4 };

/** N and V: elements and tensors. */
const stateBytes = (shapes: readonly number[][]): number => 4 * shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0) + 4 * shapes.length;

function saiRow(model: keyof typeof tensors, size: string, backend: "wasm" | "tensorflow"): Row {
  const shapes = tensors[model]();
  const rival = (optimizer: OptimizerName): Variant => ({ name: optimizer, backend, warmup: 4, prepare: () => prepare(optimizer, shapes) });
  // On WebAssembly tfjs' Adam needs more than the 4 GB of a heap for all of it, since it frees nothing before its end.
  const blocks = 4;
  const smaller = tensors[model](blocks);
  const factor = stateBytes(shapes) / stateBytes(smaller);
  const adam: Variant = backend === "tensorflow" ? rival("tf.train.adam") : { name: "tf.train.adam", backend, warmup: 4, prepare: () => prepare("tf.train.adam", smaller), smaller: { shape: `${blocks} of 12 blocks`, factor } };
  const bounds: Bound[] = [
    { kind: "state", atMost: stateBytes(shapes) },
    { kind: "ratio", backend, peer: "adamW", atMost: 0.6 },
    { kind: "ratio", backend, peer: "tf.train.adam", atMost: 0.6 },
    ...(backend === "tensorflow" ? [{ kind: "ratio", backend, peer: "sgd-sai (torch)", atMost: 1.5 } as const] : []),
  ];
  return {
    ...turns,
    name: `sai/step ${model} ${size}${backend === "wasm" ? " on WebAssembly" : ""}`,
    work: "one update by sgdSai, decay on, gradients given",
    backends: [backend],
    peers: [rival("adamW"), adam, rival("tf.train.momentum"), { name: "sgd-sai (torch)", script: "torch_sgd_sai.py", args: ["--model", model, "--warmup", "3"] }],
    bounds,
    prepare: () => prepare("sgdSai", shapes),
  };
}

export const saiRows: readonly Row[] = [saiRow("vit-b16", "86M", "tensorflow"), saiRow("vit-b16", "86M", "wasm"), saiRow("gpt2-small", "124M", "tensorflow")];
