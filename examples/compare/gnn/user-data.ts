// A user's own data in the files of Planetoid (text), OGB or TU, which the package reads: so that who has Cora, ogbn-arxiv or MUTAG repeats the paper.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { fromOGB, fromPlanetoid, fromTU, type GraphData } from "@warmstart/gnn-virgo";
import type { GraphsData, NodeData, Split } from "../../gnn/data.js";
import { graphsProblem } from "../../gnn/graphs-task.js";
import { nodeProblem } from "../../gnn/nodes-task.js";
import { UsageError } from "../options.js";
import type { Problem } from "./problems.js";

/** A graph with classes of nodes, or many with a class each. */
export type UserData = { readonly nodes: NodeData } | { readonly graphs: GraphsData };

/**
 * @param undirected for OGB's data sets that name each edge once though it leads both ways (`add_inverse_edge`).
 * @throws {UsageError} when the folder has none of the three, or no classes.
 */
export function readUserData(folder: string, undirected: boolean): UserData {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new UsageError(`compare: --data is a folder; got ${folder}`);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const filesLike = (pattern: RegExp) => Object.fromEntries(names.filter((name) => pattern.test(name)).map((name) => [name, textOf(`${folder}/${name}`)]));
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name));
  if (has(/\.content$/)) return asUserData(fromPlanetoid(filesLike(/\.(content|cites)$/), { unknown: "drop" }), folder);
  if (has(/_graph_indicator\.txt$/)) return asUserData(fromTU(filesLike(/_\w+\.txt$/)), folder);
  if (has(/(^|\/)edge\.csv(\.gz)?$/)) return asUserData(fromOGB(filesLike(/\.csv(\.gz)?$/), { undirected }), folder);
  throw new UsageError(`compare: --data is a folder with NAME.content and NAME.cites (Planetoid), NAME_A.txt and NAME_graph_indicator.txt (TU), or raw/edge.csv.gz (OGB); ${folder} has ${names.slice(0, 5).join(", ") || "nothing"}`);
}

function textOf(path: string): Uint8Array {
  const bytes = readFileSync(path);
  return path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

function asUserData({ graph, features, numFeatures, labels, graphLabels, numClasses, classNames, splits }: GraphData, folder: string): UserData {
  const known = graphLabels ?? labels;
  if (known === undefined || numClasses < 2) throw new UsageError(`compare: the data in ${folder} have no classes to learn; numbers to be predicted are not compared here`);
  const { numNodes, src, dst, weight } = graph;
  const shared = {
    title: basename(resolve(folder)),
    source: folder,
    numNodes,
    src,
    dst,
    ...(weight === undefined ? {} : { weight }),
    directed: true, // edges that lead both ways are there both ways
    features: features === undefined ? degreeColumns(graph) : { values: features, width: numFeatures },
    labels: known,
    classes: classNames ?? Array.from({ length: numClasses }, (_, i) => `${i}`),
    ...(splits === undefined || splits.train.length === 0 || splits.test.length === 0 ? {} : { split: { train: splits.train, valid: splits.validation, test: splits.test } satisfies Split }),
  };
  return graphLabels === undefined ? { nodes: shared } : { graphs: { ...shared, batch: graph.batch ?? new Int32Array(numNodes), numGraphs: graph.numGraphs } };
}

/** For graphs without features, as is usual for TU's: a column for every number of neighbours up to 63, and one for more. */
function degreeColumns({ numNodes, dst }: { readonly numNodes: number; readonly dst: Int32Array }): { values: Float32Array; width: number } {
  const degrees = new Int32Array(numNodes);
  for (const node of dst) degrees[node]!++;
  const width = Math.min(64, degrees.reduce((most, degree) => Math.max(most, degree), 0)) + 1;
  const values = new Float32Array(numNodes * width);
  for (const [node, degree] of degrees.entries()) values[node * width + Math.min(degree, width - 1)] = 1;
  return { values, width };
}

/** Trained as the small graphs are, a little longer. The split is the data's own, else 60 % for training and 20 % to choose by. */
export function userProblem(folder: string, undirected: boolean): Problem {
  const data = readUserData(folder, undirected);
  const shares = { train: 0.6, valid: 0.2 };
  const course = { hidden: 64, steps: 200, learningRate: 0.01, evaluateEvery: 10 };
  const shared = { graph: basename(resolve(folder)), title: basename(resolve(folder)), course, layers: ["gcn"] as const, seeds: 10 };
  return "nodes" in data
    ? { ...shared, task: "nodes", measure: "accuracy on held-out nodes (%)", load: () => nodeProblem(data.nodes, shares) }
    : { ...shared, task: "graphs", measure: "accuracy on held-out graphs (%)", load: () => graphsProblem(data.graphs, shares, "random") };
}
