// y − c·x, the step that every optimizer here is made of. TensorFlow's C library has it as an operation on a variable in place; below
// tfjs' native backend a tensor can be such a variable for a moment, which takes half the time of a product and a difference.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
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

/** Below this size six short calls take longer than two passes over memory. */
const worthwhile = 1 << 16;

/** `y − c·x`, all float32, x of y's shape; y is used up, which its other owners, if there are any, do not notice. */
export function subtractScaled(y: Tensor, c: Scalar | number, x: Tensor): Tensor {
  const backend = tf.backend() as unknown as Partial<NativeBackend>;
  return tf.tidy(() => {
    if (y.size >= worthwhile && backend.binding?.TF_ATTR_SHAPE !== undefined && backend.executeMultipleOutputs !== undefined) return inPlace(backend as NativeBackend, y, c, x);
    const scaled = tf.mul(x, c);
    return usingUp(tf.sub(y, scaled), y, scaled);
  });
}

function inPlace(backend: NativeBackend, y: Tensor, c: Scalar | number, x: Tensor): Tensor {
  const { TF_ATTR_TYPE, TF_ATTR_SHAPE, TF_ATTR_STRING, TF_FLOAT } = backend.binding;
  const float = (name: string): Attribute => ({ name, type: TF_ATTR_TYPE, value: TF_FLOAT });
  const place = backend.executeSingleOutput("VarHandleOp", [float("dtype"), { name: "shape", type: TF_ATTR_SHAPE, value: y.shape }, { name: "shared_name", type: TF_ATTR_STRING, value: "warmstart" }], []);
  try {
    // The variable takes y's memory over. While another tensor has it too, TensorFlow copies before it writes.
    backend.executeMultipleOutputs("AssignVariableOp", [float("dtype")], [place, y], 0);
    y.dispose();
    backend.executeMultipleOutputs("ResourceApplyGradientDescent", [float("T")], [place, typeof c === "number" ? tf.scalar(c) : c, x], 0);
    return backend.executeSingleOutput("ReadVariableOp", [float("dtype")], [place]);
  } finally {
    backend.executeMultipleOutputs("DestroyResourceOp", [], [place], 0);
    place.dispose();
  }
}
