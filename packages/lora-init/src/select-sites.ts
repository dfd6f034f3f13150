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

/**
 * The chosen sites, in the order of the network.
 *
 * @throws {WarmstartError} NO_MATCH with the nearest names when a pattern finds nothing, INVALID_OPTION for no pattern at all, MODEL_STATE when the network has adapters already.
 */
export function selectSites(network: Network, { targetLayers = "dense", excludeLayers = [], modulesToSave = [] }: LoraTargetOptions, caller: string): Site[] {
  const sites = network.sites.filter(({ kind }) => adaptable.includes(kind));
  const adapted = network.parameters.find(({ path }) => path.endsWith("/lora_down"));
  if (adapted !== undefined) throw new WarmstartError("MODEL_STATE", `${caller}: layer "${adapted.layer}" carries an adapter already. Detach first (detach(model)), or start from the base model; adapt all layers in one call.`, { layer: adapted.layer });
  const targets = asList(targetLayers);
  if (targets.length === 0) throw new WarmstartError("INVALID_OPTION", `${caller}: \`targetLayers\` is empty. Leave it out to adapt every dense layer, or name the layers.`);
  for (const pattern of targets) {
    if (!sites.some((site) => matchesSite(pattern, site))) throw noMatch(pattern, "targetLayers", sites.map(({ layer }) => layer), caller);
  }
  const excluded = asList(excludeLayers);
  const saved = layersToSave(network, modulesToSave, caller);
  const chosen = sites.filter((site) => targets.some((pattern) => matchesSite(pattern, site)) && !excluded.some((pattern) => matchesSite(pattern, site)) && !saved.includes(site.layer));
  if (chosen.length === 0) throw new WarmstartError("NO_MATCH", `${caller}: \`excludeLayers\` and \`modulesToSave\` leave no layer of those that \`targetLayers\` chose.`, { layers: sites.map(({ layer }) => layer) });
  return chosen;
}

/** Paths of the layers that go on training as a whole. @throws {WarmstartError} NO_MATCH with the nearest names. */
export function layersToSave(network: Network, modulesToSave: LayerPattern | readonly LayerPattern[] = [], caller: string): string[] {
  const layers = [...new Set(network.parameters.map(({ layer }) => layer))];
  const patterns = asList(modulesToSave);
  for (const pattern of patterns) if (!layers.some((layer) => matchesLayer(pattern, layer))) throw noMatch(pattern, "modulesToSave", layers, caller);
  return layers.filter((layer) => patterns.some((pattern) => matchesLayer(pattern, layer)));
}

function matchesSite(pattern: LayerPattern, { layer, kind }: Site): boolean {
  if (typeof pattern === "string" && roles[pattern]?.includes(kind)) return true;
  return matchesLayer(pattern, layer);
}

/** Whether a pattern names the layer: its path, its last name, the end of its path, or a regular expression on the path. */
function matchesLayer(pattern: LayerPattern, layer: string): boolean {
  return typeof pattern === "string" ? layer === pattern || layer.endsWith(`/${pattern}`) : layer.search(pattern) !== -1; // not test(): a global pattern remembers where it was
}

/** The value that `rankPattern` or `alphaPattern` has for a layer: the longest key that names it, as a name or as a regular expression on the end of its path. */
export function patternValue(patterns: Readonly<Record<string, number>>, layer: string): number | undefined {
  const key = Object.keys(patterns)
    .filter((name) => keyMatches(name, layer))
    .toSorted((a, b) => b.length - a.length)[0];
  return key === undefined ? undefined : patterns[key];
}

/** Throws for a key of `rankPattern` or `alphaPattern` that names no layer: a typing error would otherwise go unseen. @throws {WarmstartError} NO_MATCH. */
export function checkPatternKeys(patterns: Readonly<Record<string, number>>, option: string, network: Network, caller: string): void {
  const layers = network.sites.map(({ layer }) => layer);
  for (const key of Object.keys(patterns)) if (!layers.some((layer) => keyMatches(key, layer))) throw noMatch(key, option, layers, caller);
}

function keyMatches(key: string, layer: string): boolean {
  if (matchesLayer(key, layer)) return true;
  try {
    return new RegExp(`(^|/)(?:${key})$`).test(layer);
  } catch {
    return false; // no regular expression, so only a name
  }
}

/** `r`, if the kernel has room for it: both its sides, or its inputs alone. @throws {WarmstartError} INVALID_OPTION naming layer, kernel shape and the largest rank. */
export function resolveRank(r: number, site: Site, caller: string, limit: "both" | "in" = "both"): number {
  const { in: rows, out } = matrixShape(site);
  const largest = limit === "in" ? rows : Math.min(rows, out);
  if (Number.isInteger(r) && r >= 1 && r <= largest) return r;
  throw new WarmstartError("INVALID_OPTION", `${caller}: rank ${r} does not fit layer "${site.layer}" (kernel ${site.kernel.shape.join("×")}): \`r\` must be a whole number from 1 to ${largest}. Lower \`r\`, set it for this layer in \`rankPattern\`, or list the layer in \`excludeLayers\`.`, { layer: site.layer, r, largest });
}

const asList = (patterns: LayerPattern | readonly LayerPattern[]): readonly LayerPattern[] => (Array.isArray(patterns) ? (patterns as readonly LayerPattern[]) : [patterns as LayerPattern]);

function noMatch(pattern: LayerPattern, option: string, layers: readonly string[], caller: string): WarmstartError {
  const wanted = String(pattern);
  const distance = (layer: string) => Math.min(editDistance(wanted, layer), editDistance(wanted, layer.slice(layer.lastIndexOf("/") + 1)));
  const nearest = layers.toSorted((a, b) => distance(a) - distance(b)).slice(0, 5);
  const hint = layers.length === 0 ? "The network has no dense, conv2d or embedding layer whose input is visible." : `Nearest: ${nearest.join(", ")}.`;
  return new WarmstartError("NO_MATCH", `${caller}: no layer matches ${typeof pattern === "string" ? `"${pattern}"` : wanted} in \`${option}\`. ${hint}`, { pattern: wanted, option, layers });
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
