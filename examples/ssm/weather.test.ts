import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { buildForecaster, errors, heard, hourly, lagOf, trainForecaster, type Forecast } from "./forecaster.js";
import { baselines, forecastFrom, table } from "./forecasting.js";
import { streamThrough } from "./streaming.js";
import { hourlyWeather, standardized, type Series } from "./weather.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const tiny: Forecast = { ...hourly, window: 40, warmUp: 10, batch: 4, steps: 15, features: 8, layers: 1, dState: 8 };

describe("the weather", () => {
  const weather = hourlyWeather();

  it("is a year of hours", () => {
    expect([...weather.values.subarray(0, 3)].map((x) => x.toFixed(1))).toEqual(["1016.6", "4.0", "3.8"]);
    expect(weather.values).toHaveLength(3 * 8759);
    expect(weather.values.every(Number.isFinite)).toBe(true);
  });

  it("is standardized by what is known, whatever follows", () => {
    const { values } = standardized(weather, 5000);
    const changed = { ...weather, values: weather.values.map((x, i) => (i < 15_000 ? x : -x)) };
    expect(standardized(changed, 5000).values.subarray(0, 15_000)).toEqual(values.subarray(0, 15_000));
    const first = values.subarray(0, 15_000).filter((_, i) => i % 3 === 1);
    expect(Math.abs(first.reduce((sum, x) => sum + x, 0) / 5000)).toBeLessThan(1e-4);
    expect(first.reduce((sum, x) => sum + x * x, 0) / 5000).toBeCloseTo(1, 3);
  });
});

describe("forecasts", () => {
  const ramp: Series = { channels: ["up", "down"], values: Float32Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i / 2 : -i)) };

  it("take a whole number of periods that is known", () => {
    expect([1, 6, 24, 25, 48].map((horizon) => lagOf({ ...hourly, horizon }))).toEqual([24, 24, 24, 48, 48]);
  });

  it("are made of changes, in units of what is known", () => {
    const { values } = heard({ channels: ["a", "b"], values: Float32Array.of(1, 0, 3, 1, 1, 2, 9, 9) }, 3);
    expect([...values]).toEqual([0, 0, 1, 1, -1, 1, 4, 7]);
  });

  it("are judged on later steps alone", () => {
    expect(errors(ramp, 50, (t, c) => (t < 50 ? NaN : ramp.values[t * 2 + c]! + c))).toEqual([0, 1]);
    const [last, before] = baselines(ramp, { ...hourly, known: 50 });
    expect([last!.errors, before!.errors]).toEqual([[[6, 12]], [[24, 48]]]);
  });

  it("stand in a table with the mean over channels and the spread over seeds", () => {
    const lines = table(["a", "b"], [{ name: "x", errors: [[0.1, 0.3]] }, { name: "longer", errors: [[0.1, 0.2], [0.3, 0.2]], seconds: 9.7 }]);
    expect(lines).toEqual(["         a       b       mean                    training", "x        0.100   0.300   0.200", "longer   0.200   0.200   0.200 (0.150 … 0.250)   10 s"]);
  });

  it("are learned from the known part alone, the same for a seed, and everything is freed", async () => {
    const series = standardized(hourlyWeather(), tiny.known);
    const hidden = { ...series, values: series.values.map((x, i) => (i < tiny.known * 3 ? x : NaN)) };
    const losses: number[] = [];
    await expectTensorGrowth(0, async () => {
      const row = await forecastFrom("legs", series, tiny, [1], (_seed, _step, loss) => losses.push(loss));
      expect(row.errors.flat().every(Number.isFinite)).toBe(true);
      const again: number[] = [];
      await forecastFrom("legs", hidden, tiny, [1], (_seed, _step, loss) => again.push(loss));
      expect(again).toEqual(losses);
    });
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });
});

describe("the stream", () => {
  it("gives hour by hour what the hours at once give", async () => {
    const series = standardized(hourlyWeather(), tiny.known);
    await expectTensorGrowth(0, async () => {
      const model = buildForecaster(3, tiny, "legs", 1);
      await trainForecaster(model, series, { ...tiny, steps: 3 }, 1);
      const seen: number[] = [];
      const { difference, largest, median, percentile99, steps } = await streamThrough(model, { ...series, values: series.values.subarray(0, 300) }, (step) => seen.push(step));
      expect(seen).toEqual(Array.from({ length: 100 }, (_, t) => t));
      expect(steps).toBe(100);
      expect(difference).toBeLessThan(1e-4 * Math.max(1, largest));
      expect(median).toBeGreaterThan(0);
      expect(percentile99).toBeGreaterThanOrEqual(median);
      disposeModel(model);
    });
  });
});
