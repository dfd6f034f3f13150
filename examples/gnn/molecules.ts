// 1,017 molecules of one series with measured activity against a sodium channel (ChEMBL's document CHEMBL2321810), as the wheel of RDKit has them.
// ChEMBL's data are CC-BY-SA 3.0, so they are read from the wheel, not copied into this repository.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { expectCounts, type GraphsData } from "./data.js";
import { parseSmiles, scaffoldOf, type Atom } from "./smiles.js";

/** How to get the wheel. */
export const moleculesHint = "needs RDKit's wheel: pip download --no-deps rdkit==2026.9.1 -d vendor";

const vendor = fileURLToPath(new URL("../../vendor/", import.meta.url));
const inside = "rdkit/Contrib/FreeWilson/data/CHEMBL2321810";

/**
 * Whether a molecule is more active than half of them are. Bonds are edges, their order is not used. `groups` are Murcko scaffolds: the molecules are of one
 * series, and a random split has near copies of the test's in training. Undefined where there is no wheel in `folder`.
 */
export function molecules(folder = vendor): GraphsData | undefined {
  const wheel = existsSync(folder) ? readdirSync(folder).find((name) => name.startsWith("rdkit-2026.9.1-") && name.endsWith(".whl")) : undefined;
  if (wheel === undefined) return undefined;
  const files = unzipSync(readFileSync(join(folder, wheel)), { filter: ({ name }) => name.startsWith(inside) });
  const rows = (ending: string) => Buffer.from(files[inside + ending]!).toString().trim().split(/\r?\n/);
  const data = readMolecules(rows(".smi"), rows("_act.csv").slice(1));
  expectCounts("rdkit", moleculesHint, { molecules: [data.numGraphs, 1017] });
  return data;
}

/** @param smiles a line a molecule: SMILES and name. @param activities a line a molecule: name and activity. */
export function readMolecules(smiles: readonly string[], activities: readonly string[]): GraphsData {
  const activity = new Map(activities.map((line) => [line.split(",")[0]!, Number(line.split(",")[1])]));
  const known = smiles.map((line) => line.split(" ") as [string, string]).filter(([, name]) => activity.has(name));
  const values = known.map(([, name]) => activity.get(name)!);
  const median = values.toSorted((a, b) => a - b)[values.length >> 1]!;
  const parsed = known.map(([text]) => parseSmiles(text));
  const scaffolds = parsed.map(scaffoldOf);
  const distinct = [...new Set(scaffolds)];
  const first = parsed.map(() => 0);
  for (let i = 1; i < parsed.length; i++) first[i] = first[i - 1]! + parsed[i - 1]!.atoms.length;
  const bonds = parsed.flatMap((molecule, i) => molecule.bonds.map(([a, b]) => [first[i]! + a, first[i]! + b] as const));
  const atoms = parsed.flatMap((molecule) => molecule.atoms);
  const degrees = new Int32Array(atoms.length);
  for (const bond of bonds) for (const atom of bond) degrees[atom]!++;
  return {
    title: "activity of molecules",
    source: "PyPI rdkit 2026.9.1, CHEMBL2321810: ChEMBL, CC-BY-SA 3.0",
    directed: false,
    numNodes: atoms.length,
    src: Int32Array.from(bonds, ([a]) => a),
    dst: Int32Array.from(bonds, ([, b]) => b),
    batch: Int32Array.from(parsed.flatMap((molecule, i) => molecule.atoms.map(() => i))),
    numGraphs: parsed.length,
    features: { values: Float32Array.from(atoms.flatMap((atom, i) => columnsOf(atom, degrees[i]!))), width },
    labels: Int32Array.from(values, (value) => (value >= median ? 1 : 0)),
    classes: ["below the median", "above"],
    groups: Int32Array.from(scaffolds, (scaffold) => distinct.indexOf(scaffold)),
  };
}

const elements = ["C", "N", "O", "F", "S", "Cl", "Br"];
const width = elements.length + 1 + 5 + 4 + 4;

/** One of the elements or another, 0 to 4 bonds, 0 to 3 hydrogens, aromatic, in a ring, positive, negative. */
function columnsOf({ element, aromatic, charge, hydrogens, inRing }: Atom, degree: number): number[] {
  const one = (size: number, at: number) => Array.from({ length: size }, (_, i) => (i === Math.min(at, size - 1) ? 1 : 0));
  return [...one(elements.length + 1, elements.includes(element) ? elements.indexOf(element) : elements.length), ...one(5, degree), ...one(4, hydrogens), ...[aromatic, inRing, charge > 0, charge < 0].map(Number)];
}
