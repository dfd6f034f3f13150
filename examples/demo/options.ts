import { parseArgs } from "node:util";
import { short, standard, type Protocol } from "./protocol.js";

export const usage = `Usage: npm run demo -- [options]
  --backend wasm|tensorflow  this backend instead of the best one installed
  --seeds N                  N seeds (default: 1, on the native backend 3)
  --steps N                  optimizer steps a run (default: ${standard.steps})
  --short                    ${short.steps} steps and one seed: shows that all parts work, not which start is best
  --out DIR                  where demo-report.html and demo-report.json go (default: here)
  --checkpoint DIR           another pretrained GPT (made by pnpm pretrain --out DIR)
  --help`;

export interface DemoOptions {
  readonly backend?: string;
  readonly seeds?: number;
  readonly steps?: number;
  readonly short: boolean;
  readonly out: string;
  readonly checkpoint?: string;
  readonly help: boolean;
}

/** @throws with the usage, for an unknown option or a value that cannot be. */
export function parseOptions(args: readonly string[]): DemoOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { backend: { type: "string" }, seeds: { type: "string" }, steps: { type: "string" }, short: { type: "boolean", default: false }, out: { type: "string", default: "." }, checkpoint: { type: "string" }, help: { type: "boolean", default: false } },
    });
    if (values.backend !== undefined && !["wasm", "tensorflow"].includes(values.backend)) throw new Error(`--backend is "wasm" or "tensorflow", not "${values.backend}"`);
    const { backend, short, out, checkpoint, help } = values;
    return { short, out, help, ...(backend === undefined ? {} : { backend }), ...(checkpoint === undefined ? {} : { checkpoint }), ...count("seeds", values.seeds), ...count("steps", values.steps) };
  } catch (cause) {
    throw new Error(`demo: ${(cause as Error).message}\n${usage}`, { cause });
  }
}

/** The protocol that the options ask for on this backend. */
export function protocolFor({ seeds, steps, short: brief }: DemoOptions, backend: string): Protocol {
  const base = brief ? short : standard;
  const number = seeds ?? (brief || backend !== "tensorflow" ? 1 : 3);
  return { ...base, steps: steps ?? base.steps, seeds: Array.from({ length: number }, (_, i) => i + 1) };
}

function count<K extends string>(name: K, value: string | undefined): { [key in K]?: number } {
  if (value === undefined) return {};
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} is a whole number of at least 1, not "${value}"`);
  return { [name]: number } as { [key in K]?: number };
}
