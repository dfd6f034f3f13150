// Molecules from their SMILES (Weininger 1988; OpenSMILES): atoms, bonds, rings, hydrogens. What is where in space is not read, nor are several molecules told apart.
import { hashOf } from "./data.js";

export interface Atom {
  readonly element: string;
  readonly aromatic: boolean;
  readonly charge: number;
  /** Hydrogens that are no atoms of the list. */
  readonly hydrogens: number;
  readonly inRing: boolean;
}

export interface Molecule {
  readonly atoms: readonly Atom[];
  /** Each once: its two atoms, and its order (1.5 when aromatic). */
  readonly bonds: readonly (readonly [a: number, b: number, order: number])[];
}

const tokens = /\[\d*(?<symbol>[A-Z][a-z]?|[a-z][a-z]?|\*)(?:@{1,2}(?:(?:TH|AL|SP|TB|OH)\d+)?)?(?<h>H\d*)?(?<charge>[+-]+\d*)?(?::\d+)?\]|(?<organic>Br|Cl|[BCNOPSFIbcnops])|(?<bond>[-=#:$/\\])|(?<ring>%\d\d|\d)|(?<open>\()|(?<close>\))|(?<dot>\.)/uy;
const orders: Readonly<Record<string, number>> = { "-": 1, "/": 1, "\\": 1, "=": 2, "#": 3, $: 4, ":": 1.5 };
/** Valences of atoms that are written without brackets: hydrogens fill up to the next. */
const valences: Readonly<Record<string, readonly number[]>> = { B: [3], C: [4], N: [3, 5], O: [2], P: [3, 5], S: [2, 4, 6], F: [1], Cl: [1], Br: [1], I: [1] };

/** @throws for text that is no SMILES, with the position. */
export function parseSmiles(text: string): Molecule {
  const atoms: { element: string; aromatic: boolean; charge: number; hydrogens: number | undefined }[] = [];
  const bonds: [number, number, number][] = [];
  const branches: number[] = [];
  const rings = new Map<string, { atom: number; order: number | undefined }>();
  let previous = -1;
  let order: number | undefined;
  const bind = (a: number, b: number, given: number | undefined) => bonds.push([a, b, given ?? (atoms[a]!.aromatic && atoms[b]!.aromatic ? 1.5 : 1)]);
  const fail = (what: string): never => {
    throw new Error(`smiles: ${what} in ${text}`);
  };
  tokens.lastIndex = 0;
  while (tokens.lastIndex < text.length) {
    const at = tokens.lastIndex;
    const groups = tokens.exec(text)?.groups ?? fail(`nothing known at ${at}`);
    const symbol = groups.symbol ?? groups.organic;
    if (symbol !== undefined) {
      const aromatic = symbol === symbol.toLowerCase() && symbol !== "*";
      const hydrogens = groups.organic !== undefined ? undefined : groups.h === undefined ? 0 : Number(groups.h.slice(1) || 1);
      atoms.push({ element: symbol[0]!.toUpperCase() + symbol.slice(1), aromatic, charge: chargeOf(groups.charge ?? ""), hydrogens });
      if (previous >= 0) bind(previous, atoms.length - 1, order);
      previous = atoms.length - 1;
      order = undefined;
    } else if (groups.bond !== undefined) order = orders[groups.bond];
    else if (groups.ring !== undefined) {
      const opened = rings.get(groups.ring);
      if (previous < 0) fail(`a ring before any atom at ${at}`);
      if (opened === undefined) rings.set(groups.ring, { atom: previous, order });
      else {
        bind(opened.atom, previous, order ?? opened.order);
        rings.delete(groups.ring);
      }
      order = undefined;
    } else if (groups.open !== undefined) branches.push(previous);
    else if (groups.close !== undefined) previous = branches.pop() ?? fail(`a branch that ends before it began at ${at}`);
    else previous = -1;
  }
  if (rings.size > 0 || branches.length > 0) fail("a ring or branch without end");
  const ringBonds = bondsInRings(atoms.length, bonds);
  // A single bond between two aromatic rings is written like one within.
  const mended = bonds.map(([a, b, o], i) => [a, b, o === 1.5 && !ringBonds[i] ? 1 : o] as const);
  const inRing = new Set(mended.flatMap(([a, b], i) => (ringBonds[i] ? [a, b] : [])));
  const bound = new Float64Array(atoms.length);
  for (const [a, b, o] of mended) for (const atom of [a, b]) bound[atom]! += o === 1.5 ? 1 : o;
  return { atoms: atoms.map((atom, i) => ({ ...atom, hydrogens: atom.hydrogens ?? implied(atom, bound[i]!), inRing: inRing.has(i) })), bonds: mended };
}

const chargeOf = (text: string): number => (text === "" ? 0 : /\d/.test(text) ? Number(text) : text.length * (text[0] === "+" ? 1 : -1));

/** An aromatic atom gives one valence to its ring, where it has one to give. */
function implied({ element, aromatic }: { element: string; aromatic: boolean }, bound: number): number {
  const used = bound + (aromatic ? 1 : 0);
  const next = valences[element]!.find((valence) => valence >= used);
  return next === undefined || (aromatic && element !== "C" && element !== "B") ? 0 : next - used;
}

/** Of each bond, whether it lies in a ring: whether its atoms stay connected without it (Tarjan's bridges). */
function bondsInRings(count: number, bonds: readonly (readonly [number, number, number])[]): boolean[] {
  const around = Array.from({ length: count }, (): [atom: number, bond: number][] => []);
  for (const [i, [a, b]] of bonds.entries()) {
    around[a]!.push([b, i]);
    around[b]!.push([a, i]);
  }
  const [entered, low] = [new Int32Array(count).fill(-1), new Int32Array(count)];
  const inRing = bonds.map(() => true);
  let time = 0;
  const visit = (atom: number, by: number) => {
    entered[atom] = low[atom] = time++;
    for (const [next, bond] of around[atom]!) {
      if (bond === by) continue;
      if (entered[next]! >= 0) low[atom] = Math.min(low[atom]!, entered[next]!);
      else {
        visit(next, bond);
        low[atom] = Math.min(low[atom]!, low[next]!);
        if (low[next]! > entered[atom]!) inRing[bond] = false;
      }
    }
  };
  for (let atom = 0; atom < count; atom++) if (entered[atom]! < 0) visit(atom, -1);
  return inRing;
}

/** A text that is the same for molecules of the same Murcko scaffold (rings and what joins them, elements and bond orders), and for few others. */
export function scaffoldOf({ atoms, bonds }: Molecule): string {
  const alive = new Set(atoms.keys());
  for (let changed = true; changed; ) {
    const degrees = new Int32Array(atoms.length);
    for (const [a, b] of bonds) if (alive.has(a) && alive.has(b)) for (const atom of [a, b]) degrees[atom]!++;
    const ends = [...alive].filter((atom) => degrees[atom]! <= 1);
    for (const atom of ends) alive.delete(atom);
    changed = ends.length > 0;
  }
  const kept = bonds.filter(([a, b]) => alive.has(a) && alive.has(b));
  // Colours that take in more of the surroundings every round (Weisfeiler and Lehman): as many rounds as tell atoms apart in molecules of this size.
  let colours = new Map([...alive].map((atom) => [atom, atoms[atom]!.element]));
  for (let round = 0; round < 8; round++) {
    const heard = new Map([...alive].map((atom) => [atom, [] as string[]]));
    for (const [a, b, order] of kept) {
      heard.get(a)!.push(`${order}${colours.get(b)}`);
      heard.get(b)!.push(`${order}${colours.get(a)}`);
    }
    colours = new Map([...alive].map((atom) => [atom, hashOf(`${colours.get(atom)}(${heard.get(atom)!.toSorted().join()})`).toString(36)]));
  }
  return [...colours.values()].toSorted().join(" ");
}
