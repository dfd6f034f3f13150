// pnpm bench [--only NAME]… [--backend NAME]… [--json]
// One line a row and backend; bounds with pass or FAIL on stderr. Exits 1 when a bound or a row fails, 2 when it was called wrongly.
import { parseArgs } from "node:util";
import { backendAvailable, requiredBackends, type TestBackend } from "@warmstart/test-kit";
import { judge } from "./bounds.js";
import type { Row } from "./definition.js";
import { measure } from "./measure.js";
import { rows } from "./rows.js";
import { tableLine } from "./table.js";

process.env.TF_CPP_MIN_LOG_LEVEL ??= "2"; // read when the native backend is loaded

function readArguments(): { chosen: readonly Row[]; asked: readonly string[]; json: boolean } {
  const { values } = parseArgs({ options: { only: { type: "string", multiple: true }, backend: { type: "string", multiple: true }, json: { type: "boolean", default: false } } });
  const chosen = rows.filter(({ name }) => values.only === undefined || values.only.some((part) => name.includes(part)));
  if (chosen.length === 0) throw new Error(`--only ${values.only?.join(", ")} is part of no row's name; there are\n  ${rows.map(({ name }) => name).join("\n  ")}`);
  return { chosen, asked: values.backend ?? [], json: values.json };
}

async function presentBackends(asked: readonly string[]): Promise<string[]> {
  const present: string[] = [];
  for (const backend of asked.length > 0 ? asked : ["wasm", "tensorflow"]) {
    if (await backendAvailable(backend as TestBackend)) present.push(backend);
    else if (asked.includes(backend) || requiredBackends().includes(backend)) throw new Error(`backend ${backend} is absent, but asked for`);
    else console.error(`backend ${backend}: absent, no rows (\`npm run native\` installs the native one)`);
  }
  return present;
}

async function main(): Promise<number> {
  const { chosen, asked, json } = readArguments();
  const backends = await presentBackends(asked);
  let failed = 0;
  for (const row of chosen) {
    try {
      for (const line of await measure(row, backends.filter((backend) => row.backends?.includes(backend) ?? true))) {
        console.log(json ? JSON.stringify(line) : tableLine(line));
        for (const { state, text } of judge(line, row.bounds)) {
          if (state === "FAIL") failed++;
          console.error(`${state.padEnd(4)}  ${text}`);
        }
      }
    } catch (error) {
      failed++;
      console.error(`FAIL  ${(error as Error).message}`);
    }
  }
  return failed > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 2;
}
