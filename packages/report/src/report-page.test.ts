import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ReportData, ReportPlot } from "@warmstart/init-core";
import { whenChromium } from "@warmstart/test-kit";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ReportError } from "./errors.js";
import { comparison, signal } from "./example.fixture.js";
import { formatCell } from "./figures.js";
import { escapeHtml } from "./html.js";
import { reportPage } from "./report-page.js";
import { seriesColors } from "./series-style.js";

const empty: ReportData = { title: "Empty", facts: {}, tables: [], plots: [], notes: [] };
const withPlot = (plot: Partial<ReportPlot>): ReportData => ({ ...empty, plots: [{ kind: "line", title: "loss", xLabel: "step", yLabel: "nats", series: [{ name: "eva", x: [1, 2, 3], y: [3, 2, 1] }], ...plot }] });
const parse = (page: string) => parseHTML(page).document;
const hostile = `<script>alert("x")</script><img src=x onerror='alert(1)'>&amp;`;

describe("reportPage", () => {
  it("shows every fact, cell and note, escaped, whatever they are", async () => {
    const text = fc.oneof(fc.string({ unit: "grapheme-ascii", maxLength: 12 }), fc.constantFrom(hostile, "a & b", `"quoted"`, "'"));
    const cell = fc.oneof(text, fc.double({ noNaN: true }), fc.integer(), fc.boolean(), fc.constant(null));
    const table = fc.integer({ min: 1, max: 4 }).chain((width) => fc.record({ title: text, columns: fc.array(text, { minLength: width, maxLength: width }), rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 4 }) }));
    await fc.assert(
      fc.asyncProperty(fc.record({ title: text, facts: fc.dictionary(text, cell, { maxKeys: 3 }), tables: fc.array(table, { maxLength: 2 }), plots: fc.constant([]), notes: fc.array(text, { maxLength: 3 }) }), async (report) => {
        const page = await reportPage(report);
        for (const one of report.tables) for (const row of one.rows) for (const value of row) expect(page).toContain(`>${escapeHtml(formatCell(value))}</t`);
        for (const note of report.notes) expect(page).toContain(`<li>${escapeHtml(note)}</li>`);
        for (const [name, value] of Object.entries(report.facts)) expect(page).toContain(`<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(formatCell(value))}</dd>`);
        expect(page).not.toMatch(/<script|<img/i);
      }),
      { numRuns: 40, seed: 11 },
    );
  });

  it("keeps an injection attempt text, wherever it stands", async () => {
    const report: ReportData = {
      title: hostile,
      facts: { [hostile]: hostile },
      tables: [{ title: hostile, columns: [hostile, hostile], rows: [[hostile, 1]] }],
      plots: (["line", "bar"] as const).map((kind) => ({ kind, title: hostile, xLabel: hostile, yLabel: hostile, series: [hostile, `${hostile}2`].map((name) => ({ name, x: kind === "line" ? [1, 2] : [hostile, "b"], y: [1, 2] })) })),
      notes: [hostile],
    };
    for (const page of [await reportPage(report), await reportPage([report, report, report], { title: hostile, intro: hostile })]) {
      const document = parse(page);
      expect(document.querySelectorAll("script, img").length).toBe(0);
      expect(page).not.toMatch(/<(script|img)/i);
      expect(Array.from(document.querySelectorAll("*")).flatMap((element) => Array.from(element.attributes)).filter(({ name }) => name.startsWith("on"))).toEqual([]);
      expect(document.querySelector("h1")!.textContent).toContain("alert");
    }
  });

  it("draws each plot twice, for wide and for narrow screens, with a title and a description that labels it", async () => {
    const document = parse(await reportPage([comparison, signal]));
    const plots = [...comparison.plots, ...signal.plots];
    expect(document.querySelectorAll("figure").length).toBe(plots.length);
    for (const [i, figure] of Array.from(document.querySelectorAll("figure")).entries()) {
      const drawings = Array.from(figure.querySelectorAll("svg"));
      expect(drawings.map((svg) => svg.parentElement!.className)).toEqual(["wide", "narrow"]);
      for (const svg of drawings) {
        expect(svg.getAttribute("role")).toBe("img");
        expect(document.getElementById(svg.getAttribute("aria-labelledby")!)!.textContent).toBe(plots[i]!.title);
        expect(document.getElementById(svg.getAttribute("aria-describedby")!)!.textContent).toContain(plots[i]!.series[0]!.name);
      }
    }
    const ids = Array.from(document.querySelectorAll("[id]")).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("draws a line a series, a band where there is one, a bar a category", async () => {
    const document = parse(await reportPage(comparison));
    const [loss, ranks] = Array.from(document.querySelectorAll(".wide svg"));
    expect(loss!.querySelectorAll('[aria-label="line"] path').length).toBe(4);
    expect(loss!.querySelectorAll('[aria-label="area"] path').length).toBe(4);
    expect(ranks!.querySelectorAll('[aria-label="bar"] rect').length).toBe(comparison.plots[1]!.series[0]!.x.length);
    expect(Array.from(document.querySelectorAll("figure")).map((figure) => figure.querySelectorAll(".legend li").length)).toEqual([4, 0, 2]);
  });

  it("says which values a logarithmic axis cannot show", async () => {
    const page = await reportPage(withPlot({ yScale: "log", series: [{ name: "loss", x: [1, 2, 3, 4], y: [1, 0.1, 0, -1], low: [0.5, -1, 0, -2], high: [2, 1, 1, 0] }] }));
    expect(page).toContain("Not shown on the logarithmic axis: 2 values that are zero or negative.");
    expect(page).not.toContain("NaN");
    await expect(reportPage(withPlot({ kind: "bar", yScale: "log", series: [{ name: "all zero", x: ["a", "b"], y: [0, 0] }] }))).resolves.toContain("2 values");
  });

  it("survives a single point, equal values, and a bar that goes down", async () => {
    for (const plot of [{ series: [{ name: "one", x: [5], y: [2] }] }, { series: [{ name: "flat", x: [1, 2], y: [3, 3] }] }, { yScale: "log", series: [{ name: "flat", x: [1, 2], y: [3, 3] }] }, { kind: "bar", series: [{ name: "down", x: ["a", "b"], y: [-1, 2] }] }] as Partial<ReportPlot>[]) {
      const page = await reportPage(withPlot(plot));
      expect(page).not.toMatch(/NaN|undefined/);
    }
  });

  it("refers to nothing outside itself", async () => {
    const page = await reportPage([comparison, signal], { intro: "Both." });
    expect(page.match(/https?:\/\/[^"'\s<]*/g)?.filter((url) => url !== "http://www.w3.org/2000/svg") ?? []).toEqual([]);
    expect(page).not.toMatch(/@import|url\(|<link(?! rel="icon" href="data:,">)|src=/);
  });

  it("is the same for the same report, also after JSON", async () => {
    const page = await reportPage(comparison);
    expect(await reportPage(JSON.parse(JSON.stringify(comparison)) as ReportData)).toBe(page);
  });

  it("breaks sentences in cells into lines, and keeps names in one", async () => {
    const because = "at 10^1.5 magnitude 11.15 ± 0.47 %, SynFlow 77.76 ± 2.67 %";
    const claim = "Networks without some blocks are at least as good";
    const page = await reportPage({ title: "t", facts: {}, plots: [], notes: [], tables: [{ title: "claims", columns: ["claim", "here", "because"], rows: [[claim, "true", because], ["short", "false", "so"]] }] });
    expect(page).toContain(`<th scope="row" class="long">${claim}</th><td>true</td><td class="long">${because}</td>`);
    expect(page).toContain('<th scope="row">short</th><td>false</td><td>so</td>');
  });

  it("has table headers with scopes, and one h1", async () => {
    const document = parse(await reportPage(comparison));
    expect(Array.from(document.querySelectorAll("thead th")).every((cell) => cell.getAttribute("scope") === "col")).toBe(true);
    expect(Array.from(document.querySelectorAll("tbody th")).map((cell) => cell.getAttribute("scope"))).toEqual(comparison.tables[0]!.rows.map(() => "row"));
    expect(document.querySelectorAll("h1").length).toBe(1);
  });

  it("has series colours with a contrast of at least 3 to their ground", () => {
    for (const [ground, colors] of [["#fcfcfb", seriesColors.light], ["#15181b", seriesColors.dark]] as const) for (const color of colors) expect(contrast(color, ground), color).toBeGreaterThan(3);
  });

  it.each([
    ["NaN", { y: [1, NaN, 3] }, "NOT_FINITE", /plot "loss", series "eva": `y` must be finite numbers, got NaN at index 1/],
    ["null from JSON", { y: [1, null as unknown as number, 3] }, "NOT_FINITE", /JSON writes NaN and infinity as null/],
    ["an infinite edge", { low: [0, 0, 0], high: [4, Infinity, 4] }, "NOT_FINITE", /`high`.*Infinity at index 1/],
    ["a word on a line's axis", { x: [1, "two", 3] }, "NOT_FINITE", /`x` must be finite numbers, got "two" at index 1/],
    ["unequal lengths", { y: [1, 2] }, "SHAPE_MISMATCH", /`x` has 3 entries, `y` has 2/],
    ["half a band", { low: [0, 0, 0] }, "INVALID_OPTION", /needs both `low` and `high`/],
    ["a band upside down", { low: [5, 0, 0], high: [4, 4, 4] }, "INVALID_OPTION", /`low` is above `high` at index 0 \(5 and 4\)/],
  ] as const)("names plot, series and index for %s", async (_, series, code, message) => {
    const error = await reportPage(withPlot({ series: [{ name: "eva", x: [1, 2, 3], y: [3, 2, 1], ...series }] })).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ReportError);
    expect((error as ReportError).code).toBe(code);
    expect((error as ReportError).message).toMatch(message);
  });

  it("refuses what is no report, an empty list, a plot of nothing, an unknown kind and a ragged table", async () => {
    await expect(reportPage({ loss: 1 } as unknown as ReportData)).rejects.toThrow(/a report has title, facts, tables, plots and notes; got an object with loss/);
    await expect(reportPage([])).rejects.toThrow(/empty/);
    await expect(reportPage(withPlot({ series: [] }))).rejects.toThrow(/nothing to draw/);
    await expect(reportPage(withPlot({ kind: "pie" as "bar" }))).rejects.toThrow(/"line" or "bar", got "pie"/);
    await expect(reportPage({ ...empty, tables: [{ title: "t", columns: ["a", "b"], rows: [[1, 2], [1]] }] })).rejects.toThrow(/table "t": row 1 has 1 cells for 2 columns/);
  });
});

/** WCAG's contrast ratio. */
function contrast(a: string, b: string): number {
  const luminance = (color: string) => {
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

whenChromium("report page", (launch) => {
  describe("the page in Chromium", () => {
    const reports = fileURLToPath(new URL("../../../reports/", import.meta.url));
    const file = `${tmpdir()}/warmstart-report-${process.pid}.html`;
    let browser: Awaited<ReturnType<typeof launch>>;
    beforeAll(async () => {
      mkdirSync(reports, { recursive: true });
      writeFileSync(file, await reportPage([comparison, signal], { title: "Which start gets there first?", intro: "An example of every kind of plot." }));
      browser = await launch();
    });
    afterAll(async () => {
      rmSync(file, { force: true });
      await browser?.close();
    });

    it.each([["light", 1000, "wide"], ["dark", 400, "narrow"]] as const)("shows every plot, asks for nothing and complains of nothing (%s, %i px)", async (colorScheme, width, shown) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      const [requests, complaints]: [string[], string[]] = [[], []];
      page.on("request", (request) => requests.push(request.url()));
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(error.message));
      await page.goto(pathToFileURL(file).href);
      const plots = await page.$$eval(`.${shown} svg`, (drawings) => drawings.map((svg) => ({ box: svg.getBoundingClientRect().toJSON() as DOMRect, ticks: Array.from(svg.querySelectorAll('[aria-label$="tick label"] text')).filter((text) => text.getBoundingClientRect().width > 0).length, font: getComputedStyle(svg).fontSize })));
      expect(plots.length).toBe(comparison.plots.length + signal.plots.length);
      for (const { box, ticks } of plots) {
        expect(box.width).toBeGreaterThan(300);
        expect(box.height).toBeGreaterThan(80);
        expect(ticks).toBeGreaterThanOrEqual(3);
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      const line = await page.$eval('[aria-label="line"] path', (path) => getComputedStyle(path).stroke);
      expect(line).toBe(colorScheme === "light" ? "rgb(0, 114, 178)" : "rgb(90, 180, 238)");
      await page.screenshot({ path: `${reports}report-${colorScheme}-${width}.png`, fullPage: true });
      expect(requests.filter((url) => url !== pathToFileURL(file).href && !url.startsWith("data:"))).toEqual([]);
      expect(complaints).toEqual([]);
      await page.close();
    });

    it("is made in the browser too, with the page's own document and without linkedom", async () => {
      const source = fileURLToPath(new URL(".", import.meta.url));
      const built = await build({
        configFile: false,
        logLevel: "silent",
        plugins: [{ name: "browser-document", enforce: "pre", resolveId: (id) => (id.endsWith("/plot-document.js") ? `${source}plot-document.browser.ts` : undefined) }],
        build: { write: false, minify: false, rollupOptions: { treeshake: false }, lib: { entry: `${source}index.ts`, formats: ["iife"], name: "report" } },
      });
      const code = (built as { output: { code: string }[] }[])[0]!.output[0]!.code;
      expect(code).not.toContain("linkedom");
      const page = await browser.newPage();
      await page.addScriptTag({ content: code });
      const made = await page.evaluate((reportsData) => (globalThis as unknown as { report: { reportPage: typeof reportPage } }).report.reportPage(reportsData), [comparison, signal]);
      const [here, there] = [parse(await reportPage([comparison, signal])), parse(made)];
      expect(there.querySelectorAll("svg").length).toBe(here.querySelectorAll("svg").length);
      const words = (document: Document) => Array.from(document.querySelectorAll("h2, h3, td, th, svg text, svg title, svg desc")).map(({ textContent }) => textContent);
      expect(words(there)).toEqual(words(here));
      await page.close();
    });
  });
});
