import type { TensorInfo } from "@tensorflow/tfjs-core";

/** Throws unless the input has this type and shape; a word stands for any size. */
export function expectShape(name: string, input: string, { shape, dtype }: TensorInfo, wantedType: string, wanted: readonly (number | string)[]): void {
  if (dtype === wantedType && shape.length === wanted.length && shape.every((size, i) => typeof wanted[i] === "string" || size === wanted[i])) return;
  throw new Error(`${name}: ${input} must be ${wantedType} [${wanted.join(", ")}], got ${dtype} [${shape.join(", ")}]`);
}
