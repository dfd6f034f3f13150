import type { Tensor } from "@tensorflow/tfjs-core";

/** Tensors of an asynchronous function, where tf.tidy does not reach. */
export interface Owner {
  /** Takes `t` in charge: it is disposed at the end. */
  own<T extends Tensor>(t: T): T;
  /** Disposes `t` now. */
  free(t: Tensor): void;
  /** Hands `t` to the caller. */
  release<T extends Tensor>(t: T): T;
}

/** Runs `f`; everything it owns and did not release is gone afterwards, also on throw. */
export async function scoped<T>(f: (owner: Owner) => Promise<T>): Promise<T> {
  const tensors = new Set<Tensor>();
  const release = <U extends Tensor>(t: U): U => {
    tensors.delete(t);
    return t;
  };
  const own = <U extends Tensor>(t: U): U => {
    tensors.add(t);
    return t;
  };
  try {
    return await f({ own, release, free: (t) => release(t).dispose() });
  } finally {
    for (const t of tensors) t.dispose();
  }
}
