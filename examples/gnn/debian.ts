// The packages of Debian 12 and what they depend on, as the machine's package lists have them. Facts from the archive; not copied into this repository.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { distinctEdges, expectCounts, hashedWords, type NodeData } from "./data.js";

/** How to get the lists where there is no `apt-cache`. */
export const debianHint = "needs the package lists of Debian 12: run apt-get update on such a machine, or put what `apt-cache dumpavail` prints there into vendor/debian-12-packages.txt";

const frozen = fileURLToPath(new URL("../../vendor/debian-12-packages.txt", import.meta.url));
/** Columns for the words of the descriptions. */
const width = 128;
/** Sections with fewer packages are no class; their packages stay in the graph. */
const enough = 500;

/**
 * All packages; the classes are the sections with 500 or more packages. A message flows from what is needed to what needs it (`directed`), or both ways.
 * Features are words of the one-line description; names and sections are not among them, for they would give the class away.
 */
export function debianPackages(lists: string, directed: boolean): NodeData {
  const packages = parsePackages(lists);
  // Names move with security updates, so the numbers do too.
  expectCounts("debian", debianHint, { packages: [packages.length, 63_000, 64_500] });
  const data = packageGraph(packages, directed, enough);
  expectCounts("debian", debianHint, { dependencies: [data.src.length, 245_000, 252_000], classes: [data.classes.length, 27] });
  return data;
}

interface Package {
  readonly name: string;
  /** Without "contrib/" and the like. */
  readonly section: string;
  readonly description: string;
  /** Names of Depends and Pre-Depends, all alternatives, without versions. */
  readonly needs: readonly string[];
}

/** The graph of these packages; references to packages that are not among them are dropped. */
export function packageGraph(packages: readonly Package[], directed: boolean, least: number): NodeData {
  const numbers = new Map(packages.map(({ name }, i) => [name, i]));
  const pairs = packages.flatMap(({ needs }, i) => needs.flatMap((need) => (numbers.has(need) ? [[numbers.get(need)!, i] as const] : [])));
  const sizes = new Map<string, number>();
  for (const { section } of packages) sizes.set(section, (sizes.get(section) ?? 0) + 1);
  const classes = [...sizes].filter(([, count]) => count >= least).map(([section]) => section).toSorted();
  return {
    ...distinctEdges(packages.length, pairs.map(([src]) => src), pairs.map(([, dst]) => dst), directed),
    title: directed ? "Debian's packages, from what is needed to what needs it" : "Debian's packages",
    source: "apt-cache dumpavail of Debian 12: facts from the archive",
    directed,
    features: hashedWords(packages.map(({ description }) => description), width),
    labels: Int32Array.from(packages, ({ section }) => classes.indexOf(section)),
    classes,
  };
}

/** Of paragraphs of fields; a package that stands there in several versions counts once. */
export function parsePackages(text: string): Package[] {
  const byName = new Map<string, Package>();
  for (const paragraph of text.split(/\n{2,}/)) {
    const fields = new Map<string, string>();
    for (const line of paragraph.replaceAll(/\n[ \t]+/g, " ").split("\n")) {
      const colon = line.indexOf(": ");
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    const name = fields.get("Package");
    if (name === undefined || byName.has(name)) continue;
    const needs = ["Pre-Depends", "Depends"].flatMap((field) => fields.get(field)?.split(/[,|]/) ?? []).map((need) => need.trim().replace(/[\s:(].*$/s, ""));
    byName.set(name, { name, section: (fields.get("Section") ?? "").replace(/^.*\//, ""), description: fields.get("Description") ?? "", needs: needs.filter(Boolean) });
  }
  return [...byName.values()];
}

/** What `apt-cache dumpavail` prints, of the file that is kept or of this machine; undefined where there is neither. */
export function packageLists(): string | undefined {
  if (existsSync(frozen)) return readFileSync(frozen, "utf8");
  const { status, stdout } = spawnSync("apt-cache", ["dumpavail"], { encoding: "utf8", maxBuffer: 1 << 29, stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 && stdout !== "" ? stdout : undefined;
}
