// A report with everything in it, for tests: long names, small and large figures, bands, both scales, many series.
import type { ReportData } from "@warmstart/init-core";

const steps = Array.from({ length: 61 }, (_, i) => i * 5);
const curve = (from: number, to: number, rate: number) => steps.map((step) => to + (from - to) * Math.exp(-step / rate) + 0.03 * Math.sin(step / 7) * Math.exp(-step / 200));
const starts = [["LoRA default", curve(4.61, 3.42, 120)], ["PiSSA", curve(4.61, 3.35, 90)], ["EVA", curve(4.61, 3.27, 70)], ["LoRA-SB", curve(4.61, 3.24, 45)]] as const;
const layers = Array.from({ length: 8 }, (_, i) => ["attention/query", "attention/value", "feed-forward/dense_1", "feed-forward/dense_2"].map((name) => `decoder/block_${i}/${name}`)).flat().slice(0, 14);
const ranks = [3, 12, 8, 5, 4, 11, 9, 8, 2, 10, 9, 12, 7, 12];

export const comparison: ReportData = {
  title: "Four starts of LoRA on Moby Dick",
  facts: { model: "GPT, 4 layers of width 256", "trainable parameters": 184320, backend: "wasm", seeds: 3, "learning rate": 0.002, batches: "16 × 128 tokens", "float16": true, "peak memory (MB)": null },
  tables: [
    {
      title: "Steps and seconds to the default's final loss",
      columns: ["start", "trainable", "steps to target", "seconds to target", "final loss", "sd", "largest change"],
      rows: [
        ["LoRA default", 184320, 300, 61.2, 3.4213, 0.0121, 0.0000125],
        ["PiSSA", 184320, 215, 44, 3.3561, 0.0098, 0.31],
        ["EVA", 181248, 170, 35.81, 3.2744, 0.011, 0.0021],
        ["LoRA-SB", 6144, 95, 20.4, 3.24, 0.0087, 12.5],
        ["full fine-tuning", 3214592, null, null, 3.1, 0.0102, 1],
      ],
    },
  ],
  plots: [
    { kind: "line", title: "Loss on held-out text", xLabel: "step", yLabel: "cross-entropy (nats)", series: starts.map(([name, y], i) => ({ name, x: steps, y, low: y.map((value) => value - 0.03 - 0.01 * i), high: y.map((value) => value + 0.03 + 0.01 * i) })) },
    { kind: "bar", title: "Ranks that EVA chose", xLabel: "layer", yLabel: "rank", series: [{ name: "rank", x: layers, y: ranks }] },
    { kind: "bar", title: "Explained variance", xLabel: "layer", yLabel: "share", series: [{ name: "all inputs", x: ["fc1", "fc2", "head"], y: [0.62, 0.48, 0.91] }, { name: "after whitening", x: ["fc1", "fc2", "head"], y: [0.31, 0.29, 0.77], low: [0.28, 0.22, 0.7], high: [0.35, 0.33, 0.8] }] },
  ],
  notes: ["EVA spends the same number of parameters as the default, within one rank.", "LoRA-SB trains r × r numbers a layer. On this task PiSSA did not beat the default after 20 steps."],
};

export const signal: ReportData = {
  title: "Signal before training",
  facts: { batch: 64, loss: 2.417 },
  tables: [{ title: "Layers", columns: ["layer", "kernel", "input", "dead", "gradient", "condition"], rows: layers.slice(0, 6).map((layer, i) => [layer, "256×256", 1.02 * 1.9 ** -i, i / 12, i === 5 ? null : 1e-5 * 3.1 ** i, i === 2 ? "singular" : 14.2 * 2 ** i]) }],
  plots: [
    { kind: "bar", title: "Mean square of inputs", xLabel: "layer", yLabel: "mean square", yScale: "log", series: [{ name: "input", x: layers.slice(0, 6), y: layers.slice(0, 6).map((_, i) => (i === 4 ? 0 : 1.02 * 1.9 ** -i)) }] },
    { kind: "bar", title: "Variance of outputs", xLabel: "layer", yLabel: "variance", yScale: "log", series: [{ name: "before", x: layers.slice(0, 6), y: layers.slice(0, 6).map((_, i) => 0.52 ** i) }, { name: "after", x: layers.slice(0, 6), y: [1, 1, 0.98, 1.02, 1, 1] }] },
    { kind: "line", title: "Gradient norm", xLabel: "step", yLabel: "norm", yScale: "log", series: Array.from({ length: 8 }, (_, k) => ({ name: `seed ${k}`, x: [0, 1, 2, 3, 4], y: [1, 2, 3, 4, 5].map((x) => 10 ** (-x * (0.5 + k / 8))) })) },
    { kind: "line", title: "One decade", xLabel: "batch size", yLabel: "milliseconds", yScale: "log", series: [{ name: "time", x: [1, 2, 4, 8], y: [11, 14, 26, 47] }] },
  ],
  notes: [],
};
