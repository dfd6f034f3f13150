// All runs of a comparison, one after the other, on one base.
import { disposeModel } from "@warmstart/init-core";
import type { Material } from "./methods.js";
import { methodNames, seedsOf, type MethodName, type Protocol } from "./protocol.js";
import { trainRun, type OnStep, type Run } from "./train.js";

export interface CompareOptions {
  readonly methods?: readonly MethodName[];
  /** Called after every training step. */
  readonly onStep?: (run: { readonly method: MethodName; readonly seed: number }, state: Parameters<OnStep>[0]) => void;
  readonly onRun?: (run: Run) => void;
}

/** Every method with every seed, full fine-tuning with the first. The base is loaded once; adapters share its weights, full fine-tuning gets a copy. */
export async function compare(material: Material, protocol: Protocol, { methods = methodNames, onStep, onRun }: CompareOptions = {}): Promise<Run[]> {
  const base = await material.loadBase();
  const runs: Run[] = [];
  try {
    for (const method of methods) {
      for (const seed of seedsOf(method, protocol)) {
        const run = await trainRun(method, seed, base, material, protocol, (state) => onStep?.({ method, seed }, state));
        runs.push(run);
        onRun?.(run);
      }
    }
    return runs;
  } finally {
    disposeModel(base);
  }
}
