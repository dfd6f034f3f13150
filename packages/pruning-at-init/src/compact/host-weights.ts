// The weights of a model on the host, with what is masked.
import type { Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError, type Network, type Parameter } from "@warmstart/init-core";
import { prunableParameters } from "../scores/prunable.js";

/** A weight's values, and where it stays. */
export interface HostWeight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** 1 where a weight stays; absent where all do. */
  readonly mask?: Uint8Array;
}

export type HostWeights = ReadonlyMap<string, HostWeight>;

/**
 * All weights by path. Without masks every zero of a kernel counts as masked.
 *
 * @throws {WarmstartError} NO_MATCH or SHAPE_MISMATCH for a mask that fits no weight; MODEL_STATE where a masked weight is not zero, or a mask has been disposed.
 */
export async function hostWeights(caller: string, network: Network, masks: Readonly<Record<string, Tensor>> | undefined): Promise<HostWeights> {
  const byPath = new Map(network.parameters.map((parameter) => [parameter.path, parameter]));
  for (const [path, mask] of Object.entries(masks ?? {})) checkMask(caller, path, mask, byPath);
  const zeros = new Set(masks === undefined ? prunableParameters(network, {}, caller) : []);
  const read = async (parameter: Parameter): Promise<[string, HostWeight]> => {
    const { path, shape, variable } = parameter;
    const values = Float32Array.from(await variable.data());
    const given = masks?.[path];
    const mask = given === undefined ? (zeros.has(parameter) ? Uint8Array.from(values, (value) => Number(value !== 0)) : undefined) : Uint8Array.from(await given.data(), (value) => Number(value !== 0));
    const left = mask === undefined ? 0 : values.reduce((count, value, i) => count + Number(mask[i] === 0 && value !== 0), 0);
    if (left > 0) throw new WarmstartError("MODEL_STATE", `${caller}: ${left} weights of "${path}" are not zero although they are masked. Train with the optimizer of \`keep\`, or multiply the weights by the masks first.`, { path, count: left });
    return [path, { shape, values, ...(mask === undefined ? {} : { mask }) }];
  };
  return new Map(await Promise.all(network.parameters.map(read)));
}

function checkMask(caller: string, path: string, { isDisposed, shape: received }: Tensor, byPath: ReadonlyMap<string, Parameter>): void {
  if (isDisposed) throw new WarmstartError("MODEL_STATE", `${caller}: the mask of "${path}" has been disposed. Call ${caller} before \`dispose()\` of what the masks came from, or give clones.`, { path });
  const parameter = byPath.get(path);
  if (parameter === undefined) throw new WarmstartError("NO_MATCH", `${caller}: there is a mask for "${path}", and the model has no such weight. Known: ${[...byPath.keys()].slice(0, 8).join(", ")}. Give the masks of this model, \`pruned.masks\`.`, { path });
  if (parameter.shape.join() !== received.join()) throw new WarmstartError("SHAPE_MISMATCH", `${caller}: the mask of "${path}" has shape [${received}], the weight [${parameter.shape}]. Give the masks of this model, \`pruned.masks\`.`, { path, expected: parameter.shape, received });
}
