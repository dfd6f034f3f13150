// Looks at a report before anything is drawn, so that a bad figure is named and not drawn as a gap.
import type { ReportData, ReportPlot, ReportSeries } from "@warmstart/init-core";
import { ReportError } from "./errors.js";

/** @throws {ReportError} with the report, table or plot, and the series and index of the first thing that is wrong. */
export function checkReport(report: ReportData): void {
  if (typeof report !== "object" || report === null || typeof report.title !== "string" || typeof report.facts !== "object" || ![report.tables, report.plots, report.notes].every((list) => Array.isArray(list))) {
    throw new ReportError("INVALID_OPTION", `reportPage: a report has title, facts, tables, plots and notes; got ${describe(report)}. Make it with createReport, or read it with JSON.parse.`);
  }
  for (const { title, columns, rows } of report.tables) {
    const row = rows.findIndex((cells) => cells.length !== columns.length);
    if (row >= 0) throw new ReportError("SHAPE_MISMATCH", `reportPage, table "${title}": row ${row} has ${rows[row]!.length} cells for ${columns.length} columns. Use null for what is not known.`, { table: title, row });
  }
  for (const plot of report.plots) checkPlot(plot);
}

function checkPlot(plot: ReportPlot): void {
  const where = `reportPage, plot "${plot.title}"`;
  if (plot.kind !== "line" && plot.kind !== "bar") throw new ReportError("INVALID_OPTION", `${where}: kind must be "line" or "bar", got ${JSON.stringify(plot.kind)}.`, { plot: plot.title });
  if (plot.series.length === 0 || plot.series.every(({ x }) => x.length === 0)) throw new ReportError("INVALID_OPTION", `${where}: there is nothing to draw. Leave the plot out of the report.`, { plot: plot.title });
  for (const series of plot.series) checkSeries(`${where}, series "${series.name}"`, plot, series);
}

function checkSeries(where: string, { kind, title }: ReportPlot, { name, x, y, low, high }: ReportSeries): void {
  const details = { plot: title, series: name };
  if ((low === undefined) !== (high === undefined)) throw new ReportError("INVALID_OPTION", `${where}: a band needs both \`low\` and \`high\`.`, details);
  for (const [list, values] of [["y", y], ["low", low], ["high", high]] as const) {
    if (values === undefined) continue;
    if (values.length !== x.length) throw new ReportError("SHAPE_MISMATCH", `${where}: \`x\` has ${x.length} entries, \`${list}\` has ${values.length}. Each point needs one of each.`, details);
    requireNumbers(where, list, values, details);
  }
  if (kind === "line") requireNumbers(where, "x", x, details);
  const crossed = low?.findIndex((value, i) => value > high![i]!) ?? -1;
  if (crossed >= 0) throw new ReportError("INVALID_OPTION", `${where}: \`low\` is above \`high\` at index ${crossed} (${low![crossed]} and ${high![crossed]}).`, { ...details, index: crossed });
}

function requireNumbers(where: string, list: string, values: readonly unknown[], details: Record<string, unknown>): void {
  const index = values.findIndex((value) => typeof value !== "number" || !Number.isFinite(value));
  if (index < 0) return;
  const value = values[index];
  const hint = value === null ? " (JSON writes NaN and infinity as null)" : "";
  throw new ReportError("NOT_FINITE", `${where}: \`${list}\` must be finite numbers, got ${typeof value === "string" ? JSON.stringify(value) : String(value)} at index ${index}${hint}. Leave such points out, and say so in the notes.`, { ...details, list, index });
}

const describe = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "an array in an array" : typeof value === "object" ? `an object with ${Object.keys(value).join(", ") || "nothing"}` : typeof value);
