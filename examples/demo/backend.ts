// The backend of this process, and why this one.
import * as tf from "@tensorflow/tfjs";
import { useBackend, type BackendChoice } from "@warmstart/init-core";

/**
 * Starts `wanted`, or the best one installed.
 *
 * @throws when `wanted` cannot be had, with the reason: a comparison on another backend than asked for would mislead.
 */
export async function startBackend(wanted?: string): Promise<BackendChoice> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  tf.env().set("PROD", true);
  const choice = await useBackend(wanted === undefined ? {} : { prefer: wanted });
  if (wanted !== undefined && choice.backend !== wanted) throw new Error(`demo: the backend "${wanted}" did not start: ${choice.passedOver.map(({ name, reason }) => `${name}: ${reason}`).join("; ")}`);
  if (tf.getBackend() !== choice.backend) throw new Error(`demo: "${choice.backend}" was chosen, but tfjs uses "${tf.getBackend()}"`);
  return choice;
}

/** Whether WebAssembly is used with the kernels of @warmstart/wasm-training. */
export function hasTrainingKernels({ backend, passedOver }: BackendChoice): boolean {
  return backend === "wasm" && passedOver.every(({ name }) => name !== "@warmstart/wasm-training");
}

/** For the terminal: what was chosen, and each better one with the reason why not. */
export function describeBackend(choice: BackendChoice): string[] {
  const { backend, package: name, passedOver } = choice;
  return [`backend: ${backend} (${name})${hasTrainingKernels(choice) ? ", with the training kernels of @warmstart/wasm-training" : ""}`, ...passedOver.map(({ name: other, reason }) => `  not ${other}: ${reason}`)];
}
