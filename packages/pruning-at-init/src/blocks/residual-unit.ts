// One Add of a model: what it adds to what, and whether its branch can be taken out.
import type { LayerCall } from "@warmstart/init-core";
import { activationLayer, lastActivation } from "./activation-of.js";
import type { GraphIndex } from "./graph-index.js";

export interface ResidualUnit {
  readonly add: LayerCall;
  /** Whether both inputs come from one tensor: then the Add belongs to a stage, removable or not. */
  readonly residual: boolean;
  /** Why the branch must stay; undefined when it can go. */
  readonly reason?: string;
  /** Which input of the Add is the identity. */
  readonly shortcut: number;
  /** Branch, Add and the activation that belongs to it, in order of execution; empty when it must stay. */
  readonly calls: readonly LayerCall[];
}

const quoted = (calls: readonly LayerCall[]): string => calls.map(({ path }) => `"${path}"`).join(", ");

/** Looks at one Add; see `findResidualBlocks` for the rules. */
export function residualUnit(graph: GraphIndex, add: LayerCall): ResidualUnit {
  const origins = add.inputs.map(graph.origins);
  const residual = [...origins[0]!].some((tensor) => origins.every((others) => others.has(tensor)));
  const stays = (reason: string): ResidualUnit => ({ add, residual, reason, shortcut: 0, calls: [] });
  if (graph.usesOf(add) > 1) return stays(`its Add layer is applied ${graph.usesOf(add)} times`);
  if (add.inputs.length !== 2) return stays(`it adds ${add.inputs.length} tensors, not two`);
  if (add.inputs[0] === add.inputs[1]) return stays("it adds a tensor to itself");
  if (!residual) return stays("its two inputs have no common origin");
  const shortcut = add.inputs.findIndex((tensor, i) => origins[1 - i]!.has(tensor));
  if (shortcut < 0) return stays(`its shortcut is not the identity: it goes through ${quoted(shorterSide(graph, origins))}`);
  const branch = branchOf(graph, add.inputs[shortcut]!, origins[1 - shortcut]!);
  const reason = whyNot(graph, add, shortcut, branch);
  if (reason !== undefined) return stays(reason);
  return { add, residual, shortcut, calls: [...branch, add, ...ownActivation(graph, add, add.inputs[shortcut]!)] };
}

/** The layers on the way from the common origin that has fewer of them. */
function shorterSide(graph: GraphIndex, origins: readonly ReadonlySet<string>[]): LayerCall[] {
  const sides = origins.map((own, i) => graph.calls.filter(({ outputs }) => outputs.some((tensor) => own.has(tensor) && !origins[1 - i]!.has(tensor))));
  return sides[0]!.length <= sides[1]!.length ? sides[0]! : sides[1]!;
}

/** Everything on the way from the tensor `from` to the tensor whose origins are given. */
function branchOf(graph: GraphIndex, from: string, origins: ReadonlySet<string>): LayerCall[] {
  const followers = graph.followers(from);
  return graph.calls.filter((call) => followers.has(call) && call.outputs.some((tensor) => origins.has(tensor)));
}

function whyNot(graph: GraphIndex, add: LayerCall, shortcut: number, branch: readonly LayerCall[]): string | undefined {
  const from = add.inputs[shortcut]!;
  const [shape, sum] = [add.inputShapes[shortcut]!, add.outputShapes[0]!];
  if (shape.join() !== sum.join()) return `the shapes of its shortcut, [${shape.slice(1)}], and of the sum, [${sum.slice(1)}], differ`;
  const inside = new Set(branch.flatMap(({ outputs }) => outputs));
  const fed = branch.find(({ inputs }) => inputs.some((tensor) => tensor !== from && !inside.has(tensor)));
  if (fed !== undefined) return `"${fed.path}" in its branch also reads from outside the branch`;
  for (const call of branch) {
    if (graph.usesOf(call) > 1) return `"${call.path}" in its branch is applied ${graph.usesOf(call)} times`;
    if (call.outputs.some(graph.isOutput)) return `"${call.path}" in its branch is an output of the model`;
    const reader = call.outputs.flatMap(graph.readersOf).find((other) => other !== add && !branch.includes(other));
    if (reader !== undefined) return `"${call.path}" in its branch is also read by "${reader.path}"`;
  }
  return undefined;
}

const folder = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

/** The activation behind the Add, if it alone reads the sum and the shortcut comes out of the same one: ResNet as first published. */
function ownActivation(graph: GraphIndex, add: LayerCall, shortcut: string): LayerCall[] {
  const [sum] = add.outputs;
  const [reader, ...others] = graph.readersOf(sum!);
  const producer = graph.producerOf(shortcut);
  if (reader === undefined || producer === undefined || others.length > 0 || graph.isOutput(sum!)) return [];
  const activation = activationLayer(reader);
  const belongs = activation !== undefined && activation === lastActivation(producer) && graph.usesOf(reader) === 1 && folder(reader.path) === folder(add.path);
  return belongs ? [reader] : [];
}
