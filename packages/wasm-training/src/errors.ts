const marker = Symbol.for("@warmstart/error");

/**
 * The error of this package. It carries the marker and the `code` of `WarmstartError` in `@warmstart/init-core`, which this
 * package does not depend on, so `WarmstartError.isInstance(error)` knows it.
 */
export class WasmTrainingError extends Error {
  override readonly name = "WarmstartError";
  /** `"INVALID_OPTION"`: a kernel name that is not one of ours. `"BACKEND"`: no WebAssembly backend to register on. */
  readonly code: "INVALID_OPTION" | "BACKEND";
  readonly details: Readonly<Record<string, unknown>>;
  readonly [marker] = true;

  constructor(code: "INVALID_OPTION" | "BACKEND", message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
