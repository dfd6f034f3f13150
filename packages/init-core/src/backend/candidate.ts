// What useBackend knows of a backend before it is there.

interface LoadOptions {
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
  /** True when the user asked for this backend by name: doubts about its speed do not count then. */
  readonly preferred: boolean;
}

export interface BackendCandidate {
  /** The name tfjs knows it by. */
  readonly backend: string;
  /** What must be installed. */
  readonly package: string;
  /** Imports the package, which registers the backend; throws with the reason when that cannot be. */
  readonly load: (options: LoadOptions) => Promise<void>;
  /** Runs once the backend is active; what it could not do is a reason in `passedOver`, not a failure. */
  readonly extend?: { readonly package: string; readonly run: () => Promise<void> };
}

/** Why a package could not be imported, in one line. */
export function reasonOf(error: unknown, name: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  // Node names the missing package; bundlers put a stub there that says it could not be resolved.
  const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" || /could not resolve|cannot find (module|package)|failed to resolve/i.test(message);
  if (missing && (message.includes(`'${name}'`) || message.includes(`"${name}"`))) return `not installed (npm install ${name})`;
  const line = message.trim().split("\n", 1)[0] ?? "";
  return line.length > 240 ? `${line.slice(0, 239)}…` : line;
}
