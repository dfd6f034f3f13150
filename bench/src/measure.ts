// One row, with all its backends and peers.
import { backendAvailable } from "@warmstart/test-kit";
import { compare, partsOf, wholeOf } from "./compare.js";
import type { Peer, Row } from "./definition.js";
import { runOwn, runProgram, runVariant } from "./processes.js";
import { rounded, type Line, type Measured, type OwnResult } from "./result.js";

/** A line for each backend. Ours and the peers' take turns, so that a machine that gets slower slows both. */
export async function measure(row: Row, backends: readonly string[]): Promise<Line[]> {
  if (backends.length === 0) return [];
  const own = new Map<string, OwnResult[]>(backends.map((backend) => [backend, []]));
  const theirs = new Map<Peer, Measured[]>(row.peers.map((peer) => [peer, []]));
  const { rounds = 2 } = row;
  for (let round = 0; round < rounds; round++) {
    for (const backend of backends) own.get(backend)!.push(await runOwn(row, backend));
    for (const [peer, results] of theirs) {
      const result = await runPeer(row, peer);
      if (result !== undefined) results.push(result);
      else {
        theirs.delete(peer);
        console.error(`peer ${peer.name} absent: ratio not measured (${row.name})`);
      }
    }
  }
  return backends.map((backend) => lineOf(row, backend, own.get(backend)!, theirs));
}

/** undefined where it is not on this machine. */
async function runPeer(row: Row, peer: Peer): Promise<Measured | undefined> {
  if ("script" in peer) return runProgram(peer, row.repeats);
  return (await backendAvailable(peer.backend)) ? runVariant(row, peer) : undefined;
}

function lineOf({ name, work }: Row, backend: string, own: readonly OwnResult[], theirs: ReadonlyMap<Peer, readonly Measured[]>): Line {
  const { ms_all: _times, peak_rss_mb: _rss, parts: _parts, ...figures } = own.at(-1)!;
  const parts = partsOf(own);
  const peers = [...theirs].flatMap(([peer, results]) => compare(own, peer, results));
  return {
    name,
    work,
    backend,
    ms_median: rounded(wholeOf(own)),
    ms_all: own.flatMap(({ ms_all }) => ms_all.map((ms) => rounded(ms))),
    peak_rss_mb: Math.max(...own.map(({ peak_rss_mb }) => peak_rss_mb)),
    ...figures,
    ...(parts.size > 0 ? { parts: Object.fromEntries([...parts].map(([part, ms]) => [part, rounded(ms)])) } : {}),
    ...(peers.length > 0 ? { peers } : {}),
  };
}
