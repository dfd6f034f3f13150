// TensorFlow's C library has the step of gradient descent as an operation on a variable in place. Below tfjs' native backend the values
// of a tensor can be such a variable for a moment, which takes a quarter of the time of two products and a difference.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Variable } from "@tensorflow/tfjs-core";

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

function nativeBackend(): NativeBackend | undefined {
  const backend = tf.backend() as unknown as Partial<NativeBackend>;
  return backend.binding?.TF_ATTR_SHAPE !== undefined && backend.executeMultipleOutputs !== undefined ? (backend as NativeBackend) : undefined;
}

/** A variable of TensorFlow, for the values of one tensor after the other. The caller disposes it, and keeps the tensors it is given. */
export class NativePlace {
  private readonly backend: NativeBackend;
  private readonly place: Tensor;
  private readonly dtype: readonly Attribute[];
  private readonly T: readonly Attribute[];

  /** Undefined where the backend is another. */
  static open(): NativePlace | undefined {
    const backend = nativeBackend();
    return backend && new NativePlace(backend);
  }

  private constructor(backend: NativeBackend) {
    const { TF_ATTR_TYPE, TF_ATTR_SHAPE, TF_ATTR_STRING, TF_FLOAT } = backend.binding;
    const float = (name: string): Attribute => ({ name, type: TF_ATTR_TYPE, value: TF_FLOAT });
    this.backend = backend;
    this.dtype = [float("dtype")];
    this.T = [float("T")];
    // The shape is a promise to graphs; one operation at a time looks at the values alone.
    this.place = tf.keep(backend.executeSingleOutput("VarHandleOp", [...this.dtype, { name: "shape", type: TF_ATTR_SHAPE, value: [] }, { name: "shared_name", type: TF_ATTR_STRING, value: "warmstart" }], []));
  }

  /** old ← old − rate · direction. */
  descend(old: Variable, rate: Scalar, direction: Tensor): void {
    this.lend(old, direction, () => this.run("ResourceApplyGradientDescent", this.T, rate, direction));
  }

  /** old ← (old − rate · direction) / (1 + rate · l2). */
  descendAndShrink(old: Variable, rate: Scalar, l2: Scalar, zero: Scalar, direction: Tensor): void {
    this.lend(old, direction, () => this.run("ResourceApplyProximalGradientDescent", this.T, rate, zero, l2, direction));
  }

  dispose(): void {
    this.run("DestroyResourceOp", []);
    this.place.dispose();
  }

  private lend(old: Variable, meanwhile: Tensor, step: () => void): void {
    this.run("AssignVariableOp", this.dtype, old);
    // The place must be the only owner, or TensorFlow copies before it writes: that it does for snapshots. Any tensor of this shape will do meanwhile.
    old.assign(meanwhile as never);
    try {
      step();
    } finally {
      const changed = this.backend.executeSingleOutput("ReadVariableOp", this.dtype, [this.place]);
      old.assign(changed as never);
      changed.dispose();
    }
  }

  private run(name: string, attributes: readonly Attribute[], ...inputs: Tensor[]): void {
    this.backend.executeMultipleOutputs(name, attributes, [this.place, ...inputs], 0);
  }
}
