// Plans as values: made, saved, read back, matched to a model whose automatic names have moved on.
import { packArchive, unpackArchive } from "./archive.js";
import type { Plan, PlanTarget } from "./contract.js";
import { WarmstartError } from "./errors.js";
import type { Network } from "./network.js";
import { createReport, type ReportData } from "./report.js";

/** A plan that owns `tensors` from now on. */
export function createPlan<Details>(plan: Omit<Plan<Details>, "dispose">): Plan<Details> {
  return { ...plan, dispose: () => Object.values(plan.tensors).forEach((tensor) => !tensor.isDisposed && tensor.dispose()) };
}

/**
 * The plan with the details of `method`, for `apply`: a plan that was read from bytes says only at run time whose it is.
 *
 * @throws {WarmstartError} PLAN_MISMATCH when another method made it.
 */
export function expectPlan<Details>(plan: Plan, method: string, caller: string): Plan<Details> {
  if (plan.method !== method) throw new WarmstartError("PLAN_MISMATCH", `${caller}: this plan was made by "${plan.method}", not by "${method}". Apply it with the technique that made it.`, { expected: method, received: plan.method });
  return plan as Plan<Details>;
}

const format = "warmstart-plan";

interface Saved {
  method: string;
  details: unknown;
  targets: readonly PlanTarget[];
  report: ReportData;
}

/**
 * A plan as bytes. Reads every tensor once; the plan stays usable and the caller's.
 *
 * @example
 * await writeFile("eva.plan", await savePlan(plan));
 */
export function savePlan(plan: Plan): Promise<Uint8Array> {
  const saved: Saved = { method: plan.method, details: plan.details, targets: plan.targets, report: plan.report.toJSON() };
  return packArchive(format, saved, plan.tensors);
}

/**
 * The plan in `bytes`; the caller disposes it. With a `network` it is matched to that network's parameters and layers: by path,
 * else by order and shape, since the same code built twice gives other automatic names.
 *
 * @throws {WarmstartError} PLAN_MISMATCH when the bytes are no plan, or the network has other layers than the plan was made for.
 */
export function loadPlan(bytes: Uint8Array, network?: Network): Plan {
  const { meta, tensors } = unpackArchive<Saved>("loadPlan", format, bytes);
  const rename = network === undefined ? new Map<string, string>() : matchTargets(meta.targets, network);
  const { method, details, targets, report } = renamePaths(meta, rename);
  return createPlan({ method, details, targets, tensors: tensors((name) => renamePath(name, rename)), report: createReport(report) });
}

/** Old layer path → new layer path; empty when all paths are there. */
function matchTargets(targets: readonly PlanTarget[], network: Network): Map<string, string> {
  const shapes = new Map(network.parameters.map(({ path, shape }) => [path, shape]));
  const same = (a: readonly number[] | undefined, b: readonly number[]) => a?.length === b.length && a.every((size, axis) => size === b[axis]);
  if (targets.every(({ path, shape }) => same(shapes.get(path), shape))) return new Map();
  const tail = (path: string) => path.slice(path.lastIndexOf("/"));
  const layer = (path: string) => path.slice(0, path.lastIndexOf("/"));
  const rename = new Map<string, string>();
  let next = 0;
  for (const { path, shape, position } of targets) {
    const fits = (index: number) => same(network.parameters[index]!.shape, shape) && tail(network.parameters[index]!.path) === tail(path);
    if (position !== undefined) next = position;
    else while (next < network.parameters.length && !fits(next)) next++;
    const found = next < network.parameters.length && fits(next) ? network.parameters[next] : undefined;
    next++;
    if (found === undefined) {
      throw new WarmstartError("PLAN_MISMATCH", `loadPlan: the plan was made for "${path}" of shape [${shape}], and the network has no such parameter, by path or by order. Load it for the model it was made for.`, { path, shape });
    }
    rename.set(layer(path), layer(found.path));
  }
  return rename;
}

function renamePath(name: string, rename: ReadonlyMap<string, string>): string {
  for (const [from, to] of rename) if (name === from || name.startsWith(`${from}/`)) return to + name.slice(from.length);
  return name;
}

/** Paths stand in plans as keys and as strings. */
function renamePaths<T>(value: T, rename: ReadonlyMap<string, string>): T {
  if (rename.size === 0) return value;
  const walk = (node: unknown): unknown => {
    if (typeof node === "string") return renamePath(node, rename);
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node === "object" && node !== null) return Object.fromEntries(Object.entries(node).map(([key, inner]) => [renamePath(key, rename), walk(inner)]));
    return node;
  };
  return walk(value) as T;
}
