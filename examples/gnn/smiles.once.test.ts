import { describe, expect, it } from "vitest";
import { parseSmiles, scaffoldOf } from "./smiles.js";

/** Elements, hydrogens, and bonds with their orders. */
const read = (text: string) => {
  const { atoms, bonds } = parseSmiles(text);
  return { elements: atoms.map(({ element }) => element).join(""), hydrogens: atoms.map(({ hydrogens }) => hydrogens), bonds: bonds.map((bond) => bond.join(" ")) };
};

describe("parseSmiles", () => {
  it("reads chains, branches, double and triple bonds", () => {
    expect(read("CC(=O)C#N")).toEqual({ elements: "CCOCN", hydrogens: [3, 0, 0, 0, 0], bonds: ["0 1 1", "1 2 2", "1 3 1", "3 4 3"] });
    expect(read("OS(=O)(=O)Cl")).toEqual({ elements: "OSOOCl", hydrogens: [1, 0, 0, 0, 0], bonds: ["0 1 1", "1 2 2", "1 3 2", "1 4 1"] });
  });

  it("reads rings, aromatic ones, and single bonds between them", () => {
    expect(read("c1ccncc1").hydrogens).toEqual([1, 1, 1, 0, 1, 1]);
    const biphenyl = parseSmiles("c1ccccc1c2ccccc2");
    expect(biphenyl.bonds.filter(([, , order]) => order === 1)).toEqual([[5, 6, 1]]);
    expect(biphenyl.atoms.every(({ inRing }) => inRing)).toBe(true);
    expect(read("C%12CC%12").bonds).toEqual(["0 1 1", "1 2 1", "0 2 1"]);
    expect(parseSmiles("CC1CC1C").atoms.map(({ inRing }) => inRing)).toEqual([false, true, true, true, false]);
    expect(read("c1ccc2ccccc2c1").hydrogens).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 0, 1]); // naphthalene
    expect(read("C=1CC=1").bonds).toEqual(["0 1 1", "1 2 1", "0 2 2"]);
  });

  it("reads brackets: hydrogens, charge, chirality, isotope", () => {
    expect(parseSmiles("[13C@@H](F)([O-])[NH3+]").atoms).toMatchObject([{ element: "C", hydrogens: 1, charge: 0 }, { element: "F", hydrogens: 0 }, { element: "O", hydrogens: 0, charge: -1 }, { element: "N", hydrogens: 3, charge: 1 }]);
    expect(parseSmiles("c1cc[nH]c1").atoms[3]).toMatchObject({ element: "N", aromatic: true, hydrogens: 1 });
    expect(parseSmiles("[Fe++].[Ca+2]").atoms.map(({ charge }) => charge)).toEqual([2, 2]);
  });

  it("says where it cannot go on", () => {
    for (const [text, what] of [["C?C", "nothing known at 1"], ["C1CC", "a ring or branch without end"], ["CC)", "a branch that ends before it began at 2"], ["1CC1", "a ring before any atom at 0"]] as const) expect(() => parseSmiles(text)).toThrow(`smiles: ${what} in ${text}`);
  });
});

describe("scaffoldOf", () => {
  const scaffold = (text: string) => scaffoldOf(parseSmiles(text));

  it("is the same whatever hangs on the rings and however it is written, another for other rings", () => {
    expect(scaffold("CCc1ccc(cc1)Oc1ccccc1")).toBe(scaffold("c1ccc(cc1)Oc1cccc(Cl)c1"));
    for (const other of ["c1ccccc1Nc1ccccc1", "c1ccccc1CCc1ccccc1", "n1ccccc1Oc1ccccc1", "c1ccccc1OC1CCCCC1"]) expect(scaffold(other)).not.toBe(scaffold("c1ccccc1Oc1ccccc1"));
  });

  it("is empty without rings", () => {
    expect(scaffold("CCO")).toBe("");
  });
});
