// `npm run demo`: a pretrained GPT learns Moby-Dick, with LoRA started four ways. See README.md.
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { createReport } from "@warmstart/init-core";
import { reportPage } from "@warmstart/report";
import { describeBackend, hasTrainingKernels, startBackend } from "./backend.js";
import { compare } from "./compare.js";
import { mobyDickMaterial } from "./data.js";
import { kernelTimes, type KernelTimes } from "./kernels.js";
import { embeddingsTrain } from "./methods.js";
import { parseOptions, protocolFor, usage } from "./options.js";
import { createScreen } from "./progress.js";
import { methodNames, seedsOf, titles } from "./protocol.js";
import { claimLines, comparisonTable, demoReport } from "./report.js";
import { finalLoss } from "./summary.js";

const options = parseOptions(process.argv.slice(2));
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const begun = performance.now();
const screen = createScreen(process.stdout);
const choice = await startBackend(options.backend);
for (const line of describeBackend(choice)) screen.line(line);

const protocol = protocolFor(options, choice.backend);
const { steps, batch, context, seeds } = protocol;
screen.status("reading Moby-Dick");
const material = mobyDickMaterial(protocol, options.checkpoint === undefined ? undefined : pathToFileURL(`${resolve(options.checkpoint)}/`));
screen.line(`a GPT pretrained on State of the Union addresses learns Moby-Dick: ${steps} steps of ${batch} × ${context} tokens a run, Adam, ${seeds.length === 1 ? "one seed" : `${seeds.length} seeds`}`);

let kernels: KernelTimes | undefined;
if (hasTrainingKernels(choice)) {
  screen.status("timing a training step without and with the kernels of @warmstart/wasm-training");
  kernels = await kernelTimes(material, protocol, options.short ? 1 : 2);
  screen.line(`a LoRA training step: ${kernels.before.toFixed(2)} s with tfjs' own WebAssembly kernels, ${kernels.after.toFixed(2)} s with those of @warmstart/wasm-training`);
}
const notes = [
  ...(options.short ? [`Short form, ${steps} steps: it shows that all parts work, not which start is best.`] : []),
  ...(embeddingsTrain() ? [] : ["Full fine-tuning keeps the two embeddings frozen: this backend lacks the gradient of an embedding (UnsortedSegmentSum)."]),
];
for (const note of notes) screen.line(note);

const total = methodNames.reduce((sum, method) => sum + seedsOf(method, protocol).length, 0);
let finished = 0;
const runs = await compare(material, protocol, {
  onStep({ method, seed }, { step, heldOutLoss }) {
    const name = `${titles[method]}${seeds.length > 1 ? `, seed ${seed}` : ""}`;
    screen.status(`run ${finished + 1} of ${total}: ${name}, step ${step} of ${steps}, held-out loss ${heldOutLoss.toFixed(3)}`, { share: (finished + step / steps) / total, milestone: step % protocol.evaluateEvery === 0 && step < steps });
  },
  onRun(run) {
    finished++;
    screen.line(`${titles[run.method]}, seed ${run.seed}: held-out loss ${run.points[0]!.heldOutLoss.toFixed(3)} → ${finalLoss(run).toFixed(3)}, ${run.trainableParameters} trainable parameters, ${run.points.at(-1)!.seconds.toFixed(1)} s`);
  },
});

const seconds = (performance.now() - begun) / 1000;
const report = demoReport(runs, {
  facts: {
    backend: `${choice.backend} (${choice.package})`,
    seeds: seeds.join(", "),
    steps,
    batch: `${batch} × ${context} tokens`,
    "held-out text": `${protocol.heldOutBatches * batch * context} tokens`,
    versions: `tfjs ${tf.version.tfjs}, @warmstart/lora-init ${version("@warmstart/lora-init")}, Node ${process.versions.node}`,
    processors: availableParallelism(),
    "seconds in all": Math.round(seconds),
  },
  protocol,
  ...(kernels === undefined ? {} : { kernels }),
  notes,
});

screen.line("");
screen.line(createReport({ title: "", tables: [comparisonTable(runs)] }).toString().trimStart());
screen.line("");
for (const line of claimLines(runs)) screen.line(line);

const intro = "A small GPT, pretrained on State of the Union addresses, is adapted to Moby-Dick: by full fine-tuning for reference, and by LoRA started four ways with the same budget. Lower is better; what counts as time begins with the initialization.";
const folder = resolve(options.out);
await mkdir(folder, { recursive: true });
const [page, data] = ["html", "json"].map((kind) => resolve(folder, `demo-report.${kind}`)) as [string, string];
await writeFile(page, await reportPage(report, { intro }));
await writeFile(data, `${JSON.stringify({ ...report.toJSON(), protocol, runs: runs.map(({ report: own, ...run }) => ({ ...run, ...(own === undefined ? {} : { initialization: own.toJSON() }) })) }, null, 1)}\n`);
screen.line("");
screen.line(`report: ${page} (the same as data: ${data}); ${Math.round(seconds)} s in all`);

function version(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
}
