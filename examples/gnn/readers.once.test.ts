import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { distinctEdges, expectCounts, hashedWords } from "./data.js";
import { debianPackages, packageGraph, parsePackages } from "./debian.js";
import { flights } from "./flights.js";
import { molecules, readMolecules } from "./molecules.js";
import { karateClub, lesMiserables } from "./small.js";
import { wordnet, wordnetHypernyms, wordnetLinks } from "./wordnet.js";

describe("WordNet", () => {
  it("has the synsets of a topic, each relation once, and words of the glosses", () => {
    const data = wordnet();
    expect([data.numNodes, data.src.length, data.classes.length, data.features!.width]).toEqual([117_791, 184_083, 45, 128]);
    // The first noun, "entity", with the gloss "that which is perceived …": noun.Tops.
    expect(data.classes[data.labels[0]!]).toBe("noun.Tops");
    expect([...data.features!.values.subarray(0, 128)].reduce((sum, value) => sum + value, 0)).toBeGreaterThan(5);
  });

  it("leads from general to particular: every noun but the roots is heard from above", () => {
    const { numNodes, src, dst } = wordnetHypernyms();
    const [hasAbove, hasBelow] = [new Set(dst), new Set(src)];
    expect([...Array(numNodes).keys()].filter((i) => !hasAbove.has(i))).toEqual([0]); // "entity" alone
    expect(hasBelow.size).toBeLessThan(numNodes / 4);
  });

  it("has links of 18 kinds, none the opposite of another", () => {
    const { from, kind, to, kinds } = wordnetLinks();
    expect(kinds).toHaveLength(18);
    const triples = new Set(Array.from(from, (a, i) => `${a} ${kind[i]} ${to[i]}`));
    expect(triples.size).toBe(from.length);
    expect([...from.keys()].every((i) => from[i] !== to[i] && !triples.has(`${to[i]} ${kind[i]} ${from[i]}`))).toBe(true);
  });
});

const lists = `Package: a
Section: contrib/libs
Depends: b (>= 1.0) | c:any, d
Pre-Depends: gone
Description: the first library

Package: b
Section: doc
Description: papers of the first
 go on here

Package: b
Section: libs
Depends: a
Description: another version

Package: c
Section: libs
Depends: a, a (<< 2)
Description: Second library
`;

describe("Debian's packages", () => {
  it("are read with alternatives, without versions, and once each", () => {
    expect(parsePackages(lists)).toEqual([
      { name: "a", section: "libs", description: "the first library", needs: ["gone", "b", "c", "d"] },
      { name: "b", section: "doc", description: "papers of the first go on here", needs: [] },
      { name: "c", section: "libs", description: "Second library", needs: ["a", "a"] },
    ]);
  });

  it("become a graph from what is needed to what needs it, small sections without a class", () => {
    const data = packageGraph(parsePackages(lists), true, 2);
    expect([...data.src].map((src, e) => [src, data.dst[e]])).toEqual([[1, 0], [2, 0], [0, 2]]);
    expect([[...data.labels], data.classes]).toEqual([[0, -1, 0], ["libs"]]);
    expect(packageGraph(parsePackages(lists), false, 2).src).toHaveLength(2);
  });

  it("are refused where the lists are of something else", () => {
    expect(() => debianPackages(lists, true)).toThrow("debian: expected 63000 to 64500 packages, found 3");
  });
});

describe("flights", () => {
  it("have their airports' places as features, near ones more alike than far ones", () => {
    const { numNodes, from, features } = flights();
    expect([numNodes, from.length, features.width]).toEqual([305, 5366, 48]);
    expect(features.values.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(features.values[0]).toBeCloseTo(1); // the first airport is the first place
  });
});

describe("the small graphs", () => {
  it("have their classes", () => {
    expect([karateClub(), lesMiserables()].map(({ numNodes, src, classes, labels }) => [numNodes, src.length, classes.length, new Set(labels).size])).toEqual([[34, 78, 2, 2], [77, 254, 11, 11]]);
    expect(Math.max(...lesMiserables().weight!)).toBe(31); // Valjean and Cosette
  });
});

describe("molecules", () => {
  // Toluene, phenol, cyclohexanol, a salt.
  const smiles = ["Cc1ccccc1 t", "Oc1ccccc1 p", "OC1CCCCC1 c", "[Na+].[Cl-] s"];

  it("have a label by the median, a group by the scaffold, and columns that say what an atom is", () => {
    const { src, batch, numGraphs, features, labels, groups } = readMolecules(smiles, ["t,1", "p,2", "c,3", "s,4", "unknown,5"]);
    expect([[...labels], [...groups!]]).toEqual([[0, 0, 1, 1], [0, 0, 1, 2]]);
    expect([numGraphs, [...batch].join(""), src.length]).toEqual([4, "00000001111111222222233", 21]);
    // CH3: carbon, one bond, three hydrogens; Na+: none of the elements, no bond, no hydrogen, positive
    const row = (atom: number) => [...features.values.subarray(atom * features.width, (atom + 1) * features.width)];
    expect(row(0)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect(row(21)).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
  });

  it("come from a wheel, and are left out without one", () => {
    const folder = mkdtempSync(join(tmpdir(), "wheel-"));
    expect(molecules(folder)).toBeUndefined();
    const path = "rdkit/Contrib/FreeWilson/data/CHEMBL2321810";
    writeFileSync(join(folder, "rdkit-2026.9.1-cp311.whl"), zipSync({ [`${path}.smi`]: strToU8(smiles.join("\n")), [`${path}_act.csv`]: strToU8("Name,Act\nt,1\np,2") }));
    expect(() => molecules(folder)).toThrow("rdkit: expected 1017 molecules, found 2");
    rmSync(folder, { recursive: true });
  });
});

describe("what the readers share", () => {
  it("counts each edge once, there and back as one where the direction means nothing", () => {
    const ends = (directed: boolean) => [...distinctEdges(3, [0, 1, 1, 0, 2], [1, 0, 1, 1, 0], directed).src];
    expect([ends(true), ends(false)]).toEqual([[0, 1, 2], [0, 2]]);
  });

  it("puts words into columns whatever their case, short ones into none", () => {
    const { values } = hashedWords(["Entity, of a kind", "kind ENTITY", "of"], 16);
    const rows = [0, 1, 2].map((i) => [...values.subarray(16 * i, 16 * i + 16)]);
    expect(rows[0]).toEqual(rows[1]);
    expect(rows.map((row) => row.reduce((sum, value) => sum + value, 0) > 0)).toEqual([true, true, false]);
  });

  it("names every count that is off", () => {
    expect(() => expectCounts("x", "Install y.", { nodes: [1, 2], edges: [3, 1, 2], fine: [5, 5] })).toThrow("x: expected 2 nodes, found 1; expected 1 to 2 edges, found 3. Install y.");
  });
});
