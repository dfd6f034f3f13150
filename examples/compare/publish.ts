// Reports in the terminal, as markdown and as a page.
import { writeFileSync } from "node:fs";
import type { Report } from "@warmstart/init-core";
import { reportPage } from "@warmstart/report";

/** Prints the reports, and writes them to `base` with the endings .md and .html. */
export async function publish(reports: readonly Report[], title: string, base: string): Promise<void> {
  for (const report of reports) console.log(`\n${report.toString()}`);
  writeFileSync(`${base}.md`, `${reports.map((report) => report.toMarkdown()).join("\n\n")}\n`);
  writeFileSync(`${base}.html`, await reportPage(reports, { title }));
  console.log(`\nwrote ${base}.html`);
}
