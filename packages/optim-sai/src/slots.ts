// State of an optimizer by variable: named, so that neither order nor absence mixes it up, and restored in spite of new names.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import { OptimizerError } from "./errors.js";

/** As tfjs has it in `getWeights`, `setWeights` and gradients. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/** What is kept for one variable. */
export interface State {
  /** "momentum", "gsnr", … Owned here. */
  readonly slots: Map<string, Variable>;
  /** Updates it has had. */
  updates: number;
}

/** tfjs makes a name unique by `_1`, `_2`, … when a model is loaded beside another. */
const withoutSuffix = (name: string): string => name.replace(/_\d+$/, "");

/** Restored, and waiting for its variable. */
interface Pending {
  readonly name: string;
  readonly slots: Map<string, Tensor>;
  readonly updates: number;
}

const countsName = "counts";

/** Keyed by the name of the variable. */
export class SlotStore {
  private readonly owner: string;
  private readonly states = new Map<string, State>();
  private pending: Pending[] = [];
  /** Of the last `weights()`. */
  private counts: Tensor | undefined;

  /** @param owner named in errors. */
  constructor(owner: string) {
    this.owner = owner;
  }

  entries(): IterableIterator<[string, State]> {
    return this.states.entries();
  }

  /**
   * The state of a variable, made by `create` when it is new and no restored state is its own.
   *
   * @param shapeOf the shape that a restored slot must have.
   */
  ensure(variable: Variable, create: () => Record<string, Tensor>, shapeOf: (slot: string) => readonly number[]): State {
    const known = this.states.get(variable.name);
    if (known !== undefined) return known;
    const restored = this.claim(variable, shapeOf);
    const values = restored === undefined ? Object.entries(create()) : [...restored.slots];
    const state: State = { slots: new Map(values.map(([slot, value]) => [slot, tf.variable(value, false)])), updates: restored?.updates ?? 0 };
    if (restored !== undefined) tf.dispose([...restored.slots.values()]);
    this.states.set(variable.name, state);
    return state;
  }

  /** Restored state for this variable: by name, by name without the suffix of loading, else the first that is left and fits. */
  private claim(variable: Variable, shapeOf: (slot: string) => readonly number[]): Pending | undefined {
    if (this.pending.length === 0) return undefined;
    const fits = ({ slots }: Pending) => [...slots].every(([slot, { shape }]) => tf.util.arraysEqual(shape, shapeOf(slot) as number[]));
    const named = this.pending.find(({ name }) => name === variable.name) ?? this.pending.find(({ name }) => withoutSuffix(name) === withoutSuffix(variable.name));
    if (named !== undefined && !fits(named)) {
      const [slot, value] = [...named.slots].find(([key, { shape }]) => !tf.util.arraysEqual(shape, shapeOf(key) as number[]))!;
      throw new OptimizerError("SHAPE_MISMATCH", `${this.owner}: the restored state "${named.name}/${slot}" has shape [${value.shape}], but variable "${variable.name}" needs [${shapeOf(slot)}]. The state belongs to another model: load that model, or make a new optimizer.`, { variable: variable.name, expected: shapeOf(slot), received: value.shape });
    }
    const found = named ?? this.pending.find(fits);
    if (found === undefined) {
      const left = this.pending.map(({ name, slots }) => `"${name}" [${slots.values().next().value?.shape ?? ""}]`).join(", ");
      throw new OptimizerError("SHAPE_MISMATCH", `${this.owner}: no restored state fits variable "${variable.name}" [${variable.shape}]; left are ${left}. The state belongs to another model: load that model, or make a new optimizer.`, { variable: variable.name });
    }
    this.pending = this.pending.filter((entry) => entry !== found);
    return found;
  }

  /** Throws, before anything has been changed, where restored state fits none of these variables. */
  check(variables: readonly Variable[], shapeOf: (variable: Variable, slot: string) => readonly number[]): void {
    const kept = this.pending;
    try {
      for (const variable of variables) if (!this.states.has(variable.name)) this.claim(variable, (slot) => shapeOf(variable, slot));
    } finally {
      this.pending = kept;
    }
  }

  /** `counts`: `waiting`, then the updates of each variable; and `<variable>/<slot>` in the order in which they were first seen. The tensors stay ours. */
  weights(waiting: number): NamedTensor[] {
    const all = [...[...this.states].map(([name, state]) => ({ name, ...state })), ...this.pending];
    if (all.length === 0) return [];
    this.counts?.dispose();
    this.counts = tf.keep(tf.tensor1d([waiting, ...all.map(({ updates }) => updates)], "int32"));
    return [{ name: countsName, tensor: this.counts }, ...all.flatMap(({ name, slots }) => [...slots].map(([slot, tensor]) => ({ name: `${name}/${slot}`, tensor: tensor as Tensor })))];
  }

  /**
   * Replaces all state by what `weights` gave; it waits for its variables, since these may have other names by now. The tensors
   * stay the caller's.
   *
   * @param known the slots that this optimizer has.
   * @returns `waiting`.
   */
  async restore(weights: readonly NamedTensor[], known: readonly string[]): Promise<number> {
    const counts = weights.find(({ name }) => name === countsName);
    const byVariable = new Map<string, Map<string, Tensor>>();
    for (const { name, tensor } of weights) {
      if (name === countsName) continue;
      const cut = name.lastIndexOf("/");
      const [variable, slot] = [name.slice(0, cut), name.slice(cut + 1)];
      if (cut < 0 || !known.includes(slot)) throw new OptimizerError("SHAPE_MISMATCH", `${this.owner}: setWeights got "${name}", which is no state of this optimizer; names end in ${known.map((key) => `/${key}`).join(", ")}. It was saved by another optimizer.`, { name });
      byVariable.set(variable, (byVariable.get(variable) ?? new Map<string, Tensor>()).set(slot, tensor));
    }
    const counted = (counts?.tensor.size ?? 1) - 1;
    if (counted !== byVariable.size) throw new OptimizerError("SHAPE_MISMATCH", `${this.owner}: setWeights got the state of ${byVariable.size} variable(s), but "${countsName}" counts ${counted}. Pass what getWeights gave, all of it.`);
    const [waiting = 0, ...updates] = counts === undefined ? [] : await counts.tensor.data();
    this.dispose();
    this.pending = [...byVariable].map(([name, slots], i) => ({ name, updates: updates[i]!, slots: new Map([...slots].map(([slot, tensor]) => [slot, tf.keep(tf.clone(tensor))])) }));
    return waiting;
  }

  dispose(): void {
    for (const { slots } of [...this.states.values(), ...this.pending]) tf.dispose([...slots.values()]);
    this.counts?.dispose();
    this.counts = undefined;
    this.states.clear();
    this.pending = [];
  }
}
