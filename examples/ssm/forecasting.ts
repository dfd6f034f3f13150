// Forecasts of pressure, temperature and wind six hours ahead, on months that were never seen: S4D from three starts against what needs no training.
//   npm run forecasting -- [--steps N] [--seeds N] [--backend NAME]
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { runProgram, wholeNumber } from "../compare/options.js";
import { describeBackend, startBackend } from "../demo/backend.js";
import { createScreen } from "../demo/progress.js";
import { buildForecaster, errors, hourly, lagOf, modelErrors, trainForecaster, type Forecast } from "./forecaster.js";
import { hourlyWeather, standardized, type Series } from "./weather.js";

const starts = { legs: "S4D-LegS", real: "S4D-Real", rand: "S4D-Rand" } as const;
type Start = keyof typeof starts;

/** One line of the table: errors of each channel in standard deviations, for each seed. */
export interface Row {
  readonly name: string;
  readonly errors: readonly (readonly number[])[];
  readonly seconds?: number;
}

/** The last value, and the value a period before the step that is forecast. */
export function baselines(series: Series, how: Forecast): Row[] {
  const { known, horizon } = how;
  const width = series.channels.length;
  const before = (lag: number) => [errors(series, known, (t, c) => series.values[(t - lag) * width + c]!)];
  return [
    { name: "persistence", errors: before(horizon) },
    { name: "a day before", errors: before(lagOf(how)) },
  ];
}

/** Trains a model of a start for every seed, on the same windows for a seed, and looks at what follows `known`. Frees everything. */
export async function forecastFrom(start: Start, series: Series, how: Forecast, seeds: readonly number[], onStep: (seed: number, step: number, loss: number) => void = () => undefined): Promise<Row> {
  const found: number[][] = [];
  let seconds = 0;
  for (const seed of seeds) {
    const model = buildForecaster(series.channels.length, how, start, seed);
    const begun = performance.now();
    await trainForecaster(model, series, how, seed, (step, loss) => onStep(seed, step, loss));
    seconds += (performance.now() - begun) / 1000;
    found.push(await modelErrors(model, series, how.known, how, how.window));
    disposeModel(model);
  }
  return { name: starts[start], errors: found, seconds };
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/** Means over the seeds; the last column, the mean over the channels, with the lowest and highest of the seeds. */
export function table(channels: readonly string[], rows: readonly Row[]): string[] {
  const cells = rows.map(({ name, errors: seeds, seconds }) => {
    const overall = seeds.map(mean);
    const spread = seeds.length > 1 ? ` (${Math.min(...overall).toFixed(3)} … ${Math.max(...overall).toFixed(3)})` : "";
    return [name, ...channels.map((_, c) => mean(seeds.map((each) => each[c]!)).toFixed(3)), `${mean(overall).toFixed(3)}${spread}`, seconds === undefined ? "" : `${seconds.toFixed(0)} s`];
  });
  const all = [["", ...channels, "mean", "training"], ...cells];
  const widths = all[0]!.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  return all.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("   ").trimEnd());
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { steps: { type: "string", default: String(hourly.steps) }, seeds: { type: "string", default: "1" }, backend: { type: "string" } } });
  const how = { ...hourly, steps: wholeNumber("steps", values.steps) };
  const seeds = Array.from({ length: wholeNumber("seeds", values.seeds) }, (_, i) => i + 1);
  const begun = performance.now();
  const screen = createScreen(process.stdout);
  for (const line of describeBackend(await startBackend(values.backend))) screen.line(line);
  const series = standardized(hourlyWeather(), how.known);
  screen.line(`hourly weather of Seattle, ${how.horizon} hours ahead: ${how.steps} batches of ${how.batch} windows of ${how.window} hours from January to August, tested on September to December`);
  const rows = baselines(series, how);
  const names = Object.keys(starts) as Start[];
  for (const [i, start] of names.entries()) {
    rows.push(await forecastFrom(start, series, how, seeds, (seed, step, loss) => screen.status(`${starts[start]}, seed ${seed}, step ${step} of ${how.steps}: loss ${loss.toFixed(4)}`, { share: (i + (seeds.indexOf(seed) + step / how.steps) / seeds.length) / names.length, milestone: step % 100 === 0 })));
  }
  screen.line("");
  screen.line("root mean square error, in standard deviations of January to August:");
  for (const line of table(series.channels, rows)) screen.line(line);
  screen.line(`${tf.getBackend()}, ${seeds.length === 1 ? "one seed" : `${seeds.length} seeds`}, ${Math.round((performance.now() - begun) / 1000)} s in all`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runProgram(main);
