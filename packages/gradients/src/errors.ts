const marker = Symbol.for("@warmstart/error");

/** What went wrong: an unknown name; a shape; a loss that is no scalar; a promise where none can be; a tfjs-core whose tape is another. */
export type GradientsErrorCode = "INVALID_OPTION" | "SHAPE_MISMATCH" | "NOT_SCALAR" | "ASYNC" | "UNSUPPORTED";

/**
 * The error of this package. It carries the marker and the `code` of `WarmstartError` in `@warmstart/init-core`, which this
 * package does not depend on, so `WarmstartError.isInstance(error)` knows it.
 */
export class GradientsError extends Error {
  override readonly name = "WarmstartError";
  readonly code: GradientsErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [marker] = true;

  constructor(code: GradientsErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
