// How tfjs records operations, and where that falls short: its tape refuses complex gradients, stumbles over inputs that are not given,
// hides the attributes of fused convolutions, and, for second order, cuts saved outputs and what a custom gradient saves off from what
// they depend on. All of it is cured at the one place where operations are recorded: two methods of the engine object get a version of
// ours in front, which `removeTape` takes away again.
import * as tf from "@tensorflow/tfjs-core";
import type { NamedAttrMap, NamedTensorMap, Tensor } from "@tensorflow/tfjs-core";
import { sumTo } from "./broadcast.js";
import { isComplex, recordPairs } from "./complex-tape.js";
import { GradientsError } from "./errors.js";
import { fusedKey, optionalKey, type Gradient, type NamedGradients } from "./gradient.js";

type Save = (tensors: Tensor[]) => void;
interface KernelCall {
  readonly kernelName: string;
  readonly inputs: NamedTensorMap;
  readonly attrs?: NamedAttrMap;
}
interface CustomCall {
  readonly forwardFunc: (backend: unknown, save: Save) => Tensor;
  readonly backwardsFunc: (dy: Tensor, saved: Tensor[]) => NamedGradients;
  readonly inputs: NamedTensorMap;
}
interface TapeNode {
  readonly inputs: NamedTensorMap;
  readonly outputs: Tensor[];
  readonly saved: Tensor[];
}

/** The part of tfjs' engine that is used here; its two methods are private in tfjs' types. */
interface TapeEngine {
  readonly backend: unknown;
  readonly state: { activeTape: TapeNode[] | null; readonly gradientDepth: number; readonly kernelDepth: number };
  addTapeNode(name: string, inputs: NamedTensorMap, outputs: Tensor[], backward: ((dy: Tensor & Tensor[], saved: Tensor[]) => NamedGradients) | null, saved: Tensor[], attrs?: NamedAttrMap): void;
  runKernelFunc(call: KernelCall | CustomCall): Tensor | Tensor[];
}

const methods = ["addTapeNode", "runKernelFunc"] as const;
const stateKey = Symbol.for("@warmstart/gradients/tape");

export interface TapeState {
  /** How many calls of `withSecondOrderGradients` are under way. */
  secondOrder: number;
  /** The fused convolution, if any, inside the custom gradient that is being run. */
  fused: KernelCall | undefined;
}

const tapeEngine = (): TapeEngine => tf.engine() as unknown as TapeEngine;

/** The state of our recording, where it is in place. On the function itself, so that two copies of this package share it. */
const tapeState = (): TapeState | undefined => (tapeEngine().addTapeNode as { [stateKey]?: TapeState })[stateKey];

/** Puts our recording in place; a second call changes nothing. */
export function installTape(): TapeState {
  const present = tapeState();
  if (present !== undefined) return present;
  const engine = tapeEngine();
  if (methods.some((name) => typeof engine[name] !== "function")) {
    throw new GradientsError("UNSUPPORTED", `@warmstart/gradients: @tensorflow/tfjs-core ${tf.version_core} records operations in another way than 4.22. Use tfjs 4.22, or a release of this package that knows yours.`);
  }
  const state: TapeState = { secondOrder: 0, fused: undefined };
  engine.addTapeNode = Object.assign(recording(engine.addTapeNode, state), { [stateKey]: state });
  engine.runKernelFunc = running(engine.runKernelFunc, state);
  return state;
}

/** Takes our recording away, unless a call of `withSecondOrderGradients` is under way: the methods of tfjs' own class show again. */
export function removeTape(): void {
  if (tapeState()?.secondOrder !== 0) return;
  for (const name of methods) delete (tapeEngine() as Partial<TapeEngine>)[name];
}

/** Frees what a gradient that threw has left on the tape, which tfjs forgets. Only outside of all gradients. */
export function clearTape(): void {
  const { state } = tapeEngine();
  if (state.gradientDepth > 0 || !state.activeTape) return;
  for (const { saved } of state.activeTape) tf.dispose(saved);
  state.activeTape = null;
}

function recording(original: TapeEngine["addTapeNode"], state: TapeState): TapeEngine["addTapeNode"] {
  return function (this: TapeEngine, name, inputs, outputs, backward, saved, attrs) {
    const given = withoutMissing(inputs);
    const config = tf.getGradient(name) as Gradient | undefined;
    for (const key of config?.[optionalKey] ?? []) if (given[key]) saved.push(tf.keep(tf.clone(given[key])));
    const isCustom = config === undefined && backward !== null && attrs === undefined;
    if (!isCustom && (outputs.some(isComplex) || Object.values(given).some(isComplex))) {
      recordPairs({ name, inputs: given, outputs, attrs, isClone: backward !== null }, (pairName, pairInputs, pairOutputs, pairBackward) => original.call(this, pairName, pairInputs, pairOutputs, pairBackward, saved, attrs));
    } else {
      original.call(this, name, given, outputs, backward, saved, attrs);
    }
    if (state.secondOrder > 0) moveBeforeSavedOutputs(this.state.activeTape!, saved.length);
  };
}

/** tfjs puts inputs that were not given (the scale of a batch normalization) on its tape as undefined, and then asks for their ids. */
function withoutMissing(inputs: NamedTensorMap): NamedTensorMap {
  if (Object.values(inputs).every((tensor) => tensor != null)) return inputs;
  return Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor != null));
}

/**
 * tfjs saves clones of outputs, and records each clone before the operation that made the output, so that a second pass finds
 * no way from the clone to the inputs (tfjs issue 3252). Puts the node that was recorded last in front of the clones of its outputs,
 * which are among the `saved` nodes before it.
 */
function moveBeforeSavedOutputs(tape: TapeNode[], saved: number): void {
  const node = tape.pop()!;
  const made = new Set(node.outputs.map(({ id }) => id));
  const first = Math.max(0, tape.length - saved);
  const offset = tape.slice(first).findIndex(({ inputs }) => Object.values(inputs).some(({ id }) => made.has(id)));
  tape.splice(offset < 0 ? tape.length : first + offset, 0, node);
}

function running(original: TapeEngine["runKernelFunc"], state: TapeState): TapeEngine["runKernelFunc"] {
  return function (this: TapeEngine, call) {
    if ("kernelName" in call) {
      if (this.state.gradientDepth > 0 && fusedGradientOf(call)) state.fused = call;
      return original.call(this, call);
    }
    const outer = state.fused;
    state.fused = undefined;
    try {
      const inner = state.secondOrder > 0 && this.state.gradientDepth > 0 && this.state.kernelDepth === 0 ? recordedInside(this, call) : call;
      let fused: KernelCall | undefined;
      return original.call(this, {
        inputs: inner.inputs,
        forwardFunc: (backend, save) => {
          const value = inner.forwardFunc(backend, save);
          fused = state.fused;
          return value;
        },
        backwardsFunc: (dy, saved) => (fused && fusedGradients(fused, call.inputs, dy, saved)) ?? inner.backwardsFunc(dy, saved),
      });
    } finally {
      state.fused = outer;
    }
  };
}

/**
 * Runs what a custom gradient computes with the tape on, so that what it saves stays connected to its inputs. Its value goes on as
 * an unconnected copy, whose gradient is the custom one.
 */
function recordedInside(engine: TapeEngine, call: CustomCall): CustomCall {
  let saved: Tensor[] = [];
  const value = call.forwardFunc(engine.backend, (tensors) => void (saved = tensors));
  return {
    ...call,
    forwardFunc: (_, save) => {
      const copy = tf.engine().runKernel("Identity", { x: value }) as Tensor;
      save(saved.map((tensor) => (tensor === value ? copy : tensor)));
      return copy;
    },
  };
}

const fusedGradientOf = ({ kernelName }: KernelCall) => (tf.getGradient(kernelName) as Gradient | undefined)?.[fusedKey];

/** tfjs' fused convolutions are custom gradients of x, filter and bias, which it calls 0, 1 and 2, and save filter and x first. */
function fusedGradients(call: KernelCall, inputs: NamedTensorMap, dy: Tensor, saved: Tensor[]): NamedGradients | undefined {
  const [filter, x] = saved;
  if (call.inputs.x !== inputs["0"] || call.inputs.filter !== inputs["1"] || !filter || !x) return undefined; // somebody else's
  const gradients = fusedGradientOf(call)?.(dy, x, filter, call.attrs ?? {});
  const bias = inputs["2"];
  return gradients && { 0: gradients.x, 1: gradients.filter, ...(bias && { 2: () => sumTo(dy, bias.shape) }) };
}
