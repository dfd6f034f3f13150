// A plot with its title, legend and description; drawn once for wide and once for narrow screens, since text in a shrunk drawing cannot be read.
import type { ReportPlot } from "@warmstart/init-core";
import { barPlot } from "./bar-plot.js";
import { formatNumber } from "./figures.js";
import { html, markup, type Markup } from "./html.js";
import { linePlot } from "./line-plot.js";
import { seriesBorder, seriesColor } from "./series-style.js";

/** What plots are drawn with, and how wide, in CSS pixels. */
export interface PlotFrame {
  readonly Plot: typeof import("@observablehq/plot");
  readonly document: Document;
  readonly width: number;
}

const widths = [["wide", 720], ["narrow", 344]] as const;

/** The figure; `id` is unique in the page. */
export function plotFigure(tools: Omit<PlotFrame, "width">, plot: ReportPlot, id: string, level: number): Markup {
  const draw = plot.kind === "line" ? linePlot : barPlot;
  const heading = `h${level}`;
  const drawings = widths.map(([name, width]) => html`<div class="${name}">${svg(draw({ ...tools, width }, plot), plot, `${id}-${name}`, tools.document)}</div>`);
  const omitted = plot.yScale === "log" ? plot.series.reduce((count, { y }) => count + y.filter((value) => value <= 0).length, 0) : 0;
  return html`<figure>
<${markup(heading)}>${plot.title}</${markup(heading)}>
${plot.series.length > 1 ? legend(plot) : ""}
${drawings}
${omitted > 0 ? html`<p class="aside">Not shown on the logarithmic axis: ${omitted} ${omitted === 1 ? "value that is" : "values that are"} zero or negative.</p>` : ""}
</figure>
`;
}

function legend({ kind, yScale, series }: ReportPlot): Markup {
  const key = kind === "bar" && yScale === "log" ? "dot" : kind;
  return html`<ul class="legend">${series.map(({ name }, i) => html`<li><span class="key ${key}" style="border-color: ${seriesColor(i)}; border-style: ${seriesBorder(i)}"></span>${name}</li>`)}</ul>`;
}

function svg(drawing: Element, plot: ReportPlot, id: string, document: Document): Markup {
  const label = (name: "title" | "desc", text: string) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    element.setAttribute("id", `${id}-${name}`);
    element.textContent = text;
    return element;
  };
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-labelledby", `${id}-title`);
  drawing.setAttribute("aria-describedby", `${id}-desc`);
  drawing.insertBefore(label("desc", describe(plot)), drawing.firstChild);
  drawing.insertBefore(label("title", plot.title), drawing.firstChild);
  // The page's own style sheet serves all plots.
  drawing.querySelector("style")?.remove();
  return markup(drawing.outerHTML);
}

const figure = (value: number) => formatNumber(value, 3);

/** The plot in words, for who cannot see it. */
function describe({ kind, xLabel, yLabel, series }: ReportPlot): string {
  const words = series.map(({ name, x, y }) =>
    kind === "line"
      ? `${name}: from ${figure(y[0] ?? NaN)} at ${x[0]} to ${figure(y.at(-1) ?? NaN)} at ${x.at(-1)}`
      : `${name}: ${x.slice(0, 24).map((category, i) => `${category} ${figure(y[i]!)}`).join(", ")}${x.length > 24 ? ` and ${x.length - 24} more` : ""}`,
  );
  return `${kind === "line" ? "Lines" : "Bars"} of ${yLabel} by ${xLabel}. ${words.join(". ")}.`;
}
