// Adapters for networks in plain tfjs-core: the user's own forward pass asks here for x·kernel instead of multiplying itself.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Variable } from "@tensorflow/tfjs-core";
import { WarmstartError, type Network } from "@warmstart/init-core";
import { factorsOf, type AdapterSpec, type LoraPlan } from "./adapter.js";
import { expand, productOf } from "./low-rank.js";

/** Adapters beside the variables of a plain tfjs-core network. Layers are named by path, as in `Site.layer`; one without an adapter gives its plain kernel. */
export interface VariableAdapters {
  /** `x·kernel + scale·((x·down)·core)·up`, without a bias: `x` is `"... in"`, the result `"... out"`. Differentiable; for kernels `"in out"`. */
  linear(layer: string, x: Tensor): Tensor;
  /** Rows of an embedding and its adapter for int32 `ids` `"..."`: `"... dim"`. Differentiable. */
  lookup(layer: string, ids: Tensor): Tensor;
  /** `kernel + scale·down·core·up` in the kernel's shape, for every other use, a convolution for instance. Differentiable; the caller disposes it, or tidies. */
  kernel(layer: string): Tensor;
  /** What to train: hand it to `optimizer.minimize(f, false, trainableVariables)`. The network's own variables are left alone. */
  readonly trainableVariables: Variable[];
  /** Writes every adapted kernel into the network's own variable: its own forward pass then computes what the adapted one does. Twice is fine. */
  merge(): void;
  /** Puts the network's variables back, bit by bit. */
  unmerge(): void;
  /** Frees the adapters. A merged network stays merged. */
  dispose(): void;
}

interface Adapter {
  readonly spec: AdapterSpec;
  /** The network's own variable. */
  readonly kernel: Variable;
  readonly down: Variable;
  readonly core?: Variable;
  readonly up: Variable;
  /** The kernel that stays frozen, where the method changed it (PiSSA). */
  readonly base?: Tensor;
}

/**
 * Attaches a plan to a network in plain tfjs-core. The network's variables are not written to (until `merge`); where the method
 * changed the base kernel, the changed one is kept here. The plan stays its owner's.
 *
 * @throws {WarmstartError} PLAN_MISMATCH when the network has no such kernel or another shape, MODEL_STATE when two adapted layers share a kernel; nothing was made then.
 *
 * @example
 * const adapters = attachToVariables(network, plan);
 * const forward = (x) => adapters.linear("fc2", tf.relu(tf.add(adapters.linear("fc1", x), bias)));
 * optimizer.minimize(() => loss(forward(x), y), false, adapters.trainableVariables);
 */
export function attachToVariables(network: Network, plan: LoraPlan): VariableAdapters {
  const kernels = new Map(network.sites.map(({ layer, kernel }) => [layer, kernel]));
  for (const { layer, kernel, shape } of plan.details.adapters) {
    const found = kernels.get(layer);
    if (found?.path === kernel && found.shape.join() === shape.join()) continue;
    throw new WarmstartError("PLAN_MISMATCH", `attachToVariables: the plan adapts "${kernel}" of shape [${shape}], the network has ${found === undefined ? "no such layer" : `"${found.path}" of shape [${found.shape}]`}. Use the network that the plan was made for.`, { kernel, shape });
  }
  const shared = plan.details.adapters.find(({ layer, kernel }) => plan.details.adapters.some((other) => other.layer !== layer && other.kernel === kernel));
  if (shared !== undefined) throw new WarmstartError("MODEL_STATE", `attachToVariables: several layers of the plan share the kernel "${shared.kernel}", which could be merged with one adapter only. Adapt one of them (excludeLayers).`, { kernel: shared.kernel });
  const adapters = new Map(plan.details.adapters.map((spec) => [spec.layer, createAdapter(spec, kernels.get(spec.layer)!.variable, plan)]));
  /** The network's kernels before a merge, by reference. */
  const originals = new Map<Variable, Tensor>();

  const find = (caller: string, layer: string): { variable: Variable; adapter: Adapter | undefined } => {
    const kernel = kernels.get(layer);
    if (kernel === undefined) throw new WarmstartError("NO_MATCH", `${caller}: the network has no layer "${layer}" that reads an input. It has: ${[...kernels.keys()].slice(0, 8).join(", ")}.`, { layer });
    return { variable: kernel.variable, adapter: originals.has(kernel.variable) ? undefined : adapters.get(layer) };
  };

  return {
    linear(layer, x) {
      const { variable, adapter } = find("linear", layer);
      const [width, out] = variable.shape;
      if (variable.rank !== 2) throw new WarmstartError("SHAPE_MISMATCH", `linear: the kernel of "${layer}" has shape [${variable.shape}], not [in, out]. Use kernel("${layer}") in your own operation.`, { layer });
      if (x.shape.at(-1) !== width) throw new WarmstartError("SHAPE_MISMATCH", `linear: layer "${layer}" takes rows of ${width} numbers, got a tensor of shape [${x.shape}].`, { layer, expected: width, received: x.shape });
      return tf.tidy(() => {
        const rows = tf.reshape(x, [-1, width!]) as Tensor2D;
        const plain = tf.matMul(rows, (adapter?.base ?? variable) as Tensor2D);
        const y = adapter === undefined ? plain : tf.add(plain, expand(tf.matMul(rows, adapter.down as Tensor as Tensor2D), expansion(adapter)));
        return tf.reshape(y, [...x.shape.slice(0, -1), out!]);
      });
    },
    lookup(layer, ids) {
      const { variable, adapter } = find("lookup", layer);
      return tf.tidy(() => {
        const flat = tf.reshape(tf.cast(ids, "int32"), [-1]);
        const plain = tf.gather(adapter?.base ?? variable, flat);
        const rows = adapter === undefined ? plain : tf.add(plain, expand(tf.gather(adapter.down, flat), expansion(adapter)));
        return tf.reshape(rows, [...ids.shape, variable.shape.at(-1)!]);
      });
    },
    kernel(layer) {
      const { variable, adapter } = find("kernel", layer);
      return adapter === undefined ? tf.clone(variable) : adaptedKernel(adapter);
    },
    trainableVariables: [...adapters.values()].flatMap(({ down, core, up }) => [down, ...(core ? [core] : []), up].filter(({ trainable }) => trainable)),
    merge() {
      for (const adapter of adapters.values()) {
        if (originals.has(adapter.kernel)) continue;
        const merged = adaptedKernel(adapter);
        originals.set(adapter.kernel, tf.keep(tf.clone(adapter.kernel)));
        adapter.kernel.assign(merged);
        merged.dispose();
      }
    },
    unmerge() {
      for (const [variable, value] of originals) {
        variable.assign(value);
        value.dispose();
      }
      originals.clear();
    },
    dispose() {
      tf.dispose([...originals.values()]);
      originals.clear();
      for (const { down, core, up, base } of adapters.values()) for (const tensor of [down, core, up, base]) if (tensor !== undefined && !tensor.isDisposed) tensor.dispose();
    },
  };
}

function createAdapter(spec: AdapterSpec, kernel: Variable, plan: LoraPlan): Adapter {
  const { down, core, up, base } = factorsOf(plan, spec);
  const { trainable } = spec;
  return {
    spec,
    kernel,
    down: tf.variable(down, trainable.down),
    ...(core ? { core: tf.variable(core, trainable.core) } : {}),
    up: tf.variable(up, trainable.up),
    ...(base ? { base: tf.keep(tf.clone(base)) } : {}),
  };
}

const expansion = ({ core, up, spec: { scale } }: Adapter) => ({ ...(core ? { core } : {}), up, scale });

function adaptedKernel(adapter: Adapter): Tensor {
  const { kernel, down, base } = adapter;
  return tf.tidy(() => tf.add(base ?? kernel, productOf({ ...expansion(adapter), down }, kernel.shape)));
}
