const marker = Symbol.for("@warmstart/error");

/** `"INVALID_OPTION"`: an option out of range. `"INVALID_GRADIENT"`: a gradient or variable that cannot be used. `"SHAPE_MISMATCH"`: restored state of other shapes. */
export type OptimizerErrorCode = "INVALID_OPTION" | "INVALID_GRADIENT" | "SHAPE_MISMATCH";

/**
 * The error of this package: a RangeError that carries the marker and the `code` of `WarmstartError` in `@warmstart/init-core`,
 * which this package does not depend on, so `WarmstartError.isInstance(error)` knows it.
 */
export class OptimizerError extends RangeError {
  override readonly name = "WarmstartError";
  readonly code: OptimizerErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [marker] = true;

  constructor(code: OptimizerErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
