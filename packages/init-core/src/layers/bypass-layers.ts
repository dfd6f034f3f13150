// Takes layers out of a model's configuration: whoever read one of them reads what it read instead.
import { WarmstartError } from "../errors.js";

/** A tensor in a configuration: layer, which call of it, which of its outputs, and the keyword arguments of the reader's call. */
type Reference = [layer: string, call: number, output: number, ...kwargs: unknown[]];

interface Node {
  className: string;
  config: Record<string, unknown>;
  name?: string;
  inboundNodes?: Reference[][];
}

type Graph = Record<string, unknown>;

/** Which of its inputs a layer that goes hands on, for each of its outputs. */
type PassOn = (output: number) => number;

/**
 * Removes the layers at the paths of `bypass` from `config`, in place. A reference to one of them becomes the reference to its
 * input of the given number, so that layers which go one after the other are passed as a whole; a nested model that loses
 * all its layers goes too.
 *
 * @throws {WarmstartError} NO_MATCH for a path that is not there; INVALID_OPTION for an input that the layer does not have;
 *   MODEL_STATE when the configuration names a layer that is not in it, or a layer that stays would no longer be read.
 *   Checked before anything is built: tfjs goes round for ever on a name that is missing.
 */
export function bypassLayers(config: Graph | unknown[], bypass: Readonly<Record<string, number>>): void {
  const left = new Set(Object.keys(bypass));
  const passOn = visit(config, "", bypass, left);
  if (left.size > 0) throw new WarmstartError("NO_MATCH", `rewriteModel: the model has no layer ${[...left].map((path) => `"${path}"`).join(", ")} to bypass. Give paths as layersOf lists them.`, { paths: [...left] });
  if (passOn !== undefined) throw new WarmstartError("MODEL_STATE", "rewriteModel: nothing would be left of the model. Bypass fewer layers.");
}

/** Works on one container; says how it passes its inputs on if nothing is left of it. */
function visit(config: Graph | unknown[], prefix: string, bypass: Readonly<Record<string, number>>, left: Set<string>): PassOn | undefined {
  const nodes = (Array.isArray(config) ? config : config.layers) as Node[];
  const gone = new Map<string, PassOn>();
  for (const node of nodes) {
    const name = nameOf(node);
    const path = `${prefix}${name}`;
    const input = bypass[path];
    if (Array.isArray(node.config.layers)) {
      const passOn = visit(node.config, `${path}/`, bypass, left);
      if (passOn !== undefined) gone.set(name, passOn);
    } else if (input !== undefined) {
      left.delete(path);
      checkInput(path, node, input);
      gone.set(name, () => input);
    }
  }
  if (gone.size === 0) return undefined;
  const stay = nodes.filter((node) => !gone.has(nameOf(node)));
  if (!("inboundNodes" in nodes[0]!)) return chain(nodes, stay);
  return rewire(config as Graph, nodes, stay, gone);
}

const nameOf = ({ name, config }: Node): string => name ?? String(config.name);

function checkInput(path: string, { className, inboundNodes }: Node, input: number): void {
  const inputs = className === "InputLayer" ? 0 : Math.min(...(inboundNodes ?? [[null]]).map((call) => call.length));
  if (!Number.isInteger(input) || input < 0 || input >= inputs) {
    throw new WarmstartError("INVALID_OPTION", `rewriteModel: "${path}" has ${inputs} input(s); number ${input} cannot stand for its output.`, { path, inputs, input });
  }
}

/** A Sequential: its first layer carries the shape of the input. */
function chain(nodes: Node[], stay: Node[]): PassOn | undefined {
  const shape = inputShape(nodes[0]!);
  nodes.splice(0, nodes.length, ...stay);
  if (stay.length === 0) return () => 0;
  giveShape(stay[0]!, shape);
  return undefined;
}

const firstOf = ({ config }: Node): Node | undefined => (config.layers as Node[] | undefined)?.[0];
const inputShape = (node: Node): unknown => node.config.batchInputShape ?? (firstOf(node) ? inputShape(firstOf(node)!) : undefined);

function giveShape(node: Node, shape: unknown): void {
  if (firstOf(node)) giveShape(firstOf(node)!, shape);
  else node.config.batchInputShape ??= shape;
}

function rewire(config: Graph, nodes: readonly Node[], stay: Node[], gone: ReadonlyMap<string, PassOn>): PassOn | undefined {
  const byName = new Map(nodes.map((node) => [nameOf(node), node]));
  const resolve = ([name, call, output, ...kwargs]: Reference, reader: string): Reference => {
    const node = byName.get(name);
    if (node === undefined) throw new WarmstartError("MODEL_STATE", `rewriteModel: "${reader}" reads a layer "${name}" that its model does not have.`, { reader, name });
    const passOn = gone.get(name);
    if (passOn === undefined) return [name, call, output, ...kwargs];
    const own = firstOf(node) === undefined ? 0 : 1; // tfjs counts the graph inside a nested model as its call 0
    const [source, sourceCall, sourceOutput] = node.inboundNodes![call - own]![passOn(output)]!;
    return resolve([source, sourceCall, sourceOutput, ...kwargs], reader);
  };
  for (const node of stay) node.inboundNodes = node.inboundNodes!.map((call) => call.map((reference) => resolve(reference, nameOf(node))));
  const outputs = (config.outputLayers as Reference[]).map((reference) => resolve(reference, "the output"));
  config.outputLayers = outputs;
  config.layers = stay;
  requireRead(config, stay, byName);
  if (stay.some(({ className }) => className !== "InputLayer")) return undefined;
  const inputs = (config.inputLayers as Reference[]).map(([name]) => name);
  return (output) => inputs.indexOf(outputs[output]![0]);
}

/** tfjs would create, and forget, a layer from which no output can be reached. */
function requireRead(config: Graph, stay: readonly Node[], byName: ReadonlyMap<string, Node>): void {
  const read = new Set<string>();
  const open = [...(config.outputLayers as Reference[]), ...(config.inputLayers as Reference[])].map(([name]) => name);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (read.has(name)) continue;
    read.add(name);
    open.push(...byName.get(name)!.inboundNodes!.flatMap((call) => call.map(([source]) => source)));
  }
  const unread = stay.map(nameOf).find((name) => !read.has(name));
  if (unread !== undefined) throw new WarmstartError("MODEL_STATE", `rewriteModel: without the bypassed layers nothing reads "${unread}". Bypass it too, or another input.`, { layer: unread });
}
