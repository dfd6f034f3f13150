// old ← keep · old − rate · direction, the step that every optimizer here is made of. TensorFlow's C library has it as an operation on
// a variable in place; below tfjs' native backend the values of a tensor can be such a variable for a moment, which takes a quarter of
// the time of two products and a difference.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Variable } from "@tensorflow/tfjs-core";
import { usingUp } from "./using-up.js";

/** What the native backend offers besides kernels: any operation of TensorFlow by its name. */
interface NativeBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_ATTR_SHAPE: number; readonly TF_ATTR_STRING: number; readonly TF_FLOAT: number };
  executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor;
  executeMultipleOutputs(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[], outputs: number): Tensor[];
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** Below this size some short calls take longer than a few passes over memory. */
const worthwhile = 1 << 16;
/** In a quotient instead of 0, to which every other rate is large in float32. */
const tiny = 1e-30;

/**
 * old ← keep · old − rate · direction, all float32. Nothing else changes: neither `direction` nor snapshots that share the variable's
 * memory, whom the native backend gives a copy.
 */
export function advance(old: Variable, keep: Scalar | number, rate: Scalar | number, direction: Tensor): void {
  tf.tidy(() => {
    const backend = tf.backend() as unknown as Partial<NativeBackend>;
    if (old.size >= worthwhile && typeof keep === "number" && keep > 0 && backend.binding?.TF_ATTR_SHAPE !== undefined && backend.executeMultipleOutputs !== undefined) {
      inPlace(backend as NativeBackend, old, keep, rate, direction);
      return;
    }
    const kept = keep === 1 ? tf.clone<Tensor>(old) : tf.mul<Tensor>(old, keep);
    const step = tf.mul(direction, rate);
    old.assign(usingUp(tf.sub(kept, step), kept, step) as never);
  });
}

function inPlace(backend: NativeBackend, old: Variable, keep: number, rate: Scalar | number, direction: Tensor): void {
  const { TF_ATTR_TYPE, TF_ATTR_SHAPE, TF_ATTR_STRING, TF_FLOAT } = backend.binding;
  const float = (name: string): Attribute => ({ name, type: TF_ATTR_TYPE, value: TF_FLOAT });
  const place = backend.executeSingleOutput("VarHandleOp", [float("dtype"), { name: "shape", type: TF_ATTR_SHAPE, value: old.shape }, { name: "shared_name", type: TF_ATTR_STRING, value: "warmstart" }], []);
  const run = (name: string, attributes: readonly Attribute[], ...inputs: Tensor[]) => void backend.executeMultipleOutputs(name, attributes, [place, ...inputs], 0);
  try {
    const values = tf.clone<Tensor>(old);
    run("AssignVariableOp", [float("dtype")], values);
    // The place must be the only owner, or TensorFlow copies before it writes: that it does for snapshots. Any tensor of this shape will do meanwhile.
    old.assign(direction as never);
    values.dispose();
    try {
      if (keep === 1) run("ResourceApplyGradientDescent", [float("T")], scalar(rate), direction);
      else {
        // (old − α · direction) / (1 + α · l2), with α = rate / keep and 1 + α · l2 = 1 / keep.
        const alpha = typeof rate === "number" ? scalar(rate / keep || tiny) : tf.add<Tensor>(tf.div(rate, keep), tiny);
        run("ResourceApplyProximalGradientDescent", [float("T")], alpha, scalar(0), tf.div<Tensor>(scalar(1 / keep - 1), alpha), direction);
      }
    } finally {
      old.assign(backend.executeSingleOutput("ReadVariableOp", [float("dtype")], [place]) as never);
    }
  } finally {
    run("DestroyResourceOp", []);
  }
}

const scalar = (value: Scalar | number): Tensor => (typeof value === "number" ? tf.scalar(value) : value);
