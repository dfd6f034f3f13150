import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import type { Report } from "@warmstart/init-core";
import { reportPage } from "@warmstart/report";
import { whenChromium } from "@warmstart/test-kit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compare } from "./compare.js";
import { demoReport } from "./report.js";
import { tinyMaterial, tinyProtocol } from "./tiny-material.js";

let report: Report;
let page: string;
beforeAll(async () => {
  report = demoReport(await compare(tinyMaterial(), { ...tinyProtocol, steps: 2, seeds: [1, 2] }), { facts: { backend: tf.getBackend() }, protocol: tinyProtocol, notes: ["A tiny model, for a test."] });
  page = await reportPage(report);
}, 120_000);

describe("the demo's page", () => {
  it("needs nothing from elsewhere, and shows table, claims and every plot's title", () => {
    expect(page).not.toMatch(/(?:src|href)="(?!#|data:)/);
    for (const { title } of report.plots) expect(page).toContain(title.replaceAll("'", "&#39;"));
    for (const name of ["full fine-tuning", "LoRA default", "PiSSA", "EVA", "LoRA-SB", "EVA ends below LoRA default"]) expect(page).toContain(name);
  });
});

whenChromium("the demo's page", (launch) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "warmstart-demo-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("opens in Chromium without an error or a request, every plot drawn with lines or bars of some size", async () => {
    const file = join(folder, "demo-report.html");
    await writeFile(file, page);
    const browser = await launch();
    try {
      const tab = await browser.newPage({ viewport: { width: 1100, height: 900 } });
      const said: string[] = [];
      tab.on("console", (message) => said.push(message.text()));
      tab.on("pageerror", (error) => said.push(error.message));
      tab.on("request", (request) => request.url().startsWith("file:") || request.url().startsWith("data:") || said.push(request.url()));
      await tab.goto(pathToFileURL(file).href);
      const plots = await tab.locator("figure").evaluateAll((figures) =>
        figures.map((figure) => {
          const svg = Array.from(figure.querySelectorAll("svg")).toSorted((a, b) => b.getBoundingClientRect().width - a.getBoundingClientRect().width)[0];
          const box = svg?.getBoundingClientRect();
          const marks = Array.from(svg?.querySelectorAll("path, rect") ?? []).filter((mark) => mark.getBoundingClientRect().width > 1);
          return { width: box?.width ?? 0, height: box?.height ?? 0, marks: marks.length };
        }),
      );
      expect(plots).toHaveLength(report.plots.length);
      for (const { width, height, marks } of plots) {
        expect(width).toBeGreaterThan(200);
        expect(height).toBeGreaterThan(100);
        expect(marks).toBeGreaterThan(0);
      }
      expect(said).toEqual([]);
      const shots = fileURLToPath(new URL("../../reports/", import.meta.url));
      await mkdir(shots, { recursive: true });
      await tab.screenshot({ path: join(shots, `demo-report-${tf.getBackend()}.png`), fullPage: true });
    } finally {
      await browser.close();
    }
  });
});
