import { createReport, type Cell, type Report, type ReportPlot } from "@warmstart/init-core";
import { deviation, mean, meanText, type Claim } from "../statistics.js";
import type { DataName, NetName, Part, Result } from "./results.js";
import { compressions, criteria, maskMethods, removals, savings, structuredMethods } from "./runs.js";
import { accuracies, amountText, cellOf, layerClaims, maskClaims, structuredClaims } from "./summary.js";

const dataTitles: Readonly<Record<DataName, string>> = { mnist: "MNIST", fashion: "Fashion-MNIST", cifar10: "CIFAR-10" };
const netTitles: Readonly<Record<NetName, string>> = { conv: "chain of convolutions", residual: "residual network" };

interface Section {
  readonly title: string;
  /** The claim in short, of which those of single comparisons are parts. */
  readonly claim: string;
  readonly source: string;
  readonly methods: readonly string[];
  readonly amounts: readonly number[];
  readonly amountLabel: string;
  /** Where an amount lies on the axis of the plot. */
  readonly axis: { readonly label: string; readonly of: (amount: number) => number };
  readonly claims: (results: readonly Result[]) => Claim[];
}

const powers = (label: string) => ({ label: `${label}, power of ten`, of: Math.log10 });

const sections: Readonly<Record<Part, Section>> = {
  masks: { title: "Masks", claim: "Magnitude collapses where SynFlow does not", source: "Tanaka et al. 2020", methods: maskMethods, amounts: compressions, amountLabel: "times fewer weights", axis: powers("times fewer weights"), claims: maskClaims },
  structured: { title: "Fewer channels", claim: "PreCrop at equal budget is at least as good as unstructured masks", source: "Cai et al. 2022", methods: structuredMethods, amounts: savings, amountLabel: "times fewer multiply-adds (PreCrop), as many weights (masks)", axis: powers("times fewer multiply-adds"), claims: structuredClaims },
  layers: { title: "Fewer blocks", claim: "Networks without some blocks are at least as good as the dense one", source: "Jordao et al. 2023", methods: criteria, amounts: removals, amountLabel: "blocks removed", axis: { label: "blocks removed", of: (amount) => amount }, claims: layerClaims },
};

/** The claims first, then each part on each network and data set: tables, plots, and the single comparisons behind the claims. */
export function reportsOf(parts: readonly Part[], steps: number, results: readonly Result[]): Report[] {
  const own = results.filter((result) => result.steps === steps);
  const details = parts.flatMap((part) => {
    const places = [...new Set(own.filter((result) => result.part === part).map(({ data, net }) => `${data} ${net}`))];
    return places.map((place) => {
      const here = own.filter((result) => (result.part === part || result.part === "dense") && `${result.data} ${result.net}` === place);
      return { part, place: placeTitle(here[0]!), here, claims: sections[part].claims(here) };
    });
  });
  return [claimsReport(details), ...details.map(({ part, place, here, claims }) => partReport(sections[part], place, here, claims))];
}

const placeTitle = ({ data, net }: Result): string => `${netTitles[net]} on ${dataTitles[data]}`;

function claimsReport(details: readonly { readonly part: Part; readonly place: string; readonly claims: readonly Claim[] }[]): Report {
  const rows = details.filter(({ claims }) => claims.length > 0).map(({ part, place, claims }) => {
    const held = claims.filter(({ holds }) => holds).length;
    return { row: [sections[part].claim, sections[part].source, place, held === claims.length ? "true" : "false", claims.length === 1 ? claims[0]!.because : `in ${held} of ${claims.length} comparisons`] };
  });
  return createReport({
    title: "The papers' claims",
    tables: [{ title: "Here", columns: ["claim", "source", "network and data", "here", "because"], rows: rows.map(({ row }) => row) }],
    notes: ["“At least as good”: lower by no more than the standard error of the differences between runs of the same seed. A claim is true when it is in all its comparisons. Small networks, few steps: what is true here need not be elsewhere, nor the reverse."],
  });
}

function partReport({ title, methods, amounts, amountLabel, axis }: Section, place: string, results: readonly Result[], claims: readonly Claim[]): Report {
  const dense = cellOf(results, "dense", 1);
  const runs = results.filter(({ part }) => part !== "dense");
  const cells = methods.map((method) => ({ method, cells: amounts.map((amount) => ({ amount, cell: cellOf(runs, method, amount) })) }));
  const cut = cells.map(({ method, cells: row }) => [method, ...row.map(({ cell }) => (cell.length === 0 ? null : `${cell.filter(({ disconnected }) => disconnected).length} of ${cell.length}`))]);
  const anyCut = runs.some(({ disconnected }) => disconnected);
  const columns = ["method", ...amounts.map(amountText)];
  const table = (name: string, text: (cell: readonly Result[]) => Cell) => ({ title: `${name} by ${amountLabel}`, columns, rows: cells.map(({ method, cells: row }) => [method, ...row.map(({ cell }) => (cell.length === 0 ? null : text(cell)))]) });
  return createReport({
    title: `${title}: ${place}`,
    facts: {
      ...(dense.length > 0 ? { "dense network": `${meanText(accuracies(dense), 2)} %`, "kernel weights": dense[0]!.weights, "multiply-adds": dense[0]!.macs, "seconds of training, dense": meanText(dense.map(({ trainingSeconds }) => trainingSeconds), 1) } : {}),
      steps: results[0]!.steps,
      seeds: new Set(runs.map(({ seed }) => seed)).size,
      backend: [...new Set(runs.map(({ backend }) => backend))].join(", "),
      runs: runs.length,
    },
    tables: [
      table("Accuracy (%), mean ± sd,", (cell) => meanText(accuracies(cell), 2)),
      ...(claims.length > 0 ? [{ title: "What is claimed", columns: ["claim", "here", "because"], rows: claims.map(({ claim, holds, because }) => [claim, holds ? "true" : "false", because]) }] : []),
      table("Kernel weights", (cell) => Math.round(mean(cell.map(({ weights }) => weights)))),
      ...(runs.some(({ macs }) => macs !== dense[0]?.macs) ? [table("Multiply-adds", (cell) => Math.round(mean(cell.map(({ macs }) => macs)))), table("Seconds of training", (cell) => meanText(cell.map(({ trainingSeconds }) => trainingSeconds), 1))] : []),
      ...(anyCut ? [{ title: `Seeds with nothing left between inputs and outputs, by ${amountLabel}`, columns, rows: cut }] : []),
    ],
    plots: [accuracyPlot(place, axis, cells, dense)],
    notes: [
      ...claims.filter(({ holds }) => !holds).map(({ claim, because }) => `does not hold here: ${claim} (${because})`),
      "Seconds are as the runs went, perhaps several at a time on one machine: what a step gains is measured in bench/.",
    ],
  });
}

function accuracyPlot(place: string, axis: Section["axis"], rows: readonly { readonly method: string; readonly cells: readonly { readonly amount: number; readonly cell: readonly Result[] }[] }[], dense: readonly Result[]): ReportPlot {
  const curve = (name: string, points: readonly { readonly amount: number; readonly cell: readonly Result[] }[]) => {
    const known = points.filter(({ cell }) => cell.length > 0);
    const centers = known.map(({ cell }) => mean(accuracies(cell)));
    const spreads = known.map(({ cell }) => deviation(accuracies(cell)) || 0);
    return known.length === 0 ? [] : [{ name, x: known.map(({ amount }) => axis.of(amount)), y: centers, low: centers.map((y, i) => y - spreads[i]!), high: centers.map((y, i) => y + spreads[i]!) }];
  };
  const amounts = rows[0]!.cells.map(({ amount }) => amount);
  return {
    kind: "line",
    title: `Accuracy, mean with one standard deviation: ${place}`,
    xLabel: axis.label,
    yLabel: "accuracy (%)",
    series: [...rows.flatMap(({ method, cells }) => curve(method, cells)), ...curve("dense", [amounts[0]!, amounts.at(-1)!].map((amount) => ({ amount, cell: dense })))],
  };
}
