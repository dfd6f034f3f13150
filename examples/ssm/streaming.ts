// A forecaster answers hour by hour while the weather comes in: a TransformStream around the trained model, which keeps a state and looks at each hour once.
//   npm run streaming -- [--hours N] [--steps N] [--backend NAME]
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { createModelStream, s4dStream } from "@warmstart/ssm-s4d";
import { runProgram, wholeNumber } from "../compare/options.js";
import { describeBackend, startBackend } from "../demo/backend.js";
import { createScreen } from "../demo/progress.js";
import { buildForecaster, heard, hourly, trainForecaster } from "./forecaster.js";
import { hourlyWeather, standardized, type Series } from "./weather.js";

export interface Streamed {
  /** Milliseconds from an hour's weather to its forecast: half of them, and all but one in a hundred, are below. */
  readonly median: number;
  readonly percentile99: number;
  /** The largest difference between an output of the stream and that of the whole sequence at once, and the largest output. */
  readonly difference: number;
  readonly largest: number;
  readonly steps: number;
}

/** Sends a series through a model step by step and compares with the whole sequence at once. Frees all but the model. */
export async function streamThrough(model: tf.LayersModel, series: Series, onOutput: (step: number, y: Float32Array) => void = () => undefined): Promise<Streamed> {
  const outputs: Float32Array[] = [];
  const times: number[] = [];
  const width = series.channels.length;
  const { readable, writable } = s4dStream(await createModelStream(model), { dispose: true });
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  for (let at = 0; at < series.values.length; at += width) {
    const begun = performance.now();
    const written = writer.write(series.values.subarray(at, at + width));
    const y = (await reader.read()).value!;
    times.push(performance.now() - begun);
    await written;
    onOutput(outputs.length, y);
    outputs.push(y);
  }
  await Promise.all([writer.close(), reader.read()]);
  const whole = tf.tidy(() => model.apply(tf.tensor3d(series.values, [1, outputs.length, width])) as tf.Tensor);
  const expected = await whole.data();
  whole.dispose();
  const furthest = (values: ArrayLike<number>) => Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const sorted = times.toSorted((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)]!,
    percentile99: sorted[Math.floor(sorted.length * 0.99)]!,
    difference: furthest(outputs.flatMap((y, t) => [...y].map((value, c) => value - expected[t * y.length + c]!))),
    largest: furthest(expected),
    steps: outputs.length,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { hours: { type: "string", default: "1000" }, steps: { type: "string", default: "60" }, backend: { type: "string" } } });
  const [hours, how] = [wholeNumber("hours", values.hours), { ...hourly, steps: wholeNumber("steps", values.steps) }];
  const screen = createScreen(process.stdout);
  for (const line of describeBackend(await startBackend(values.backend))) screen.line(line);
  const series = standardized(hourlyWeather(), how.known);
  const width = series.channels.length;
  const model = buildForecaster(width, how, "legs", 1);
  await trainForecaster(model, series, how, 1, (step, loss) => screen.status(`training on January to August, step ${step} of ${how.steps}: loss ${loss.toFixed(3)}`, { share: step / how.steps, milestone: step === how.steps }));
  const coming = { ...series, values: heard(series, how.known).values.subarray(how.known * width, (how.known + hours) * width) };
  screen.line(`from September on, hour by hour: ${coming.channels.join(", ")} through ${how.layers} layers of ${how.features} features`);
  const { median, percentile99, difference, largest, steps } = await streamThrough(model, coming, (step) => screen.status(`hour ${step}`, { share: step / hours }));
  screen.line(`${steps} forecasts, each ${median.toFixed(2)} ms after its hour (median; 99 % within ${percentile99.toFixed(2)} ms) on ${tf.getBackend()}`);
  const agree = difference < 1e-3 * largest;
  screen.line(`the ${steps} hours at once give the same: largest difference ${difference.toExponential(1)}, largest output ${largest.toFixed(2)}${agree ? "" : ": they DIFFER"}`);
  disposeModel(model);
  process.exitCode = agree ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runProgram(main);
