import type { TensorInfo } from "@tensorflow/tfjs-core";

/** What follows a fused product or convolution, row by row: a bias `float32 "n"`, then one of tfjs' fusable activations by number. */
export interface Epilogue {
  readonly bias?: TensorInfo;
  readonly activation: number;
  readonly alpha: number;
}

/** As tfjs numbers them. "prelu" (3) has weights of any shape and stays with the backend. */
const fusableActivations: Readonly<Record<string, number>> = { linear: 0, relu: 1, relu6: 2, leakyrelu: 4, sigmoid: 5, elu: 6 };

/** The epilogue of a fused call whose result has `columns` columns; undefined for what stays with the backend. */
export function epilogueOf(bias: TensorInfo | null | undefined, columns: number, { activation, leakyreluAlpha }: Readonly<Record<string, unknown>>): Epilogue | undefined {
  const number = fusableActivations[String(activation)];
  if (number === undefined || (bias !== undefined && bias !== null && (bias.dtype !== "float32" || bias.shape.length !== 1 || bias.shape[0] !== columns))) return undefined;
  return { ...(bias && { bias }), activation: number, alpha: Number(leakyreluAlpha ?? 0) };
}
