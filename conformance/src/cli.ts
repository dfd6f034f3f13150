// pnpm conformance [--cases DIR]… [--only TECHNIQUE-or-operation]… [--backend wasm|tensorflow|webgpu|cpu]…
// One line a case, also those that are too large for the backend and not run; last line "N passed, N failed"; exits 1 on any failure, 2 when it was called wrongly.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { backendAvailable, requireBackend, requiredBackends, type TestBackend } from "@warmstart/test-kit";
import { belongsTo, defaultCases, findCases, type ReferenceCase } from "./cases.js";
import { runCase, type Outcome } from "./run-case.js";
import { runners } from "./runners.js";
import { smallEnough } from "./size.js";

process.env.TF_CPP_MIN_LOG_LEVEL ??= "2"; // read when the native backend is loaded

const known: readonly TestBackend[] = ["wasm", "tensorflow", "webgpu", "cpu"];
const defaults: readonly TestBackend[] = ["wasm", "tensorflow"];

class UsageError extends Error {}

interface Arguments {
  readonly cases: readonly ReferenceCase[];
  /** Named by the user: must be there. */
  readonly asked: readonly TestBackend[];
}

function readArguments(): Arguments {
  const { values } = parseArgs({ options: { cases: { type: "string", multiple: true }, only: { type: "string", multiple: true }, backend: { type: "string", multiple: true } } });
  const asked = (values.backend ?? []).map((name) => {
    if (!(known as readonly string[]).includes(name)) throw new UsageError(`--backend is one of ${known.join(", ")}, not "${name}"`);
    return name as TestBackend;
  });
  // pnpm runs scripts in the root; INIT_CWD is where the user is.
  const folders = values.cases?.map((folder) => resolve(process.env.INIT_CWD ?? ".", folder)) ?? [defaultCases];
  const found = findCases(folders);
  for (const only of values.only ?? []) if (!found.some(belongsTo(only))) throw new UsageError(`--only "${only}" matches no case; there are ${[...new Set(found.map(({ operation }) => operation))].sort().join(", ") || "none at all"}`);
  const cases = values.only === undefined ? found : found.filter((reference) => values.only!.some((only) => belongsTo(only)(reference)));
  if (cases.length === 0) throw new UsageError(`no case in ${folders.join(", ")}`);
  return { cases, asked };
}

function line({ operation, name }: ReferenceCase, { passed, share, message }: Outcome): string {
  if (message === "no runner") return `FAIL (no runner)  ${operation}  ${name}`;
  const error = Number.isFinite(share) ? share.toPrecision(2) : "∞";
  return passed ? `ok    ${operation}  ${name}  ${error}` : `FAIL  ${operation}  ${name}  ${error}  ${message}`;
}

async function main(): Promise<number> {
  const { cases, asked } = readArguments();
  const required = requiredBackends();
  let passed = 0;
  let failed = 0;
  for (const backend of asked.length > 0 ? asked : defaults) {
    if (!(await backendAvailable(backend))) {
      const needed = asked.includes(backend) || required.includes(backend);
      if (needed) failed++;
      console.log(needed ? `FAIL  backend ${backend}: absent, but asked for` : `backend ${backend}: absent, no cases (\`npm run native\` installs the native one)`);
      continue;
    }
    await requireBackend(backend);
    const run = cases.filter((reference) => smallEnough(reference, backend));
    console.log(`backend ${backend}: ${run.length} cases (error as a share of the tolerance)`);
    for (const { operation, name } of cases.filter((reference) => !run.includes(reference))) console.log(`not run, too large for ${backend} here  ${operation}  ${name}`);
    for (const reference of run) {
      const outcome = await runCase(reference, runners[reference.operation]);
      if (outcome.passed) passed++;
      else failed++;
      console.log(line(reference, outcome));
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`conformance: ${error.message}`);
  process.exitCode = 2;
}
