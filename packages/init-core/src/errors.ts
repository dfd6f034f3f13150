// Errors that help: function, argument, expected, received, what to do next. Recognised by a marker, not by instanceof, so that two copies of this package agree.

/** What went wrong, for programs. */
export type WarmstartErrorCode =
  /** An option has a value that cannot work (rank 0, a negative learning rate). */
  | "INVALID_OPTION"
  /** A tensor, kernel or plan has another shape than needed. */
  | "SHAPE_MISMATCH"
  /** NaN or infinity in data, gradients or weights. */
  | "NOT_FINITE"
  /** No layer or parameter matches what was asked for. */
  | "NO_MATCH"
  /** The data are empty, ended early, or carry no information (an all-zero gradient). */
  | "INSUFFICIENT_DATA"
  /** The backend lacks a kernel, or no backend could be started. */
  | "BACKEND"
  /** The model is in a state that does not allow this (it carries adapters already, an unregistered class). */
  | "MODEL_STATE"
  /** A plan does not belong to this target. */
  | "PLAN_MISMATCH";

const marker = Symbol.for("@warmstart/error");

/** The one error class of all `@warmstart` packages; `code` says what kind, `details` carries the values. */
export class WarmstartError extends Error {
  override readonly name = "WarmstartError";
  readonly code: WarmstartErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [marker] = true;

  constructor(code: WarmstartErrorCode, message: string, details: Record<string, unknown> = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  /** True for errors of any copy of this package; with `code`, only for that kind. */
  static isInstance(error: unknown, code?: WarmstartErrorCode): error is WarmstartError {
    return typeof error === "object" && error !== null && marker in error && (code === undefined || (error as WarmstartError).code === code);
  }
}
