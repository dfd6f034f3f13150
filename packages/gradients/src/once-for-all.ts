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
export function onceForAll<T extends Tensor | Tensor[]>(compute: () => T): () => T {
  let result: T | undefined;
  return () => {
    if (result === undefined) {
      result = tf.tidy(compute);
      for (const tensor of [result].flat() as Tensor[]) moveOut(tensor);
    }
    return result;
  };
}

function moveOut(tensor: Tensor): void {
  const { activeScope, scopeStack } = (tf.engine() as unknown as Scopes).state;
  const outer = scopeStack.at(-2);
  const place = activeScope?.track.indexOf(tensor) ?? -1;
  if (outer === undefined || place < 0) return;
  activeScope!.track.splice(place, 1);
  outer.track.push(tensor);
  tensor.scopeId = outer.id;
}
