// Labels, features and weights from named attributes of nodes and edges.
import { WarmstartError } from "@warmstart/init-core";
import { classesOf, type ClassValue } from "./classes.js";
import { malformed, notFinite } from "./errors.js";
import type { GraphData } from "./graph-data.js";

/** Attributes by name, of any type. */
export type Attributes = Readonly<Record<string, unknown>>;

export interface AttributeOptions {
  /** Attribute of edges that is their weight; edges without it weigh 1. Default "weight". */
  readonly weight?: string;
  /** Attribute of nodes that names their class; nodes without it get label -1. Default: no labels. */
  readonly label?: string;
  /** Attributes of nodes that are their features, in this order: numbers, booleans or lists of numbers. Default: no features. */
  readonly features?: readonly string[];
}

/** Labels and features of nodes with these attributes. */
export function nodeData(reader: string, nodes: readonly Attributes[], ids: readonly string[], { label, features }: AttributeOptions): Partial<GraphData> {
  return { ...(label === undefined ? {} : labelsOf(reader, nodes, ids, label)), ...(features === undefined ? {} : featuresOf(reader, nodes, ids, features)) };
}

function labelsOf(reader: string, nodes: readonly Attributes[], ids: readonly string[], name: string): Partial<GraphData> {
  const values = nodes.map((attributes, i) => {
    const value = attributes[name];
    if (value !== null && !["undefined", "string", "number", "boolean"].includes(typeof value)) throw malformed(reader, `the label of a node must be a string, number or boolean, but "${name}" of node "${ids[i]}" is ${JSON.stringify(value)}.`, { node: ids[i] });
    if (Number.isNaN(value)) throw notFinite(reader, `the label "${name}" of node "${ids[i]}" is NaN. Leave the attribute out where the class is not known.`, { node: ids[i] });
    return value as ClassValue;
  });
  requireAttribute(reader, nodes, name);
  return classesOf(values);
}

function featuresOf(reader: string, nodes: readonly Attributes[], ids: readonly string[], names: readonly string[]): Partial<GraphData> {
  for (const name of names) requireAttribute(reader, nodes, name);
  const widths = names.map((name) => {
    const first = nodes[0]![name];
    return Array.isArray(first) ? first.length : 1;
  });
  const numFeatures = widths.reduce((sum, width) => sum + width, 0);
  const features = new Float32Array(nodes.length * numFeatures);
  let next = 0;
  for (const [i, attributes] of nodes.entries()) {
    for (const [k, name] of names.entries()) {
      const value = attributes[name];
      const numbers: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (numbers.length !== widths[k]) throw malformed(reader, `the feature "${name}" must have equally many numbers at every node: ${widths[k]} at node "${ids[0]}", ${numbers.length} at node "${ids[i]}".`, { node: ids[i], name });
      for (const entry of numbers) {
        if (typeof entry !== "number" && typeof entry !== "boolean") throw malformed(reader, `the feature "${name}" must be a number, a boolean or a list of numbers at every node, got ${JSON.stringify(value)} at node "${ids[i]}".`, { node: ids[i], name });
        if (!Number.isFinite(Number(entry))) throw notFinite(reader, `the feature "${name}" of node "${ids[i]}" is ${String(entry)}. Fill in a finite number.`, { node: ids[i], name });
        features[next++] = Number(entry);
      }
    }
  }
  return { features, numFeatures };
}

function requireAttribute(reader: string, nodes: readonly Attributes[], name: string): void {
  if (nodes.some((attributes) => attributes[name] !== undefined && attributes[name] !== null)) return;
  const known = [...new Set(nodes.flatMap((attributes) => Object.keys(attributes)))].slice(0, 10);
  throw new WarmstartError("NO_MATCH", `${reader}: no node has the attribute "${name}". ${known.length === 0 ? "The nodes have none." : `The nodes have ${known.map((each) => `"${each}"`).join(", ")}.`}`, { name, known });
}

/** The weight of an edge, `edge` being how an error calls it. */
export function weightOf(reader: string, attributes: Attributes | undefined, name: string, edge: () => string): number {
  const value = attributes?.[name] ?? 1;
  if (typeof value !== "number") throw malformed(reader, `the weight of an edge must be a number, but "${name}" of ${edge()} is ${JSON.stringify(value)}. Name the attribute that is: \`weight\`.`, { edge: edge(), name });
  if (!Number.isFinite(value)) throw notFinite(reader, `the weight of an edge must be finite, but "${name}" of ${edge()} is ${value}.`, { edge: edge(), name });
  return value;
}
