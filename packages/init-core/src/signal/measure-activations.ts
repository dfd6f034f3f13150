import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D } from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";
import type { Network, Site } from "../network.js";
import { siteOutput, unitColumns } from "../site-output.js";
import { meanSquare, readFigures, scaledSquare } from "./mean-square.js";

export interface SiteActivations {
  readonly site: Site;
  readonly input: number | null;
  readonly output: number | null;
  readonly deadInputs: number | null;
}

/** What is kept on the backend for one site until the pass is over; one entry a use of its layer. */
interface Uses {
  readonly inputs: Tensor1D[];
  readonly outputs: Tensor1D[];
  /** Largest magnitude of each unit read. */
  readonly peaks: Tensor1D[];
  readonly sizes: number[];
}

/**
 * One forward pass, and what its sites read and make of it, in the order in which they are met. All figures are read at once.
 *
 * @throws {WarmstartError} NOT_FINITE for the first layer whose input or output has NaN or infinity.
 */
export async function measureActivations(network: Network, batch: Tensor | Tensor[], training: boolean): Promise<SiteActivations[]> {
  const data = new Set([batch].flat().map(({ dataId }) => dataId));
  const usesOf = new Map<Site, Uses>();
  try {
    tf.tidy(() => {
      network.forward(batch, {
        training,
        onInput: (site, input) => {
          const uses = usesOf.get(site) ?? { inputs: [], outputs: [], peaks: [], sizes: [] };
          usesOf.set(site, uses);
          uses.sizes.push(input.size);
          // Token numbers are names: neither their size nor a zero among them means anything.
          if (site.kind !== "embedding") {
            uses.inputs.push(tf.keep(scaledSquare(input)));
            if (!data.has(input.dataId)) uses.peaks.push(tf.keep(tf.max(tf.abs(unitColumns(site, input)), 0) as Tensor1D));
          }
          const output = siteOutput(network, site, input);
          if (output !== undefined) uses.outputs.push(tf.keep(scaledSquare(output)));
        },
      });
    });
    return await read(usesOf);
  } finally {
    for (const { inputs, outputs, peaks } of usesOf.values()) tf.dispose([...inputs, ...outputs, ...peaks]);
  }
}

async function read(usesOf: ReadonlyMap<Site, Uses>): Promise<SiteActivations[]> {
  const shares = [...usesOf.values()].map(({ peaks }) => (peaks.length === 0 ? [] : [deadShare(peaks)]));
  try {
    const figures = await readFigures([...usesOf.values()].flatMap(({ inputs, outputs }, i) => [...inputs, ...outputs, ...shares[i]!]));
    let at = 0;
    const next = (count: number) => figures.slice(at, (at += count));
    const measured: SiteActivations[] = [];
    for (const [i, [site, { inputs, outputs, sizes }]] of [...usesOf].entries()) {
      const input = average(next(inputs.length), sizes);
      const output = average(next(outputs.length), sizes);
      const deadInputs = next(shares[i]!.length)[0]?.[0] ?? null;
      if (input !== null && !Number.isFinite(input)) throw notFinite(`the input of layer "${site.layer}" has`, site, measured);
      if (output !== null && !Number.isFinite(output)) throw notFinite(`the input of layer "${site.layer}" is finite, but its output has`, site, measured);
      measured.push({ site, input, output, deadInputs });
    }
    return measured;
  } finally {
    tf.dispose(shares.flat());
  }
}

/** Over the uses of a shared layer, by their size; null of none. */
function average(figures: readonly number[][], sizes: readonly number[]): number | null {
  if (figures.length === 0) return null;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return figures.reduce((sum, [largest, scaled], i) => sum + (meanSquare(largest!, scaled!) * sizes[i]!) / total, 0);
}

/** A shared layer's unit is dead if it is so in all uses. */
function deadShare(peaks: readonly Tensor1D[]): Tensor1D {
  return tf.tidy(() => tf.reshape(tf.mean(tf.cast(tf.equal(tf.max(tf.stack([...peaks]), 0), 0), "float32")), [1]));
}

function notFinite(what: string, { layer }: Site, before: readonly SiteActivations[]): WarmstartError {
  const hint = before.length === 0 ? "It is the first layer: look at the batch and at its weights" : "The layers before it are fine: look at its weights and at what stands before it";
  return new WarmstartError("NOT_FINITE", `signalReport: ${what} NaN or infinity. ${hint}.`, { layer, before: before.map(({ site, input, output }) => ({ layer: site.layer, input, output })) });
}
