// A model that hears at every step how each channel has moved, and says how some steps later it will differ from what it was a period before; trained on windows of the past.
import * as tf from "@tensorflow/tfjs";
import { randomGenerator } from "@warmstart/init-core";
import { s4dClassifier, s4dOptimizer, type S4DInit } from "@warmstart/ssm-s4d";
import type { Series } from "./weather.js";

/** What is asked for, and how it is learned. */
export interface Forecast {
  /** Steps ahead. */
  readonly horizon: number;
  /** Steps after which the series about repeats itself. */
  readonly period: number;
  /** The series up to here is known in training, targets included. */
  readonly known: number;
  /** Steps of a window, and how many at its beginning do not count: the model has seen too little then. */
  readonly window: number;
  readonly warmUp: number;
  readonly batch: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly features: number;
  readonly layers: number;
  readonly dState: number;
}

/** A year of hours: forecasts for six hours ahead, learned from its first eight months. */
export const hourly: Forecast = { horizon: 6, period: 24, known: 5832, window: 96, warmUp: 48, batch: 16, steps: 600, learningRate: 0.01, features: 16, layers: 2, dState: 32 };

/** The last step a whole number of periods before the one that is forecast whose value is known: so many steps before it. */
export const lagOf = ({ horizon, period }: Forecast): number => Math.ceil(horizon / period) * period;

/** How much each channel changes over so many steps: the root of its mean square in what is known. */
function changes({ channels, values }: Series, known: number, lag: number): number[] {
  const width = channels.length;
  return errors({ channels, values: values.subarray(0, known * width) }, lag, (t, c) => values[(t - lag) * width + c]!);
}

/** What the model hears: by how much each channel has changed since the step before, in units of what is usual. Levels are left out, so that a season never seen sounds like the others. */
export function heard(series: Series, known: number): Series {
  const { channels, values } = series;
  const [width, units] = [channels.length, changes(series, known, 1)];
  return { channels, values: values.map((value, i) => (i < width ? 0 : (value - values[i - width]!) / units[i % width]!)) };
}

/** `"B L C"` to `"B L C"`, L free: what is to be added to the value `lagOf` steps before the one that is forecast, in units of what is usual. Without normalization, which would take the size of the changes away. */
export function buildForecaster(channels: number, { features, layers, dState }: Forecast, init: S4DInit, seed: number): tf.Sequential {
  return s4dClassifier({ inputShape: [null, channels], classes: channels, features, layers, dState, init, seed, dtMin: 0.02, dtMax: 0.2, norm: "none", pooling: "none", outputActivation: "linear" });
}

/** Trains in place on the same windows for a seed. Nothing from `known` on is seen. */
export async function trainForecaster(model: tf.LayersModel, series: Series, how: Forecast, seed: number, onStep: (step: number, loss: number) => void = () => undefined): Promise<void> {
  const { horizon, known, window, warmUp, batch, steps, learningRate } = how;
  const { channels, values } = series;
  const inputs = heard(series, known).values;
  const [width, random, back] = [channels.length, randomGenerator(seed), lagOf(how) - horizon];
  const unit = tf.tensor1d(changes(series, known, lagOf(how)));
  const optimizer = s4dOptimizer(model, { learningRate });
  for (let step = 1; step <= steps; step++) {
    optimizer.setFactor((1 + Math.cos((Math.PI * (step - 1)) / steps)) / 2);
    const begins = Array.from({ length: batch }, () => back + random.integer(known - window - lagOf(how) + 1));
    const rows = (from: Float32Array, shift: number) => tf.stack(begins.map((begin) => tf.tensor2d(from.subarray((begin + shift) * width, (begin + shift + window) * width), [window, width])));
    const [x, change] = tf.tidy(() => [rows(inputs, 0), tf.div(tf.sub(rows(values, horizon), rows(values, -back)), unit)] as const);
    const late = (t: tf.Tensor) => tf.slice(t, [0, warmUp, 0], [batch, window - warmUp, width]);
    const cost = optimizer.minimize(() => tf.mean(tf.square(tf.sub(late(model.apply(x, { training: true }) as tf.Tensor), late(change)))) as tf.Scalar, true)!;
    onStep(step, (await cost.data())[0]!);
    tf.dispose([x, change, cost]);
  }
  optimizer.dispose();
  unit.dispose();
}

/** Root mean square error of each channel. `forecast` gives a value for a step and channel; forecasts are for the steps from `from` on. */
export function errors({ channels, values }: Series, from: number, forecast: (t: number, channel: number) => number): number[] {
  const [width, end] = [channels.length, values.length / channels.length];
  return channels.map((_, c) => {
    let sum = 0;
    for (let t = from; t < end; t++) sum += (values[t * width + c]! - forecast(t, c)) ** 2;
    return Math.sqrt(sum / (end - from));
  });
}

/** The same of a model, which reads the series from `context` steps before its first forecast on. */
export async function modelErrors(model: tf.LayersModel, series: Series, from: number, how: Forecast, context: number): Promise<number[]> {
  const [width, end, { horizon }, lag] = [series.channels.length, series.values.length / series.channels.length, how, lagOf(how)];
  const begin = Math.max(0, from - horizon - context);
  const units = changes(series, how.known, lag);
  const y = tf.tidy(() => model.apply(tf.tensor3d(heard(series, how.known).values.subarray(begin * width, (end - horizon) * width), [1, end - horizon - begin, width])) as tf.Tensor);
  const change = await y.data();
  y.dispose();
  return errors(series, from, (t, c) => series.values[(t - lag) * width + c]! + units[c]! * change[(t - horizon - begin) * width + c]!);
}
