// Another start of the classifier while a network is scored, as in the authors' code of GraSP.
import type { Tensor } from "@tensorflow/tfjs-core";
import { fansOf, randomNormal, subSeed, WarmstartError, type Network, type Parameter } from "@warmstart/init-core";
import { kernelRoles } from "./prunable.js";

/** The dense kernels behind the last kernel of another kind; where all are dense, the last alone. @throws NO_MATCH. */
export function headKernels({ parameters }: Network, caller: string): Parameter[] {
  const kernels = parameters.filter(({ role }) => kernelRoles.includes(role));
  const recurrent = new Set(kernels.flatMap(({ role, layer }) => (role === "recurrent-kernel" ? [layer] : [])));
  const others = kernels.findLastIndex(({ role, shape, layer }) => role !== "kernel" || shape.length !== 2 || recurrent.has(layer));
  const head = others < 0 ? kernels.slice(-1) : kernels.slice(others + 1);
  if (head.length > 0) return head;
  throw new WarmstartError("NO_MATCH", `${caller}: \`reinitHead\` draws the dense layers at the network's end anew, and the last kernel, "${kernels.at(-1)?.path ?? "none"}", is of another kind. Leave \`reinitHead\` out.`, { last: kernels.at(-1)?.path });
}

/** These kernels from Xavier's normal law, variance 2 / (inputs + outputs), by path; the caller disposes them. */
export function drawnHead(network: Network, caller: string, seed: number): Record<string, Tensor> {
  return Object.fromEntries(headKernels(network, caller).map((parameter) => {
    const { path, shape } = parameter;
    const { fanIn, fanOut } = parameter.fans ?? fansOf("kernel", shape)!;
    return [path, randomNormal(shape, { std: Math.sqrt(2 / (fanIn + fanOut)), seed: subSeed(subSeed(seed, "head"), network.parameters.indexOf(parameter)) })];
  }));
}
