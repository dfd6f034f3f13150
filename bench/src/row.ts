// One row in this process alone: node --import tsx src/row.ts NAME BACKEND [VARIANT]. Prints one line of JSON.
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@warmstart/init-core";
import type { Variant } from "./definition.js";
import type { OwnResult } from "./result.js";
import { rows } from "./rows.js";

const [name, backend, variantName] = process.argv.slice(2);
const row = rows.find((candidate) => candidate.name === name);
if (row === undefined || backend === undefined) throw new Error(`row.ts NAME BACKEND [VARIANT]; there is no row "${name}"`);
const variant = row.peers.find((peer): peer is Variant => !("script" in peer) && peer.name === variantName);
if (variantName !== undefined && variant?.backend !== backend) throw new Error(`row.ts: "${name}" has no variant "${variantName}" on ${backend}`);

tf.env().set("PROD", true);
const chosen = await useBackend({ prefer: backend }); // as a user has it: WebAssembly comes with the training kernels
if (chosen.backend !== backend || tf.getBackend() !== backend) throw new Error(`asked for "${backend}", got "${tf.getBackend()}": ${chosen.passedOver.map(({ name: other, reason }) => `${other}: ${reason}`).join("; ")}`);
if (variant?.asShipped === true) (await import("@warmstart/wasm-training")).unregisterTrainingKernels();

const { warmup, repeats, prepare } = { ...row, ...variant };
const work = await prepare();
const ms_all: number[] = [];
const allParts: Record<string, number[]> = {};
let own: Omit<OwnResult, "ms_all" | "peak_rss_mb" | "parts"> = {};
for (let turn = -warmup; turn < repeats; turn++) {
  const start = performance.now();
  const { dispose, figures, parts = {} } = await work();
  const elapsed = performance.now() - start;
  dispose();
  own = figures ?? {};
  if (turn < 0) continue;
  ms_all.push(elapsed);
  for (const [part, ms] of Object.entries(parts)) (allParts[part] ??= []).push(ms);
}
const result: OwnResult = { ms_all, peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024), ...(Object.keys(allParts).length > 0 ? { parts: allParts } : {}), ...own };
console.log(JSON.stringify(result));
