// Before and after, layer by layer, for whatever made the model smaller: channels, blocks, masks.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { createReport, networkOf, type Cell, type Parameter, type Report } from "@warmstart/init-core";
import { countMacs } from "./count-macs.js";
import { measureSteps, type MeasureStepsOptions } from "./measure-steps.js";

export interface CompareModelsOptions extends MeasureStepsOptions {
  /** Whether to time inference and a training step. Default true. */
  readonly measure?: boolean;
}

interface LayerCost {
  readonly params: number;
  readonly macs: number | null;
  /** Share of its kernel weights that are not zero; null without kernels. */
  readonly density: number | null;
}

/**
 * What a smaller model saves: parameters, multiply-adds and the density of kernels (entries that are not zero) of every layer before and
 * after, and the measured times of inference and of a training step. Layers belong together by path. For masks, which leave the layers as
 * they are, compare with a model from before, or a model with itself.
 *
 * @throws {WarmstartError} as `countMacs` and `measureSteps`.
 *
 * @example
 * const { result: small } = await initialize(model, preCrop({ budget: { flops: 0.5 } }));
 * await writeFile("smaller.html", await reportPage(await compareModels(model, small)));
 */
export async function compareModels(before: LayersModel, after: LayersModel, { measure = true, ...options }: CompareModelsOptions = {}): Promise<Report> {
  const counts = [before, after].map((model) => countMacs(model, options));
  const [from, to] = [await layerCosts(before, counts[0]!.perLayer), await layerCosts(after, counts[1]!.perLayer)];
  const times = measure ? await measureSteps([before, after], options) : [];
  const paths = [...from.keys(), ...[...to.keys()].filter((path) => !from.has(path))];
  const totals = [from, to].map((costs) => [...costs.values()].reduce((sum, { params }) => sum + params, 0)) as [number, number];
  const macs = counts.map(({ total }) => total) as [number, number];
  const gone = [...from.keys()].filter((path) => !to.has(path));
  const uncounted = [...new Set(counts.flatMap((count) => count.uncounted))];
  const names = (list: readonly string[]) => list.map((path) => `"${path}"`).join(", ");
  return createReport({
    title: `${before.name} and what it became`,
    facts: {
      "parameters before": totals[0],
      "parameters after": totals[1],
      "multiply-adds before": macs[0],
      "multiply-adds after": macs[1],
      ...Object.fromEntries(times.length === 0 ? [] : kinds.flatMap(({ kind, name }): [string, Cell][] => [[`${name} before (ms)`, rounded(times[0]![kind])], [`${name} after (ms)`, rounded(times[1]![kind])], [`${name}, times as fast`, rounded(times[0]![kind] / times[1]![kind])]])),
      ...(times.length === 0 ? {} : { "samples a batch": options.batch ?? 32 }),
    },
    tables: [
      {
        title: "Layers",
        columns: ["layer", "parameters before", "after", "multiply-adds before", "after", "density before", "after"],
        rows: paths.map((path): Cell[] => {
          const [a, b] = [from.get(path), to.get(path)];
          return [path, a?.params ?? null, b?.params ?? null, a?.macs ?? null, b?.macs ?? null, a?.density ?? null, b?.density ?? null];
        }),
      },
    ],
    plots: [
      bars("Multiply-adds of each layer", "multiply-adds", paths.filter((path) => (from.get(path)?.macs ?? 0) > 0 || (to.get(path)?.macs ?? 0) > 0), (path, costs) => costs.get(path)?.macs ?? 0),
      bars("Parameters of each layer", "parameters", paths.filter((path) => (from.get(path)?.params ?? 0) > 0 || (to.get(path)?.params ?? 0) > 0), (path, costs) => costs.get(path)?.params ?? 0),
    ],
    notes: [
      ...(gone.length > 0 ? [`No longer there: ${names(gone)}.`] : []),
      ...(uncounted.length > 0 ? [`Layers of other packages, whose multiply-adds are not known: ${names(uncounted)}.`] : []),
      ...(times.length > 0 ? ["Times are medians on the backend in use, models in turn. A mask saves no time: tfjs has no sparse kernels."] : []),
    ],
  });

  function bars(title: string, yLabel: string, x: string[], y: (path: string, costs: ReadonlyMap<string, LayerCost>) => number) {
    return { kind: "bar" as const, title, xLabel: "layer", yLabel, series: [{ name: "before", x, y: x.map((path) => y(path, from)) }, { name: "after", x, y: x.map((path) => y(path, to)) }] };
  }
}

const kinds = [
  { kind: "inference", name: "inference" },
  { kind: "trainingStep", name: "training step" },
] as const;

const rounded = (value: number): number => Number(value.toPrecision(3));
const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/** By layer path; layers without parameters and multiply-adds are left out. */
async function layerCosts(model: LayersModel, macs: Readonly<Record<string, number>>): Promise<Map<string, LayerCost>> {
  const byLayer = new Map<string, Parameter[]>();
  for (const parameter of networkOf(model).parameters) byLayer.set(parameter.layer, [...(byLayer.get(parameter.layer) ?? []), parameter]);
  for (const path of Object.keys(macs)) if (macs[path]! > 0 && !byLayer.has(path)) byLayer.set(path, []);
  const costs = new Map<string, LayerCost>();
  for (const [path, parameters] of byLayer) {
    const kernels = parameters.filter(({ role }) => role.endsWith("kernel") || role === "embedding");
    let left = 0;
    for (const { variable } of kernels) for (const value of await variable.data()) if (value !== 0) left++;
    const size = kernels.reduce((sum, { shape }) => sum + product(shape), 0);
    costs.set(path, { params: parameters.reduce((sum, { shape }) => sum + product(shape), 0), macs: macs[path] ?? null, density: size === 0 ? null : left / size });
  }
  return costs;
}
