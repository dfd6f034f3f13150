import type { Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError } from "./errors.js";
import type { Network } from "./network.js";

/**
 * Runs `f` while the named parameters have other values, then restores every parameter of the network, statistics included,
 * also when `f` throws or trains. Copies nothing: the old buffers are kept by reference.
 *
 * @param values by parameter path, each of its parameter's shape; they stay the caller's.
 * @throws {WarmstartError} NO_MATCH for an unknown path, SHAPE_MISMATCH for another shape; nothing was written then.
 */
export async function withValues<T>(network: Network, values: Readonly<Record<string, Tensor>>, f: () => T | Promise<T>): Promise<T> {
  const byPath = new Map(network.parameters.map((parameter) => [parameter.path, parameter]));
  for (const [path, value] of Object.entries(values)) checkValue("withValues", path, value, byPath.get(path)?.shape, [...byPath.keys()]);
  // A clone shares the buffer; assigning another value to the variable leaves it alive.
  const old = network.parameters.map(({ variable }) => [variable, variable.clone()] as const);
  try {
    for (const [path, value] of Object.entries(values)) byPath.get(path)!.variable.assign(value);
    return await f();
  } finally {
    for (const [variable, value] of old) {
      variable.assign(value);
      value.dispose();
    }
  }
}

/** Throws unless `value` fits the parameter at `path`. */
export function checkValue(caller: string, path: string, value: Tensor, shape: readonly number[] | undefined, known: readonly string[]): void {
  if (shape === undefined) {
    throw new WarmstartError("NO_MATCH", `${caller}: the network has no parameter "${path}". Known: ${known.slice(0, 8).join(", ")}${known.length > 8 ? ", …" : ""}.`, { path });
  }
  if (shape.length !== value.shape.length || shape.some((size, axis) => size !== value.shape[axis])) {
    throw new WarmstartError("SHAPE_MISMATCH", `${caller}: parameter "${path}" has shape [${shape}], the value has [${value.shape}].`, { path, expected: shape, received: value.shape });
  }
}
