// What several gradients of one operation share, computed when the first of them asks.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";

interface Scope {
  readonly id: number;
  readonly track: Tensor[];
}

/** The part of tfjs' engine that is used here. */
interface Scopes {
  readonly state: { readonly activeScope: Scope | null; readonly scopeStack: readonly Scope[] };
}

/**
 * `compute`, run at most once. tfjs runs the gradient towards each input in a tidy of its own, which would free the result; it
 * belongs to the scope around that tidy instead.
 */
export function onceForAll(compute: () => Tensor): () => Tensor {
  let result: Tensor | undefined;
  return () => (result ??= moveOut(tf.tidy(compute)));
}

function moveOut(tensor: Tensor): Tensor {
  const { activeScope, scopeStack } = (tf.engine() as unknown as Scopes).state;
  const outer = scopeStack.at(-2);
  const place = activeScope?.track.indexOf(tensor) ?? -1;
  if (outer === undefined || place < 0) return tensor;
  activeScope!.track.splice(place, 1);
  outer.track.push(tensor);
  tensor.scopeId = outer.id;
  return tensor;
}
