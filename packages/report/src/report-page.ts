// A report as one HTML page that needs nothing else: no script, no network, no fonts.
import type { Cell, ReportData, ReportTable } from "@warmstart/init-core";
import { checkReport } from "./check-report.js";
import { ReportError } from "./errors.js";
import { decimalPadding, formatCell } from "./figures.js";
import { html, markup, type Markup } from "./html.js";
import { pageStyle } from "./page-style.js";
import { plotDocument } from "./plot-document.js";
import { plotFigure, type PlotFrame } from "./plot-figure.js";

export interface ReportPageOptions {
  /** Above the whole page. Default: the title of the (first) report. */
  readonly title?: string;
  /** A few plain sentences below it: what was tried, and what to look at. */
  readonly intro?: string;
}

/**
 * A report, or several below each other, as one self-contained HTML page: figures, tables, plots as inline SVG, notes. Follows
 * the reader's light or dark setting, fits narrow screens, and is readable without sight of the plots. All text is escaped.
 *
 * Asynchronous because the plotting library is loaded on first use (it is an ES module, also when this package is required).
 *
 * @param report of `createReport` or of any technique, or its data read back from JSON.
 * @returns the whole page, from `<!doctype html>` on; the same for the same report.
 * @throws {ReportError} NOT_FINITE for NaN or infinity in a plot, SHAPE_MISMATCH for lists or rows of unequal length,
 *   INVALID_OPTION for anything that is no report; the message names plot, series and index.
 *
 * @example
 * await writeFile("report.html", await reportPage(report));
 */
export async function reportPage(report: ReportData | readonly ReportData[], options: ReportPageOptions = {}): Promise<string> {
  const reports = Array.isArray(report) ? (report as readonly ReportData[]) : [report as ReportData];
  if (reports.length === 0) throw new ReportError("INVALID_OPTION", "reportPage: the list of reports is empty. Pass at least one.");
  for (const one of reports) checkReport(one);
  const tools = { Plot: await import("@observablehq/plot"), document: await plotDocument() };
  const title = options.title ?? reports[0]!.title;
  // With one report under its own title there is one level of headings less.
  const single = reports.length === 1 && title === reports[0]!.title;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${markup(pageStyle)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${options.intro === undefined ? "" : html`<p class="intro">${options.intro}</p>`}
${reports.length > 2 ? html`<nav aria-label="Contents"><ul>${reports.map((one, i) => html`<li><a href="#report-${i + 1}">${one.title}</a></li>`)}</ul></nav>` : ""}
${reports.map((one, i) => section(tools, one, `report-${i + 1}`, single))}
</main>
</body>
</html>
`;
  return page.text;
}

function section(tools: Omit<PlotFrame, "width">, { title, facts, tables, plots, notes }: ReportData, id: string, single: boolean): Markup {
  const level = single ? 2 : 3;
  return html`<section id="${id}">
${single ? "" : html`<h2>${title}</h2>`}
${Object.keys(facts).length === 0 ? "" : html`<dl class="facts">${Object.entries(facts).map(([name, value]) => html`<div><dt>${name}</dt><dd>${formatCell(value)}</dd></div>`)}</dl>`}
${tables.map((table, i) => tableSection(table, `${id}-table-${i + 1}`, level))}
${plots.map((plot, i) => plotFigure(tools, plot, `${id}-plot-${i + 1}`, level))}
${notes.length === 0 ? "" : html`<aside class="notes" aria-label="Notes"><ul>${notes.map((note) => html`<li>${note}</li>`)}</ul></aside>`}
</section>
`;
}

/** Characters from which a cell is a sentence, which breaks into lines and keeps some width. */
const longText = 40;

function tableSection({ title, columns, rows }: ReportTable, id: string, level: number): Markup {
  const heading = markup(`h${level}`);
  const texts = rows.map((row) => row.map(formatCell));
  const numeric = columns.map((_, column) => isNumeric(rows.map((row) => row[column]!)));
  const pads = columns.map((_, column) => (numeric[column] ? decimalPadding(texts.map((row) => row[column]!)) : []));
  const cell = (text: string, row: number, column: number) => {
    const kind = numeric[column] ? markup(' class="number"') : text.length > longText ? markup(' class="long"') : "";
    if (column === 0 && !numeric[0]) return html`<th scope="row"${kind}>${text}</th>`;
    const pad = pads[column]![row] ?? "";
    return html`<td${kind}${pad === "" ? "" : html` data-pad="${pad}"`}>${text}</td>`;
  };
  return html`<section class="table">
<${heading} id="${id}">${title}</${heading}>
<div class="scroll" tabindex="0" role="group" aria-labelledby="${id}"><table aria-labelledby="${id}">
<thead><tr>${columns.map((name, column) => html`<th scope="col"${numeric[column] ? markup(' class="number"') : ""}>${name}</th>`)}</tr></thead>
<tbody>${texts.map((row, i) => html`<tr>${row.map((text, column) => cell(text, i, column))}</tr>\n`)}</tbody>
</table></div>
</section>
`;
}

/** Columns of figures are set to the right; a word among them ("singular") or an unknown does not change that. */
function isNumeric(cells: readonly Cell[]): boolean {
  const numbers = cells.filter((cell) => typeof cell === "number").length;
  return numbers > 0 && numbers * 2 >= cells.filter((cell) => cell !== null).length;
}
