import * as tf from "@tensorflow/tfjs-core";
import type { NamedTensorMap, Scalar, Tensor, Variable } from "@tensorflow/tfjs-core";
import { GradientsError } from "./errors.js";
import { scalarLoss } from "./scalar-loss.js";
import { withSecondOrderGradients } from "./with-second-order-gradients.js";

const where = "hessianVectorProduct";

/**
 * The Hessian of a loss times a vector, `H v`, exactly (to float32 rounding), by two passes of differentiation: the gradient of the
 * inner product of the gradient with `v`. No Hessian is formed.
 *
 * @param loss Computes a float32 scalar from the variables; synchronous. Whatever it does besides, moving averages of a batch normalization in training for instance, is done once.
 * @param variables Differentiated whether trainable or not.
 * @param vectors One tensor a variable, of its shape, in the order of `variables`; or by `variable.name`, as `tf.variableGrads` returns them. They stay the caller's.
 * @returns One tensor a variable, in the order of `variables` or by name, like `vectors`; zeros where the gradient does not depend on it. The caller disposes them; nothing else stays allocated, also on throw. In between, so does what both passes save: three to four times what one gradient needs.
 * @throws {GradientsError} SHAPE_MISMATCH for a vector of another shape, one too few or too many, or under a name that is none of a variable's; NOT_SCALAR if the loss is not a float32 scalar; ASYNC if it returns a promise.
 *
 * @see B. A. Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994).
 *
 * @example
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * const [hv] = hessianVectorProduct(() => tf.sum(tf.pow(w, 3)), [w], [tf.tensor1d([1, 1])]); // 6 w
 */
export function hessianVectorProduct(loss: () => Tensor, variables: readonly Variable[], vectors: readonly Tensor[]): Tensor[];
export function hessianVectorProduct(loss: () => Tensor, variables: readonly Variable[], vectors: NamedTensorMap): NamedTensorMap;
export function hessianVectorProduct(loss: () => Tensor, variables: readonly Variable[], vectors: readonly Tensor[] | NamedTensorMap): Tensor[] | NamedTensorMap {
  const ordered = isList(vectors) ? vectors : byName(variables, vectors);
  check(variables, ordered);
  const products = withSecondOrderGradients(() => tf.tidy(() => productsOf(loss, variables, ordered)));
  return isList(vectors) ? products : Object.fromEntries(variables.map(({ name }, i) => [name, products[i]!]));
}

const isList = (vectors: readonly Tensor[] | NamedTensorMap): vectors is readonly Tensor[] => Array.isArray(vectors);

function productsOf(loss: () => Tensor, variables: readonly Variable[], vectors: readonly Tensor[]): Tensor[] {
  if (variables.length === 0) return [];
  // `allowNoGradients`: what the loss does not depend on comes back undefined. The public `tf.variableGrads` refuses frozen variables.
  const gradientsOf = (f: () => Scalar) => tf.engine().gradients(f, [...variables], undefined, true).grads as (Tensor | undefined)[];
  const products = gradientsOf(() => {
    const gradients = gradientsOf(() => scalarLoss(where, loss()));
    const terms = gradients.flatMap((gradient, i) => (gradient ? [tf.sum(tf.mul(gradient, vectors[i]!))] : []));
    return (terms.length > 0 ? terms.reduce((sum, term) => tf.add(sum, term)) : tf.scalar(0)) as Scalar;
  });
  return products.map((product, i) => product ?? tf.zeros(variables[i]!.shape));
}

function byName(variables: readonly Variable[], vectors: NamedTensorMap): Tensor[] {
  const names = variables.map(({ name }) => name);
  const unknown = Object.keys(vectors).find((name) => !names.includes(name));
  const missing = names.find((name) => vectors[name] === undefined);
  if (unknown !== undefined || missing !== undefined) {
    throw new GradientsError("SHAPE_MISMATCH", `${where}: vectors must have one entry a variable, ${unknown !== undefined ? `got one for "${unknown}", which is not among` : `none for "${missing}"`}. The variables are ${names.join(", ")}.`, { names, given: Object.keys(vectors) });
  }
  return names.map((name) => vectors[name]!);
}

function check(variables: readonly Variable[], vectors: readonly Tensor[]): void {
  if (vectors.length !== variables.length) throw new GradientsError("SHAPE_MISMATCH", `${where}: vectors must have one tensor a variable, ${variables.length}, got ${vectors.length}.`, { variables: variables.length, vectors: vectors.length });
  variables.forEach(({ name, shape }, i) => {
    const vector = vectors[i]!;
    if (vector.shape.join() !== shape.join()) throw new GradientsError("SHAPE_MISMATCH", `${where}: the vector for variable "${name}" must have its shape, [${shape}], got [${vector.shape}].`, { name, shape, vector: vector.shape });
  });
}
