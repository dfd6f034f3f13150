// One row in this process alone: node --import tsx src/row.ts NAME BACKEND REPEATS. Prints one line of JSON.
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@warmstart/init-core";
import { rows } from "./rows.js";
import type { OwnResult } from "./result.js";

const [name, backend, repeats] = process.argv.slice(2);
const row = rows.find((candidate) => candidate.name === name);
if (row === undefined || backend === undefined) throw new Error(`row.ts NAME BACKEND REPEATS; there is no row "${name}"`);

tf.env().set("PROD", true);
const chosen = await useBackend({ prefer: backend }); // as a user has it: WebAssembly comes with the training kernels
if (chosen.backend !== backend || tf.getBackend() !== backend) throw new Error(`asked for "${backend}", got "${tf.getBackend()}": ${chosen.passedOver.map(({ name: other, reason }) => `${other}: ${reason}`).join("; ")}`);

const { prepare } = await row.load();
const work = await prepare();
const ms_all: number[] = [];
let figures: Omit<OwnResult, "ms_all" | "peak_rss_mb"> = {};
for (let turn = -row.warmup; turn < Number(repeats); turn++) {
  const start = performance.now();
  const result = await work();
  const elapsed = performance.now() - start;
  result.dispose();
  figures = result.figures ?? {};
  if (turn >= 0) ms_all.push(elapsed);
}
const own: OwnResult = { ms_all, peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024), ...figures };
console.log(JSON.stringify(own));
