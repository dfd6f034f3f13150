// pnpm profile [--out FILE]: where a training step's time goes on WebAssembly, kernel by kernel. Prints the tables and writes them to bench/profiles.md.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@warmstart/init-core";
import { registerTrainingKernels, unregisterTrainingKernels } from "@warmstart/wasm-training";
import { wrapKernels, type KernelTime } from "./kernel-times.js";
import { median } from "./result.js";
import { prepare as prepareDemoStep } from "./rows/demo-step.js";
import { prepare as prepareResnetStep } from "./rows/resnet-step.js";
import type { Work } from "./definition.js";

interface Profile {
  readonly title: string;
  /** Median of the profiled steps. */
  readonly ms: number;
  readonly kernels: readonly KernelTime[];
}

const subjects = [
  { title: "The demo's LoRA step: GPT, 8×64 tokens, adapters of rank 8, Adam", prepare: prepareDemoStep },
  { title: "ResNet-20 step: 32 images, momentum", prepare: prepareResnetStep },
];
const warmup = 2;

async function profile(title: string, work: Work, steps: number): Promise<Profile> {
  const step = async () => {
    const start = performance.now();
    (await work()).dispose();
    return performance.now() - start;
  };
  for (let i = 0; i < warmup; i++) await step();
  const { kernels, unwrap } = wrapKernels("wasm");
  try {
    const times: number[] = [];
    while (times.length < steps) times.push(await step());
    return { title, ms: median(times), kernels: kernels(steps) };
  } finally {
    unwrap();
  }
}

/** All kernels that take a hundredth of the step or more, and what is left for the others and for JavaScript. */
function table({ title, ms, kernels }: Profile): string {
  const share = (part: number) => `${((100 * part) / ms).toFixed(1)} %`;
  const shown = kernels.filter((kernel) => kernel.ms >= ms / 100);
  const hidden = kernels.filter((kernel) => kernel.ms < ms / 100);
  const sum = (list: readonly KernelTime[]) => list.reduce((total, kernel) => total + kernel.ms, 0);
  const row = (name: string, time: number, calls: string) => `| ${name} | ${time.toFixed(2)} | ${share(time)} | ${calls} |`;
  return [
    `## ${title}`,
    "",
    `${ms.toFixed(0)} ms a step`,
    "",
    "| kernel | ms | share | calls |",
    "| --- | ---: | ---: | ---: |",
    ...shown.map((kernel) => row(`\`${kernel.name}\``, kernel.ms, String(kernel.calls))),
    row(`${hidden.length} others`, sum(hidden), String(hidden.reduce((total, { calls }) => total + calls, 0))),
    row("outside kernels", Math.max(0, ms - sum(kernels)), ""),
  ].join("\n");
}

const { values } = parseArgs({ options: { out: { type: "string", default: fileURLToPath(new URL("../profiles.md", import.meta.url)) }, steps: { type: "string", default: "5" } } });
tf.env().set("PROD", true);
const { backend } = await useBackend({ prefer: "wasm" });
if (backend !== "wasm") throw new Error(`profile: WebAssembly could not be started, got "${backend}"`);

const sections: string[] = [];
for (const { title, prepare } of subjects) {
  const work = await prepare();
  for (const kernels of ["tfjs' own kernels", "ours"]) {
    if (kernels === "ours") registerTrainingKernels();
    else unregisterTrainingKernels();
    try {
      sections.push(table(await profile(`${title}, ${kernels}`, work, Number(values.steps))));
    } catch (error) {
      sections.push(`## ${title}, ${kernels}\n\nCannot: ${(error as Error).message}.`);
    }
    console.log(`${sections.at(-1)}\n`);
  }
}
const head = `# Where a training step's time goes on WebAssembly

Written by \`pnpm profile\`: Node ${process.versions.node}, tfjs ${tf.version_core}, medians of ${values.steps} steps after ${warmup}. A kernel's time is without that of kernels it calls; times and calls are those of one step.
`;
writeFileSync(values.out, `${head}\n${sections.join("\n\n")}\n`);
