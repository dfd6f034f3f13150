// Runs data through a network and hands over what the kernels read, batch by batch: the rows live for one batch only.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import type { InitOptions } from "../contract.js";
import { eachBatch, type Data } from "../data.js";
import { WarmstartError } from "../errors.js";
import type { Network, Site } from "../network.js";
import { inputRows } from "./input-rows.js";

export interface ObserveInputsOptions<Batch> extends InitOptions {
  /** Named in errors. */
  readonly caller: string;
  /** Whose inputs are wanted; asked before every batch, so that a site may drop out. The pass stops after the last of them. */
  readonly sites: readonly Site[] | (() => readonly Site[]);
  /** The model's inputs in a batch. Default: the batch itself, or its `xs`. */
  readonly inputs?: (batch: Batch) => Tensor | Tensor[];
  /** Which rows count, `"batch time"` or whatever the leading axes of a site's input are: 1 keeps, 0 drops. Sites with other leading axes keep all. */
  readonly rowMask?: (batch: Batch) => Tensor | undefined;
  readonly maxBatches?: number;
}

/** Rows by `site.input`, `"rows in"`: sites fed by the same tensor have one entry. Valid until `use` has resolved. */
export type InputRows = ReadonlyMap<string, Tensor2D>;

/**
 * Calls `use` with the input rows of one batch after the other, until it returns false, the data end or `maxBatches` are done.
 * Rows are checked: what `use` sees is finite. Evaluation mode: no dropout, no change of batch statistics.
 *
 * @returns how many batches were used.
 * @throws {WarmstartError} NOT_FINITE with layer and batch; INSUFFICIENT_DATA without data; SHAPE_MISMATCH for a batch that does not fit the model.
 */
export function observeInputs<Batch>(network: Network, data: Data<Batch>, options: ObserveInputsOptions<Batch>, use: (rows: InputRows, batch: number) => void | boolean | Promise<void | boolean>): Promise<number> {
  const { caller, signal, maxBatches, inputs = defaultInputs, rowMask, onProgress } = options;
  return eachBatch(data, { caller, signal, maxBatches }, async (batch, index) => {
    const sites = typeof options.sites === "function" ? options.sites() : options.sites;
    const mask = rowMask?.(batch);
    const rows = new Map<string, Tensor2D>();
    let kept: Kept | undefined;
    try {
      kept = mask === undefined ? undefined : await keptRows(mask);
      readRows(network, inputs(batch), sites, kept, rows);
      await checkFinite(rows, sites, index, caller);
      const more = await use(rows, index);
      onProgress?.({ stage: "observing inputs", done: index + 1, ...(maxBatches === undefined || maxBatches === Infinity ? {} : { total: maxBatches }) });
      return more;
    } finally {
      kept?.indices.dispose();
      tf.dispose([...rows.values()]);
    }
  });
}

function defaultInputs(batch: unknown): Tensor | Tensor[] {
  if (batch instanceof tf.Tensor || Array.isArray(batch)) return batch as Tensor | Tensor[];
  const { xs } = batch as { xs?: Tensor | Tensor[] };
  if (xs === undefined) throw new WarmstartError("INVALID_OPTION", `observeInputs: a batch must be a tensor, an array of tensors (one an input) or { xs }; got ${typeof batch} with keys ${Object.keys(batch as object).join(", ")}. Give \`inputs\` to say where the model's inputs are.`);
  return xs;
}

function readRows(network: Network, inputs: Tensor | Tensor[], sites: readonly Site[], kept: Kept | undefined, rows: Map<string, Tensor2D>): void {
  const first = new Map<string, Site>();
  for (const site of sites) if (!first.has(site.input)) first.set(site.input, site);
  tf.tidy(() => {
    network.forward(inputs, {
      until: [...first.values()],
      onInput: (site, input) => {
        if (first.get(site.input) !== site) return;
        const seen = rows.get(site.input);
        const fresh = keep(inputRows(site, input), input, kept);
        // A shared layer is met more than once: its rows are those of all its uses.
        rows.set(site.input, tf.keep(seen === undefined ? fresh : tf.concat([seen, fresh])));
        if (seen !== undefined) seen.dispose();
      },
    });
  });
}

interface Kept {
  readonly shape: readonly number[];
  readonly indices: Tensor1D;
}

async function keptRows(mask: Tensor): Promise<Kept> {
  const values = await mask.data();
  const indices: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) indices.push(i);
  return { shape: mask.shape, indices: tf.tensor1d(indices, "int32") };
}

function keep(rows: Tensor2D, input: Tensor, kept: Kept | undefined): Tensor2D {
  if (kept === undefined) return rows;
  const leading = input.shape.slice(0, -1);
  const fits = leading.length === kept.shape.length && leading.every((size, axis) => size === kept.shape[axis]);
  return fits ? tf.gather(rows, kept.indices) : rows;
}

async function checkFinite(rows: InputRows, sites: readonly Site[], batch: number, caller: string): Promise<void> {
  if (rows.size === 0) return;
  const keys = [...rows.keys()];
  const totals = tf.tidy(() => tf.stack(keys.map((key) => tf.sum(rows.get(key)!))));
  const values = await totals.data();
  totals.dispose();
  const bad = keys.find((_, i) => !Number.isFinite(values[i]));
  if (bad === undefined) return;
  const layer = sites.find((site) => site.input === bad)!.layer;
  throw new WarmstartError("NOT_FINITE", `${caller}: the input of layer "${layer}" has NaN or infinity in batch ${batch}. Look at that batch's data; a NaN there spreads to every later layer.`, { layer, batch });
}
