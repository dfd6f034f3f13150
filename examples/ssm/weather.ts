// A year in Seattle hour by hour: pressure, temperature and wind, each hour's mean over thirty years (NOAA's hourly normals, in vega-datasets; a work of the US government).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** A series of several channels, `"time channel"` row-major. */
export interface Series {
  readonly channels: readonly string[];
  readonly values: Float32Array;
}

/** 8 759 hours from 1 January, 1:00, on: hPa, °C and m/s. */
export function hourlyWeather(): Series {
  const file = join(createRequire(import.meta.url).resolve("vega-datasets"), "../../data/seattle-weather-hourly-normals.csv");
  const [header, ...rows] = readFileSync(file, "utf8").trim().split(/\r?\n/);
  if (header !== "date,pressure,temperature,wind" || rows.length !== 8759) throw new Error(`vega-datasets: expected 8759 rows of date, pressure, temperature and wind, found ${rows.length} of ${header}; install version 3.2.1`);
  return { channels: ["pressure", "temperature", "wind"], values: Float32Array.from(rows.flatMap((row) => row.split(",").slice(1).map(Number))) };
}

/** Every channel less its mean over the first `known` steps, in units of its standard deviation over them: later steps have no part in either. */
export function standardized({ channels, values }: Series, known: number): Series {
  const width = channels.length;
  const moments = channels.map((_, c) => {
    const column = Float64Array.from({ length: known }, (_, t) => values[t * width + c]!);
    const mean = column.reduce((sum, x) => sum + x, 0) / known;
    return { mean, deviation: Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / known) };
  });
  return { channels, values: values.map((x, i) => (x - moments[i % width]!.mean) / moments[i % width]!.deviation) };
}
