// pnpm bench [--only NAME]… [--backend NAME]… [--json]
// One line a row and backend; bounds with pass or FAIL on stderr. Exits 1 when a bound or a row fails, 2 when it was called wrongly.
import { parseArgs } from "node:util";
import { backendAvailable, requiredBackends, type TestBackend } from "@warmstart/test-kit";
import { judge } from "./bounds.js";
import { runOwn, runPeer } from "./processes.js";
import { median, rounded, type Line, type OwnResult, type PeerResult } from "./result.js";
import { rows, type Row } from "./rows.js";
import { tableLine } from "./table.js";

process.env.TF_CPP_MIN_LOG_LEVEL ??= "2"; // read when the native backend is loaded

/** Ours and the peers' take turns, so that a machine that gets slower slows both. */
const rounds = 2;

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

/** All backends and peers of one row, in turn; a line for each backend. */
async function measure(row: Row, backends: readonly string[]): Promise<Line[]> {
  const own = new Map<string, OwnResult[]>(backends.map((backend) => [backend, []]));
  const theirs = new Map<string, PeerResult[]>();
  const absent = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    for (const backend of backends) own.get(backend)!.push(await runOwn(row, backend));
    for (const peer of row.peers) {
      if (absent.has(peer.name)) continue;
      const result = await runPeer(peer, row.repeats);
      if (result === undefined) {
        absent.add(peer.name);
        console.error(`peer ${peer.name} absent: ratio not measured (${row.name})`);
      } else theirs.set(peer.name, [...(theirs.get(peer.name) ?? []), result]);
    }
  }
  return backends.map((backend) => {
    const results = own.get(backend)!;
    const { ms_all: _times, peak_rss_mb: _rss, ...figures } = results.at(-1)!;
    const all = results.flatMap(({ ms_all }) => ms_all);
    const ms = median(all);
    const peers = [...theirs].map(([name, runs]) => {
      const theirMs = median(runs.flatMap(({ ms_all }) => ms_all));
      return { name, backend: "torch cpu", ms_median: rounded(theirMs), ratio: rounded(ms / theirMs, 3) };
    });
    return {
      name: row.name,
      work: row.work,
      backend,
      ms_median: rounded(ms),
      ms_all: all.map((value) => rounded(value)),
      peak_rss_mb: Math.max(...results.map(({ peak_rss_mb }) => peak_rss_mb)),
      ...figures,
      ...(peers.length > 0 ? { peers } : {}),
    };
  });
}

async function main(): Promise<number> {
  const { chosen, asked, json } = readArguments();
  const backends = await presentBackends(asked);
  let failed = 0;
  for (const row of chosen) {
    try {
      for (const line of await measure(row, backends)) {
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
