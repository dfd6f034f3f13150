// Which layers get an adapter, and of what rank: by PEFT's ways of saying it.
import { WarmstartError, type Network, type Site, type SiteKind } from "@warmstart/init-core";
import { matrixShape } from "./adapter.js";

/** A layer's path or last name, or a pattern on its path. */
export type LayerPattern = string | RegExp;

export interface LoraTargetOptions {
  /**
   * Layers by path ("encoder/fc1"), by last name ("fc1"), by pattern, or by role: "dense", "conv2d", "embedding", "all".
   * Default "dense": every dense layer, the output layer included (PEFT's "all-linear" leaves the head out; name it in `excludeLayers`).
   */
  readonly targetLayers?: LayerPattern | readonly LayerPattern[];
  readonly excludeLayers?: LayerPattern | readonly LayerPattern[];
  /** Layers that go on training as a whole beside the adapters, a new head for instance. Everything else is frozen. */
  readonly modulesToSave?: LayerPattern | readonly LayerPattern[];
}

const roles: Readonly<Record<string, readonly SiteKind[]>> = { dense: ["dense"], conv2d: ["conv2d"], embedding: ["embedding"], all: ["dense", "conv2d", "embedding"] };
const adaptable = roles.all!;

/** The chosen sites, in the order of the network. @throws {WarmstartError} NO_MATCH with the nearest names, MODEL_STATE when a chosen layer has an adapter already. */
export function selectSites(network: Network, { targetLayers = "dense", excludeLayers = [], modulesToSave = [] }: LoraTargetOptions, caller: string): Site[] {
  const sites = network.sites.filter(({ kind }) => adaptable.includes(kind));
  const targets = asList(targetLayers);
  for (const pattern of targets) {
    if (sites.some((site) => matchesSite(pattern, site))) continue;
    throw new WarmstartError("NO_MATCH", `${caller}: no layer matches ${show(pattern)} in \`targetLayers\`. ${suggestion(pattern, sites)}`, { pattern: String(pattern), layers: sites.map(({ layer }) => layer) });
  }
  const [excluded, saved] = [asList(excludeLayers), asList(modulesToSave)];
  const chosen = sites.filter((site) => targets.some((pattern) => matchesSite(pattern, site)) && ![...excluded, ...saved].some((pattern) => matchesSite(pattern, site)));
  if (chosen.length === 0) throw new WarmstartError("NO_MATCH", `${caller}: \`excludeLayers\` and \`modulesToSave\` leave no layer of those that \`targetLayers\` chose.`, { layers: sites.map(({ layer }) => layer) });
  const adapted = chosen.find(({ layer }) => network.parameters.some((parameter) => parameter.layer === layer && parameter.path.endsWith("/lora_down")));
  if (adapted !== undefined) throw new WarmstartError("MODEL_STATE", `${caller}: layer "${adapted.layer}" carries an adapter already. Detach it first (detach(model)), or start from the base model.`, { layer: adapted.layer });
  return chosen;
}

function matchesSite(pattern: LayerPattern, { layer, kind }: Site): boolean {
  if (typeof pattern === "string" && roles[pattern]?.includes(kind)) return true;
  return matchesLayer(pattern, layer);
}

/** Whether a pattern names the layer: its path, its last name, the end of its path, or a regular expression on the path. */
export function matchesLayer(pattern: LayerPattern, layer: string): boolean {
  return typeof pattern === "string" ? layer === pattern || layer.endsWith(`/${pattern}`) : pattern.test(layer);
}

/** The value that `rankPattern` or `alphaPattern` has for a layer: the longest key that names it, as a name or as a regular expression on the end of its path. */
export function patternValue(patterns: Readonly<Record<string, number>>, layer: string): number | undefined {
  const key = Object.keys(patterns)
    .filter((name) => matchesLayer(name, layer) || new RegExp(`(^|/)(?:${name})$`).test(layer))
    .toSorted((a, b) => b.length - a.length)[0];
  return key === undefined ? undefined : patterns[key];
}

/** `r`, if the kernel has room for it. @throws {WarmstartError} INVALID_OPTION naming layer, kernel shape and the largest rank. */
export function resolveRank(r: number, site: Site, caller: string): number {
  const { in: rows, out } = matrixShape(site);
  const largest = Math.min(rows, out);
  if (Number.isInteger(r) && r >= 1 && r <= largest) return r;
  throw new WarmstartError("INVALID_OPTION", `${caller}: rank ${r} does not fit layer "${site.layer}" (kernel ${site.kernel.shape.join("×")}): \`r\` must be a whole number from 1 to ${largest}. Lower \`r\`, set it for this layer in \`rankPattern\`, or list the layer in \`excludeLayers\`.`, { layer: site.layer, r, largest });
}

const asList = (patterns: LayerPattern | readonly LayerPattern[]): readonly LayerPattern[] => (Array.isArray(patterns) ? (patterns as readonly LayerPattern[]) : [patterns as LayerPattern]);
const show = (pattern: LayerPattern) => (typeof pattern === "string" ? `"${pattern}"` : String(pattern));

function suggestion(pattern: LayerPattern, sites: readonly Site[]): string {
  if (sites.length === 0) return "The network has no dense, conv2d or embedding layer whose input is visible.";
  const wanted = String(pattern);
  const distance = (layer: string) => Math.min(editDistance(wanted, layer), editDistance(wanted, layer.slice(layer.lastIndexOf("/") + 1)));
  const nearest = sites.map(({ layer }) => layer).toSorted((a, b) => distance(a) - distance(b)).slice(0, 5);
  return `Nearest: ${nearest.join(", ")}.`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
