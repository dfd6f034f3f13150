// What one adapter is, before it becomes a layer: factors in tfjs' orientation and the figures that go with them.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { createPlan, type Plan, type PlanTarget, type Report, type Site, type SiteKind } from "@warmstart/init-core";

/**
 * Low-rank factors for one kernel, in tfjs' orientation: `y = x·kernel + scale·((x·down)·core)·up`.
 * `down` is PEFT's A transposed, `up` its B transposed; a kernel of more than two axes counts as `"window*in out"`.
 */
export interface LoraFactors {
  /** `"in r"`. */
  readonly down: Tensor;
  /** `"r out"`. */
  readonly up: Tensor;
  /** `"r r"`, between the two (LoRA-SB). Absent: the identity. */
  readonly core?: Tensor;
  /** The kernel's new value, of the kernel's own shape, for methods that move part of it into the factors (PiSSA). Absent: unchanged. */
  readonly base?: Tensor;
}

/** Which factors train. Absent: `down` and `up`. */
export interface TrainableFactors {
  readonly down: boolean;
  readonly core: boolean;
  readonly up: boolean;
}

/** One adapter of a plan, as JSON. */
export interface AdapterSpec {
  /** Path of the layer, "encoder/fc1". */
  readonly layer: string;
  /** Path of its kernel, "encoder/fc1/kernel". */
  readonly kernel: string;
  readonly kind: SiteKind;
  /** Shape of the kernel. */
  readonly shape: readonly number[];
  readonly r: number;
  readonly loraAlpha: number;
  /** The factor in front of the product: `loraAlpha / r`, or `loraAlpha / √r` when rank-stabilised. */
  readonly scale: number;
  readonly trainable: TrainableFactors;
}

export interface LoraPlanDetails {
  readonly useRslora: boolean;
  readonly adapters: readonly AdapterSpec[];
  /** Layers that keep training as a whole beside the adapters (a new head). */
  readonly modulesToSave: readonly string[];
}

/** Tensors are named "<layer>/down", "<layer>/up", and where there are, "<layer>/core" and "<layer>/base". */
export type LoraPlan = Plan<LoraPlanDetails>;

/** A plan from adapters and their factors, which it owns from now on. `targets`: what `loadPlan` looks for in a network; the kernels by default. */
export function createLoraPlan<More extends object = object>(
  method: string,
  adapters: readonly { readonly spec: AdapterSpec; readonly factors: LoraFactors }[],
  options: { readonly useRslora: boolean; readonly modulesToSave: readonly string[]; readonly report: Report; readonly details?: More; readonly targets?: readonly PlanTarget[] },
): Plan<LoraPlanDetails & More> {
  const tensors: Record<string, Tensor> = {};
  for (const { spec, factors } of adapters) {
    for (const name of ["down", "up", "core", "base"] as const) {
      const tensor = factors[name];
      if (tensor !== undefined) tensors[`${spec.layer}/${name}`] = tensor;
    }
  }
  return createPlan({
    method,
    details: { ...(options.details as More), useRslora: options.useRslora, adapters: adapters.map(({ spec }) => spec), modulesToSave: options.modulesToSave },
    targets: options.targets ?? adapters.map(({ spec }) => ({ path: spec.kernel, shape: spec.shape })),
    tensors,
    report: options.report,
  });
}

/** The factors of one adapter in a plan; still the plan's. */
export function factorsOf(plan: LoraPlan, { layer }: AdapterSpec): LoraFactors {
  const get = (name: string) => plan.tensors[`${layer}/${name}`];
  return { down: get("down")!, up: get("up")!, ...(get("core") ? { core: get("core")! } : {}), ...(get("base") ? { base: get("base")! } : {}) };
}

/** The kernel as the matrix that low-rank factors stand beside: `"in out"`, convolutions `"window*in out"`. A view: dispose it, or tidy. */
export function kernelMatrix(kernel: Tensor): tf.Tensor2D {
  const out = kernel.shape.at(-1)!;
  return tf.reshape(kernel, [kernel.size / out, out]);
}

/** Rows and columns of a site's kernel as a matrix. */
export function matrixShape({ kernel }: Pick<Site, "kernel">): { in: number; out: number } {
  const out = kernel.shape.at(-1)!;
  return { in: kernel.shape.reduce((product, size) => product * size, 1) / out, out };
}
