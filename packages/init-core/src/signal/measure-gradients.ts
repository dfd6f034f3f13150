import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Tensor1D, Variable } from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";
import type { Network, Site } from "../network.js";
import type { Loss } from "../observe/gradient-sums.js";
import { meanSquare, readFigures, scaledSquare } from "./mean-square.js";

/**
 * The loss, and the mean square of its gradient by site; sites that the loss does not depend on are left out.
 *
 * @throws {WarmstartError} NOT_FINITE for the loss or the first bad gradient.
 */
export async function measureGradients(network: Network, batch: Tensor | Tensor[], labels: Tensor | Tensor[], loss: Loss, training: boolean): Promise<{ loss: number; bySite: Map<Site, number> }> {
  const variables = network.sites.map(({ kernel }) => kernel.variable as Variable & Tensor);
  const reached: Site[] = [];
  const figures = tf.tidy(() => {
    // The engine reaches frozen weights and leaves out those that the loss does not depend on; tf.variableGrads refuses both.
    const f = () => loss(labels as Tensor, network.forward(batch, { training }) as Tensor);
    const { value, grads } = tf.engine().gradients(f, variables, undefined as unknown as Scalar, true) as { value: Tensor; grads: (Tensor | undefined)[] };
    const squares = grads.flatMap((gradient, i) => {
      if (gradient === undefined) return [];
      reached.push(network.sites[i]!);
      return [scaledSquare(gradient)];
    });
    return [tf.reshape(value, [1]) as Tensor1D, ...squares];
  });
  try {
    const [[value], ...squares] = (await readFigures(figures)) as [[number], ...[number, number][]];
    if (!Number.isFinite(value)) throw new WarmstartError("NOT_FINITE", `signalReport: the loss is ${value}, though every layer measured is finite. Look at the labels, and for a logarithm of zero in the loss.`, { loss: value });
    const bySite = new Map(reached.map((site, i) => [site, meanSquare(...squares[i]!)]));
    for (const [{ path }, square] of bySite) {
      if (!Number.isFinite(square)) throw new WarmstartError("NOT_FINITE", `signalReport: the gradient of "${path}" has NaN or infinity, though every layer measured is finite. Gradients explode on the way back: look at the loss, and scale down the layers behind this one.`, { path });
    }
    return { loss: value, bySite };
  } finally {
    tf.dispose(figures);
  }
}
