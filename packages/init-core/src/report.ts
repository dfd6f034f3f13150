// A report is data first: figures, tables, plots and notes. Text and markdown here; the HTML page is @warmstart/report.

/** A figure or word in a report. */
export type Cell = string | number | boolean | null;

/** Rows of cells under named columns. */
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

/** Lines or bars as data, drawn by `@warmstart/report`. */
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

/** A figure as people read it: four significant digits, powers of ten for the very small and large, integers whole. */
function show(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  if (typeof cell !== "number" || Number.isInteger(cell)) return String(cell);
  const rounded = Number(cell.toPrecision(4));
  const size = Math.abs(rounded);
  return size < 1e-3 || (size >= 1e6 && size < Infinity) ? rounded.toExponential() : String(rounded);
}

/** Columns of figures are set to the right; a word among them ("singular") or an unknown does not change that. */
function numericColumns({ columns, rows }: ReportTable): boolean[] {
  return columns.map((_, column) => {
    const known = rows.map((row) => row[column] ?? null).filter((cell) => cell !== null);
    const numbers = known.filter((cell) => typeof cell === "number").length;
    return numbers > 0 && numbers * 2 >= known.length;
  });
}

/** With spaces behind, so that decimal points stand below each other. */
function alignedDecimals(texts: readonly string[]): string[] {
  const fraction = (text: string) => /^-?\d+(\.\d+)?$/.exec(text)?.[1]?.length ?? 0;
  const longest = Math.max(0, ...texts.map(fraction));
  return texts.map((text) => (/^-?\d+(\.\d+)?$/.test(text) ? text + " ".repeat(longest - fraction(text)) : text));
}

function renderTable(table: ReportTable): string[] {
  const numeric = numericColumns(table);
  const columns = table.columns.map((name, column) => {
    const texts = table.rows.map((row) => show(row[column] ?? null));
    const cells = [name, ...(numeric[column] ? alignedDecimals(texts) : texts)];
    const width = Math.max(...cells.map((cell) => cell.length));
    return cells.map((cell) => (numeric[column] ? cell.padStart(width) : cell.padEnd(width)));
  });
  const line = (row: number) => `  ${columns.map((cells) => cells[row]).join("  ")}`.trimEnd();
  return ["", table.title, ...Array.from({ length: table.rows.length + 1 }, (_, row) => line(row))];
}

function renderText(report: ReportData): string {
  const names = Object.keys(report.facts);
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = [report.title, ...names.map((name) => `  ${`${name}:`.padEnd(width + 1)} ${show(report.facts[name]!)}`)];
  for (const table of report.tables) lines.push(...renderTable(table));
  if (report.notes.length > 0) lines.push("", ...report.notes.map((note) => `  note: ${note}`));
  return lines.join("\n");
}

/** One line without what would end a cell or begin markup. */
const escapeMarkdown = (text: string): string => text.replaceAll(/[\\`*<|]/g, String.raw`\$&`).replaceAll(/\s*\n\s*/g, " ");

function renderMarkdown(report: ReportData): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const lines = [`## ${escapeMarkdown(report.title)}`];
  const facts = Object.entries(report.facts).map(([name, value]) => `- ${escapeMarkdown(name)}: ${escapeMarkdown(show(value))}`);
  if (facts.length > 0) lines.push("", ...facts);
  for (const table of report.tables) {
    const rules = numericColumns(table).map((numeric) => (numeric ? "---:" : "---"));
    lines.push("", `### ${escapeMarkdown(table.title)}`, "", row(table.columns.map(escapeMarkdown)), row(rules), ...table.rows.map((cells) => row(cells.map((cell) => escapeMarkdown(show(cell))))));
  }
  for (const note of report.notes) lines.push("", `> ${escapeMarkdown(note)}`);
  return lines.join("\n");
}
