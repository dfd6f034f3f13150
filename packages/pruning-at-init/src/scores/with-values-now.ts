import type { Tensor } from "@tensorflow/tfjs-core";
import type { Network } from "@warmstart/init-core";

/**
 * Runs `f` while some parameters have other values, then restores all of the network, statistics included. Unlike `withValues` of
 * init-core it is synchronous, so that nothing else can run meanwhile and see the values: two plans at a time are safe.
 */
export function withValuesNow<T>(network: Network, values: Readonly<Record<string, Tensor>>, f: () => T): T {
  // A clone shares the buffer; assigning another value to the variable leaves it alive.
  const old = network.parameters.map(({ variable }) => [variable, variable.clone()] as const);
  try {
    for (const { path, variable } of network.parameters) if (values[path] !== undefined) variable.assign(values[path]);
    return f();
  } finally {
    for (const [variable, value] of old) {
      variable.assign(value);
      value.dispose();
    }
  }
}
