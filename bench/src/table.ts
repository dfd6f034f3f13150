// A row for people.
import { scaled } from "./bounds.js";
import type { Line } from "./result.js";

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;

export function tableLine({ name, backend, ms_median, peak_rss_mb, state_bytes, growth, parts = {}, peers = [] }: Line): string {
  const state = state_bytes === undefined ? "" : `, state ${megabytes(state_bytes)}`;
  const grown = growth === undefined ? "" : `\n  ${growth.batches.map((batches, i) => `${batches} batches: state ${megabytes(growth.state_bytes[i]!)}, tensors ${megabytes(growth.tensor_bytes[i]!)}, process ${growth.peak_rss_mb[i]} MB`).join("\n  ")}`;
  const against = (part?: string) => peers.filter((peer) => peer.part === part).map((peer) => `\n  ${peer.ratio.toString().padStart(9)} of ${peer.name}'s ${peer.ms_median} ms${scaled(peer)}`).join("");
  const byPart = Object.entries(parts).map(([part, ms]) => `\n  ${part}: ${ms} ms${against(part)}`).join("");
  return `${name}  ${backend}: ${ms_median} ms (${peak_rss_mb} MB${state})${grown}${against()}${byPart}`;
}
