import { GradientsError } from "./errors.js";

/** Throws ASYNC if `value` is a promise. What becomes of that promise is nobody's concern any more, a rejection neither. */
export function refusePromise(value: unknown, message: string): void {
  const { then } = (value ?? {}) as { then?: unknown };
  if (typeof then !== "function") return;
  (value as Promise<unknown>).then(undefined, () => {});
  throw new GradientsError("ASYNC", message);
}
