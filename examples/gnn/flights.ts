// Which airports of the United States have flights between them: 5,366 pairs of 305 (npm's vega-datasets; Bureau of Transportation Statistics, a work of the US government).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expectCounts, type LinkData } from "./data.js";

/** How far a place is felt, in kilometres. */
const reach = 1000;
const places = 48;

/** Links from origin to destination. Features are nearness to 48 of the airports, spread out as far as can be: `exp(-distance / 1000 km)`. */
export function flights(): LinkData {
  const folder = join(createRequire(import.meta.url).resolve("vega-datasets"), "../../data");
  const rows = (name: string, header: string) => {
    const [first, ...lines] = readFileSync(join(folder, name), "utf8").trim().split(/\r?\n/);
    if (first !== header) throw new Error(`vega-datasets: ${name} begins with ${first}, expected ${header}; install version 3.2.1`);
    return lines;
  };
  const pairs = rows("flights-airport.csv", "origin,destination,count").map((line) => line.split(","));
  const names = [...new Set(pairs.flatMap(([origin, destination]) => [origin!, destination!]))].toSorted();
  const numbers = new Map(names.map((name, i) => [name, i]));
  const where = new Map(rows("airports.csv", "iata,name,city,state,country,latitude,longitude").map((line) => [line.slice(0, line.indexOf(",")), line.split(",").slice(-2).map(Number)]));
  const points = names.flatMap((name) => (where.has(name) ? [onSphere(where.get(name) as [number, number])] : []));
  expectCounts("vega-datasets", "Install version 3.2.1.", { pairs: [pairs.length, 5366], airports: [names.length, 305], "airports with a place": [points.length, 305] });
  const chosen = spreadOut(points, places);
  return {
    title: "flights between airports",
    source: "npm vega-datasets 3.2.1, flights-airport.csv and airports.csv: US government",
    numNodes: names.length,
    from: Int32Array.from(pairs, ([origin]) => numbers.get(origin!)!),
    kind: new Int32Array(pairs.length),
    to: Int32Array.from(pairs, ([, destination]) => numbers.get(destination!)!),
    kinds: ["flights to"],
    features: { values: Float32Array.from(points.flatMap((point) => chosen.map((place) => Math.exp(-distance(point, place) / reach)))), width: places },
  };
}

type Point = readonly [number, number, number];

function onSphere([latitude, longitude]: readonly [number, number]): Point {
  const [phi, lambda] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
}

/** Kilometres over the ground. */
const distance = (a: Point, b: Point): number => 6371 * Math.acos(Math.min(1, a[0] * b[0] + a[1] * b[1] + a[2] * b[2]));

/** The first point, then each time the one that is farthest from those chosen. */
function spreadOut(points: readonly Point[], count: number): Point[] {
  const chosen = [points[0]!];
  const nearest = points.map((point) => distance(point, chosen[0]!));
  while (chosen.length < count) {
    const next = points[nearest.indexOf(Math.max(...nearest))]!;
    chosen.push(next);
    for (const [i, point] of points.entries()) nearest[i] = Math.min(nearest[i]!, distance(point, next));
  }
  return chosen;
}
