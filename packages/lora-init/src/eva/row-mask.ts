import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";

export interface RowMaskOptions {
  /** `"batch time"`, 1 for tokens, 0 for padding. */
  readonly attentionMask?: Tensor;
  /** `"batch time"`; with `useLabelMask`, only positions whose label differs from `labelMaskValue` count. No shift. */
  readonly labels?: Tensor;
  /** Default false: prompt tokens count. */
  readonly useLabelMask?: boolean;
  /** Default -100. */
  readonly labelMaskValue?: number;
}

/**
 * Which positions of a batch of sequences count as rows: not padding, and on request not prompt. `"batch time"`, int32, 1 and 0;
 * undefined when neither mask is given. The caller disposes it. For `eva({ rowMask: (batch) => rowMask(batch) })`.
 */
export function rowMask({ attentionMask, labels, useLabelMask = false, labelMaskValue = -100 }: RowMaskOptions): Tensor | undefined {
  return tf.tidy(() => {
    const attended = attentionMask && tf.notEqual(attentionMask, 0);
    const labelled = useLabelMask && labels ? tf.notEqual(labels, labelMaskValue) : undefined;
    const kept = attended && labelled ? tf.logicalAnd(attended, labelled) : (attended ?? labelled);
    return kept && tf.cast(kept, "int32");
  });
}
