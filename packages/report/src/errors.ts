// The error of this package; it carries the mark of all @warmstart errors, so that `WarmstartError.isInstance` knows it without this package needing init-core at run time.

export type ReportErrorCode =
  /** A report, plot or option is not of the form that is needed. */
  | "INVALID_OPTION"
  /** Lists that belong together have different lengths. */
  | "SHAPE_MISMATCH"
  /** NaN or infinity where a plot needs a number. */
  | "NOT_FINITE";

const marker = Symbol.for("@warmstart/error");

/** What is wrong with a report; `code` says what kind, `details` carries the values. */
export class ReportError extends Error {
  override readonly name = "ReportError";
  readonly code: ReportErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [marker] = true;

  constructor(code: ReportErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
