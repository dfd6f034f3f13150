// Curves, with bands around them.
import type { ReportPlot, ReportSeries } from "@warmstart/init-core";
import { extent, logTickFormat, logTicks, tickFormat } from "./axes.js";
import type { PlotFrame } from "./plot-figure.js";
import { seriesColor, seriesDash } from "./series-style.js";

interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

const fewPoints = 12;

/** The plot as an SVG element. On a logarithmic axis points that are not positive are left out. */
export function linePlot({ Plot, document, width }: PlotFrame, { xLabel, yLabel, yScale = "linear", series }: ReportPlot): Element {
  const log = yScale === "log";
  const curves = series.map((one) => pointsOf(one, log));
  const values = curves.flat().flatMap(({ y, low, high }) => (low === undefined ? [y] : [y, low, high!]));
  const ticks = log ? logTicks(...extent(values), 6) : undefined;
  return Plot.plot({
    document,
    className: "plot",
    width,
    height: Math.round(Math.max(220, width * 0.5)),
    marginLeft: 54,
    marginRight: 16,
    marginTop: 28,
    marginBottom: 44,
    x: { label: xLabel, ticks: Math.max(3, Math.round(width / 110)), tickFormat, tickSize: 4, nice: false, domain: extent(curves.flat().map(({ x }) => x)) },
    y: { label: yLabel, type: yScale, grid: true, ticks: ticks ?? 5, tickFormat: ticks === undefined ? tickFormat : logTickFormat(ticks), tickSize: 0, nice: !log },
    marks: [
      ...curves.flatMap((points, i) => (points.some(({ low }) => low !== undefined) ? [Plot.areaY(points, { x: "x", y1: "low", y2: "high", fill: seriesColor(i), fillOpacity: 0.16 })] : [])),
      ...curves.map((points, i) => Plot.lineY(points, { x: "x", y: "y", stroke: seriesColor(i), strokeDasharray: seriesDash(i), strokeWidth: 2 })),
      ...curves.flatMap((points, i) => (points.length <= fewPoints ? [Plot.dot(points, { x: "x", y: "y", fill: seriesColor(i), r: 3 })] : [])),
    ],
  });
}

function pointsOf({ x, y, low, high }: ReportSeries, log: boolean): Point[] {
  const points = x.map((at, i): Point => {
    const point = { x: at as number, y: y[i]! };
    // A band that reaches below zero is cut at a thousandth of its line on a logarithmic axis.
    return low === undefined ? point : { ...point, low: log ? Math.max(low[i]!, y[i]! * 1e-3) : low[i]!, high: high![i]! };
  });
  return log ? points.filter((point) => point.y > 0) : points;
}
