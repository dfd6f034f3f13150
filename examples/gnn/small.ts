// Two graphs of people: a karate club that split in two (Zachary 1977), and who meets whom in Les Misérables (Knuth 1993).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { UndirectedGraph } from "graphology";
import { expectCounts, type NodeData } from "./data.js";

const require = createRequire(import.meta.url);

/** 34 members, 78 friendships, two camps of 17. No features: a column for every node. */
export function karateClub(): NodeData {
  const generate = require("graphology-generators/social/karate-club") as (Graph: typeof UndirectedGraph) => UndirectedGraph;
  const club = generate(UndirectedGraph);
  const names = club.nodes();
  const numbers = new Map(names.map((name, i) => [name, i]));
  const camps = names.map((name) => String(club.getNodeAttribute(name, "club")));
  const classes = [...new Set(camps)];
  expectCounts("graphology-generators", "Install version 0.11.2.", { members: [names.length, 34], friendships: [club.size, 78], camps: [classes.length, 2] });
  const ends = club.edges().map((edge) => [numbers.get(club.source(edge))!, numbers.get(club.target(edge))!] as const);
  return {
    title: "karate club",
    source: "npm graphology-generators 0.11.2, MIT",
    directed: false,
    numNodes: names.length,
    src: Int32Array.from(ends, ([src]) => src),
    dst: Int32Array.from(ends, ([, dst]) => dst),
    labels: Int32Array.from(camps, (camp) => classes.indexOf(camp)),
    classes,
  };
}

/** 77 persons, 254 pairs that share chapters, weighted by how many; 11 groups. No features: a column for every node. */
export function lesMiserables(): NodeData {
  const { nodes, links } = JSON.parse(readFileSync(join(require.resolve("vega-datasets"), "../../data/miserables.json"), "utf8")) as { nodes: { group: number }[]; links: { source: number; target: number; value: number }[] };
  const groups = [...new Set(nodes.map(({ group }) => group))].toSorted((a, b) => a - b);
  expectCounts("vega-datasets", "Install version 3.2.1.", { persons: [nodes.length, 77], pairs: [links.length, 254], groups: [groups.length, 11] });
  return {
    title: "Les Misérables",
    source: "npm vega-datasets 3.2.1, miserables.json",
    directed: false,
    numNodes: nodes.length,
    src: Int32Array.from(links, ({ source }) => source),
    dst: Int32Array.from(links, ({ target }) => target),
    weight: Float64Array.from(links, ({ value }) => value),
    labels: Int32Array.from(nodes, ({ group }) => groups.indexOf(group)),
    classes: groups.map((group) => `group ${group}`),
  };
}
