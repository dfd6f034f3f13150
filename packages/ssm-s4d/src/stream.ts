// A recurrence, or a model step by step, as a web stream: chunks of inputs in, chunks of outputs out.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import { WarmstartError } from "@warmstart/init-core";
import type { ModelStream } from "./layers/model-stream.js";
import type { Recurrence } from "./recurrence.js";

export interface S4DStreamOptions {
  /** The recurrence, or the stream of the model, is disposed when the stream ends, fails, is aborted or cancelled (the last two need a platform that knows `cancel` of transformers, as Node does from 20.19 on). Default false: it stays yours, and its state goes on in another stream. */
  readonly dispose?: boolean;
  /** Chunks with NaN or infinity are an error before they reach the state, which would keep them for good. Default false: they are passed on. */
  readonly checkNumerics?: boolean;
}

/**
 * A `TransformStream` from inputs to outputs: every chunk holds any number of steps, `"steps H"` row-major, or `"steps B H"` for B sequences side by side, and gives one Float32Array of the same layout. One step is `step`, more are `run` of a recurrence, one `step` after the other of a model.
 *
 * Chunks are computed one at a time, and not before somebody reads: back-pressure reaches the source. What is streamed must not be stepped elsewhere meanwhile.
 *
 * @param steps of `createRecurrence` or `createModelStream`; not disposed unless `dispose` says so.
 * @returns errors with a WarmstartError SHAPE_MISMATCH for a chunk that is no whole number of steps, NOT_FINITE as `checkNumerics` has it, MODEL_STATE for what is disposed. The state is then that before the chunk.
 *
 * @example
 * const outputs = samples.pipeThrough(s4dStream(await createRecurrence(ssm), { dispose: true }));
 * for await (const y of outputs) console.log(y);
 */
export function s4dStream(steps: Recurrence | ModelStream, { dispose = false, checkNumerics = false }: S4DStreamOptions = {}): TransformStream<ArrayLike<number>, Float32Array> {
  const shape = "run" in steps ? steps.state.re.shape.slice(0, 2) : steps.inputShape;
  const batch = shape[0]!;
  const width = shape.reduce((size, axis) => size * axis, 1);
  const features = width / batch;
  const end = () => {
    if (dispose) steps.dispose();
  };

  async function outputs(chunk: ArrayLike<number>): Promise<Float32Array> {
    if (!Number.isInteger(chunk.length / width)) {
      throw new WarmstartError("SHAPE_MISMATCH", `s4dStream: \`chunk\` must be an array of numbers whose length is a multiple of ${width}, ${batch === 1 ? "" : `${batch} sequences times `}${features} features, got a length of ${chunk.length}. Write whole steps, all features of a step together.`, { length: chunk.length, batch, features });
    }
    const values = Float32Array.from(chunk);
    const bad = checkNumerics ? values.findIndex((value) => !Number.isFinite(value)) : -1;
    if (bad !== -1) {
      throw new WarmstartError("NOT_FINITE", `s4dStream: \`chunk\` must hold finite numbers, got ${values[bad]} at ${bad} (step ${Math.floor(bad / width)}). Replace it, for instance by the value before.`, { value: values[bad], index: bad });
    }
    if (values.length === 0) return values;
    const y = tf.tidy(() => all(steps, tf.tensor(values, [values.length / width, ...shape])));
    try {
      return await y.data<"float32">();
    } finally {
      y.dispose();
    }
  }

  const transformer: Transformer<ArrayLike<number>, Float32Array> & { readonly cancel: () => void } = {
    async transform(chunk, controller) {
      try {
        controller.enqueue(await outputs(chunk));
      } catch (error) {
        end();
        throw error;
      }
    },
    flush: end,
    cancel: end, // in the standard, not yet in TypeScript's types
  };
  return new TransformStream(transformer);
}

/** The outputs of some steps, time first. */
function all(steps: Recurrence | ModelStream, x: Tensor): Tensor {
  if ("run" in steps && x.shape[0]! > 1) return tf.transpose(steps.run(tf.transpose(x, [1, 2, 0]) as Tensor3D), [2, 0, 1]);
  return tf.stack(tf.unstack(x).map((each) => steps.step(each as Tensor2D)));
}
