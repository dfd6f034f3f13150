// Bars lie, so that long names can be read. On a logarithmic axis, which has no zero to stand on, they are dots on stems; dots of several series share a row.
import type { ReportPlot } from "@warmstart/init-core";
import { extent, logTickFormat, logTicks, tenTo, tickFormat } from "./axes.js";
import { fitLabels } from "./fit-labels.js";
import { formatNumber } from "./figures.js";
import type { PlotFrame } from "./plot-figure.js";
import { seriesColor } from "./series-style.js";

interface Bar {
  readonly category: string;
  readonly name: string;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

const characterWidth = 6.7;
const marginTop = 44;
const marginBottom = 12;

/** The plot as an SVG element: a row a category, and in it a bar a series. On a logarithmic axis values that are not positive are left out. */
export function barPlot({ Plot, document, width }: PlotFrame, { xLabel, yLabel, yScale = "linear", series }: ReportPlot): Element {
  const log = yScale === "log";
  const groups = series.map(({ name, x, y, low, high }) => x.map((category, i): Bar => ({ category: String(category), name, value: y[i]!, ...(low === undefined ? {} : { low: low[i]!, high: high![i]! }) })).filter(({ value }) => !log || value > 0));
  const categories = [...new Set(series.flatMap(({ x }) => x.map(String)))];
  const longest = Math.max(...categories.map((category) => category.length));
  const marginLeft = Math.round(Math.min(width * 0.44, 22 + longest * characterWidth));
  const labels = fitLabels(categories, Math.floor((marginLeft - 14) / characterWidth));
  const [smallest, largest] = extent(groups.flat().flatMap(({ value, low, high }) => [value, high ?? value, log ? value : (low ?? value)]));
  const domain: [number, number] = log ? [tenTo(Math.floor(Math.log10(smallest))), tenTo(Math.ceil(Math.log10(largest) + 1e-9))] : [Math.min(0, smallest), Math.max(0, largest)];
  const ticks = log ? logTicks(...domain, width < 500 ? 4 : 8) : undefined;
  const several = series.length > 1 && !log;
  const row = categories.length * (several ? series.length : 1) > 40 ? 15 : 22;
  // Several series are facets, one a category; the axis is drawn once, above the first.
  const place = several ? { fy: "category", y: "name" } : { y: "category" };
  const names = { domain: categories, label: xLabel, labelAnchor: "top", tickFormat: (category: string) => labels.get(category) ?? category, tickSize: 0 } as const;
  return Plot.plot({
    document,
    className: "plot",
    width,
    height: marginTop + marginBottom + categories.length * (several ? row * series.length + 10 : row),
    marginLeft,
    marginRight: 58,
    marginTop,
    marginBottom,
    x: { type: yScale, domain, nice: !log, axis: null },
    ...(several ? { fy: { ...names, axis: "left", padding: 0.14 }, y: { axis: null, domain: series.map(({ name }) => name), padding: 0.2 } } : { y: { ...names, axis: "left", type: "band", padding: 0.3 } }),
    marks: [
      Plot.axisX({ anchor: "top", facetAnchor: "top", label: yLabel, ticks: ticks ?? (width < 500 ? 3 : 6), tickFormat: ticks === undefined ? tickFormat : logTickFormat(ticks), tickSize: 0 }),
      Plot.gridX({ ticks: ticks ?? (width < 500 ? 3 : 6) }),
      ...(log && series.length > 1 ? [Plot.ruleY(categories, { strokeOpacity: 0.12 })] : []),
      ...groups.flatMap((bars, i) =>
        log
          ? [...(series.length > 1 ? [] : [Plot.ruleY(bars, { ...place, x1: domain[0], x2: "value", stroke: seriesColor(i), strokeOpacity: 0.45 })]), Plot.dot(bars, { ...place, x: "value", r: 4.5, fill: seriesColor(i) })]
          : [Plot.barX(bars, { ...place, x: "value", fill: seriesColor(i) })],
      ),
      ...groups.flatMap((bars) => (bars.some(({ low }) => low !== undefined) ? [Plot.ruleY(bars, { ...place, x1: "low", x2: "high" })] : [])),
      // Figures beside dots of several series in one row would lie on each other.
      ...(log && series.length > 1 ? [] : groups).map((bars) => Plot.text(bars, { ...place, x: ({ value, high }: Bar) => Math.max(log ? value : 0, high ?? value), text: ({ value }: Bar) => formatNumber(value, 3), textAnchor: "start", dx: log ? 10 : 5, fillOpacity: 0.75, fontVariant: "tabular-nums" })),
      ...(log ? [] : [Plot.ruleX([0], { strokeOpacity: 0.5 })]),
    ],
  });
}
