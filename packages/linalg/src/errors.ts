// This package stands below init-core, so it has an error class of its own with the same marker and the same codes.

/** What went wrong, for programs. */
export type LinalgErrorCode =
  /** An option has a value that cannot work (rank 0, a negative ridge). */
  | "INVALID_OPTION"
  /** A matrix has another shape than needed. */
  | "SHAPE_MISMATCH"
  /** NaN or infinity in a matrix. */
  | "NOT_FINITE";

const marker = Symbol.for("@warmstart/error");

/** The error class of this package; `code` says what kind, `details` carries the values. `WarmstartError.isInstance` of `@warmstart/init-core` is true for it. */
export class LinalgError extends Error {
  override readonly name = "LinalgError";
  readonly code: LinalgErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [marker] = true;

  constructor(code: LinalgErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
