// A report is data first: figures, tables, plots and notes. Text and markdown here; the HTML page is @warmstart/report.

/** A figure or word in a report. */
export type Cell = string | number | boolean | null;

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface ReportSeries {
  readonly name: string;
  /** Numbers for lines, categories for bars. */
  readonly x: readonly (number | string)[];
  readonly y: readonly number[];
  /** Lower and upper edge of a band around a line (mean ± sd over seeds). */
  readonly low?: readonly number[];
  readonly high?: readonly number[];
}

export interface ReportPlot {
  readonly kind: "line" | "bar";
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yScale?: "linear" | "log";
  readonly series: readonly ReportSeries[];
}

export interface ReportData {
  readonly title: string;
  /** Figures about the whole: method, seed, backend, budget. */
  readonly facts: Readonly<Record<string, Cell>>;
  readonly tables: readonly ReportTable[];
  readonly plots: readonly ReportPlot[];
  /** What a reader must know: layers left out, options clamped, methods that did not win. */
  readonly notes: readonly string[];
}

export interface Report extends ReportData {
  /** A text table, for the terminal. */
  toString(): string;
  toMarkdown(): string;
  toJSON(): ReportData;
}

/** A report from its data; what is left out is empty. */
export function createReport(data: Partial<ReportData> & { readonly title: string }): Report {
  const full: ReportData = { title: data.title, facts: data.facts ?? {}, tables: data.tables ?? [], plots: data.plots ?? [], notes: data.notes ?? [] };
  return { ...full, toString: () => renderText(full), toMarkdown: () => renderMarkdown(full), toJSON: () => full };
}

/** A figure as people read it: four significant digits, integers whole. */
function show(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell !== "number" || Number.isInteger(cell)) return String(cell);
  return String(Number(cell.toPrecision(4)));
}

function renderText(report: ReportData): string {
  const lines = [report.title, ...Object.entries(report.facts).map(([name, value]) => `  ${name}: ${show(value)}`)];
  for (const table of report.tables) {
    const cells = [table.columns, ...table.rows.map((row) => row.map(show))];
    const widths = table.columns.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
    const numeric = table.columns.map((_, column) => table.rows.every((row) => typeof row[column] === "number" || row[column] === null));
    lines.push("", table.title, ...cells.map((row) => `  ${row.map((cell, column) => (numeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join("  ")}`.trimEnd()));
  }
  if (report.notes.length > 0) lines.push("", ...report.notes.map((note) => `  note: ${note}`));
  return lines.join("\n");
}

function renderMarkdown(report: ReportData): string {
  const escape = (text: string) => text.replaceAll("|", "\\|");
  const lines = [`## ${report.title}`, "", ...Object.entries(report.facts).map(([name, value]) => `- ${name}: ${show(value)}`)];
  for (const table of report.tables) {
    lines.push("", `### ${table.title}`, "", `| ${table.columns.map(escape).join(" | ")} |`, `|${table.columns.map(() => " --- ").join("|")}|`);
    for (const row of table.rows) lines.push(`| ${row.map((cell) => escape(show(cell))).join(" | ")} |`);
  }
  if (report.notes.length > 0) lines.push("", ...report.notes.map((note) => `> ${note}`));
  return lines.join("\n");
}
