// What the starting values are worth before any training, after section 4 of the specification: how well kernels of one shape or another can be made of the modes by choosing C alone.
import { symmetricEigenHost } from "@warmstart/linalg";
import { expectClose } from "@warmstart/test-kit";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { hostStep } from "./host.fixture.js";
import { mambaInit, s4dInit, s5Init, type S4DStart } from "./index.js";

const times = Array.from({ length: 600 }, (_, i) => i * 0.01);
/** The kernels to be made: a box, a bump, a decay. */
const targets: readonly ((t: number) => number)[] = [(t) => (t >= 1 && t < 2 ? 1 : 0), (t) => Math.exp(-((t - 3) ** 2) / (2 * 0.2 ** 2)), (t) => Math.exp(-t)];

const numbers = <T>(count: number, f: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => f(index));

function inner(x: readonly number[], y: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

/** Relative L2 errors of the best kernels Σ c Re e^{tA} − c' Im e^{tA} by least squares with a ridge of 1e-8 of the mean diagonal. */
function fitErrors({ aRe, aIm }: Pick<S4DStart, "aRe" | "aIm">): number[] {
  const modes = [...aRe.keys()];
  const cosines = modes.map((m) => times.map((t) => Math.exp(t * aRe[m]!) * Math.cos(t * aIm[m]!)));
  const sines = modes.map((m) => times.map((t) => -Math.exp(t * aRe[m]!) * Math.sin(t * aIm[m]!)));
  const basis = aIm.every((w) => w === 0) ? cosines : [...cosines, ...sines];
  const size = basis.length;
  const gram = Float64Array.from({ length: size * size }, (_, i) => inner(basis[Math.floor(i / size)]!, basis[i % size]!));
  const { values, vectors } = symmetricEigenHost(gram, size);
  const ridge = (1e-8 * basis.reduce((sum, b) => sum + inner(b, b), 0)) / size;
  return targets.map((target) => {
    const y = times.map(target);
    const right = basis.map((b) => inner(b, y));
    const rotated = numbers(size, (k) => inner(numbers(size, (i) => vectors[i * size + k]!), right) / (values[k]! + ridge));
    const weights = numbers(size, (i) => inner(numbers(size, (k) => vectors[i * size + k]!), rotated));
    const rest = y.map((value, t) => value - weights.reduce((sum, c, i) => sum + c * basis[i]![t]!, 0));
    return Math.sqrt(inner(rest, rest) / inner(y, y));
  });
}

/** 2 Σ|B̄|²/(1 − |Ā|²): the energy of a kernel with complex-normal C, oracle 7. */
const energy = ({ aRe, aIm, bRe, bIm }: S4DStart, dt: number): number =>
  2 *
  aRe.reduce((sum, re, m) => {
    const { a, b } = hostStep({ re, im: aIm[m]! }, dt, "zoh");
    return sum + ((b.re ** 2 + b.im ** 2) * (bRe[m]! ** 2 + bIm[m]! ** 2)) / (1 - a.re ** 2 - a.im ** 2);
  }, 0);

/** Figures of one start: lowest and highest frequency, energies at three steps, errors of three kernels. */
interface Figures {
  readonly range: readonly number[];
  readonly energies: readonly number[] | undefined;
  readonly errors: readonly number[] | undefined;
}
const figuresOf = (start: S4DStart): Figures => ({
  range: [Math.min(...start.aIm), Math.max(...start.aIm)],
  energies: [0.001, 0.01, 0.1].map((dt) => energy(start, dt)),
  errors: fitErrors(start),
});

/** Medians of nine draws, figure by figure. */
function medians(draw: (seed: number) => S4DStart): Figures {
  const drawn = numbers(9, (seed) => figuresOf(draw(seed)));
  const middle = (read: (figures: Figures) => readonly number[]) => read(drawn[0]!).map((_, i) => drawn.map((figures) => read(figures)[i]!).toSorted((x, y) => x - y)[4]!);
  return { range: middle(({ range }) => range), energies: middle(({ energies }) => energies!), errors: middle(({ errors }) => errors!) };
}

const spectra = ["legs", "inv", "lin", "quad", "inv2", "real"] as const;
const figures = new Map(spectra.map((init) => [init, figuresOf(s4dInit(init))]));

describe("training-free fits of kernels by the modes of N = 64", () => {
  it.each<[(typeof spectra)[number], number[]]>([
    ["legs", [0.136, 0.0077, 0.0003]],
    ["inv", [0.14, 0.0015, 0]],
    ["lin", [0.376, 0.94, 0.242]],
    ["quad", [0.356, 0.758, 0.098]],
    ["inv2", [0.89, 0.975, 0.806]],
    ["real", [0.357, 0.768, 0]],
  ])("%s leave the errors measured with the authors' laws", (init, expected) => {
    expectClose(figures.get(init)!.errors!, expected, 6e-4, 0);
  });

  it("are good for a bump with LegS and Inv alone, which is what the paper's ranking says", () => {
    const bump = (init: (typeof spectra)[number]) => figures.get(init)!.errors![1]!;
    for (const good of ["legs", "inv"] as const) for (const poor of ["lin", "quad", "inv2", "real"] as const) expect(bump(good)).toBeLessThan(bump(poor) / 50);
  });
});

describe("kernel energies", () => {
  it.each<[(typeof spectra)[number], number[]]>([
    ["lin", [0.06398, 0.6232, 1.97474]],
    ["inv", [0.06369, 0.58354, 3.52387]],
  ])("of %s at Δ = 0.001, 0.01, 0.1 are those of the specification", (init, expected) => {
    expectClose(figures.get(init)!.energies!, expected, 6e-6, 0);
  });
});

function table(): string {
  const mamba = mambaInit(1);
  const start = s5Init(1);
  const block = { aRe: start.lambdaRe.slice(0, 16), aIm: start.lambdaIm.slice(0, 16) };
  const rows: [string, string, Figures | undefined, string][] = [
    ["S4D-LegS", '`"legs"`', figures.get("legs"), "the default here; DSS takes its A"],
    ["S4D-Inv", '`"inv"`', figures.get("inv"), "best average of S4D on Long Range Arena"],
    ["S4D-Lin", '`"lin"`', figures.get("lin"), "the authors' minimal file; fails Path-X"],
    ["half Inv, half Lin", '`"diag"`', undefined, "a mixture in the authors' code; a feature has the figures of its half"],
    ["S4D-Quad", '`"quad"`', figures.get("quad"), "ablation"],
    ["S4D-Inv2", '`"inv2"`', figures.get("inv2"), "ablation"],
    ["S4D-Real", '`"real"`', figures.get("real"), "ablation; Mamba with 16 states"],
    ["S4D-Rand", '`"rand"`', medians((seed) => s4dInit("rand", { seed })), "GSS"],
    ["S4D-Inv, random frequencies", '`"inv"`, `imagRandom`', medians((seed) => s4dInit("inv", { imagRandom: true, seed })), "ablation"],
    ["S4D-Lin, random frequencies", '`"lin"`, `imagRandom`', medians((seed) => s4dInit("lin", { imagRandom: true, seed })), "ablation"],
    ["Mamba", "`mambaInit`", { range: [0, 0], energies: undefined, errors: fitErrors({ aRe: mamba.aLog.map((log) => -Math.exp(log)), aIm: new Float64Array(16) }) }, "Mamba: 16 decays, B and C come from the input"],
    ["Mamba-2", "`mamba2Init`", { range: [0, 0], energies: undefined, errors: undefined }, "Mamba-2: one decay a head"],
    ["S5", "`s5Init`", { range: [block.aIm.at(-1)!, block.aIm[0]!], energies: undefined, errors: fitErrors(block) }, "S5: 8 blocks of 32, all alike"],
  ];
  const cell = (values: readonly number[] | undefined, text: (value: number) => string) => values?.map(text).join(" / ") ?? "–";
  const short = (digits: number) => (value: number) => String(Number(value.toPrecision(digits)));
  return [
    "| start | by | Im A | energy | error | used by |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows.map(([name, by, each, use]) => `| ${name} | ${by} | ${each === undefined ? "–" : [...new Set(each.range)].map(short(4)).join(" … ")} | ${cell(each?.energies, short(3))} | ${cell(each?.errors, (value) => value.toFixed(value < 0.1 ? 4 : 3))} | ${use} |`),
  ].join("\n");
}

it("the README's table of starting values holds these figures (UPDATE_README=1 writes it)", () => {
  const path = fileURLToPath(new URL("../README.md", import.meta.url));
  const readme = readFileSync(path, "utf8");
  const marked = /(<!-- starting-values -->\n)[^]*?(<!-- \/starting-values -->)/;
  expect(readme).toMatch(marked);
  const generated = readme.replace(marked, (_, begin: string, end: string) => `${begin}${table()}\n${end}`);
  if (process.env.UPDATE_README === "1") writeFileSync(path, generated);
  else expect(readme).toBe(generated);
});
