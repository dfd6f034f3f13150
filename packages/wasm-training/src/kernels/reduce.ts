import { util, type TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf, type Runtime } from "../runtime.js";

/** The sum over axes, or the mean, of float32, or of any type where there is nothing to sum; `undefined` for the rest. */
export function reduce(runtime: Runtime, x: TensorInfo, axis: number | readonly number[], keepDims: boolean, mean: boolean): TensorInfo | undefined {
  if (x.dtype !== "float32" && sizeOf(x.shape) > 0) return undefined;
  const reduced = new Set(util.parseAxisParam(axis as number[], x.shape));
  const shape = keepDims ? x.shape.map((size, i) => (reduced.has(i) ? 1 : size)) : x.shape.filter((_, i) => !reduced.has(i));
  const count = x.shape.reduce((product, size, i) => (reduced.has(i) ? product * size : product), 1);
  const groups = groupAxes(x.shape, reduced);
  const { module } = runtime;
  const out = runtime.output(shape, mean ? "float32" : x.dtype);
  const size = sizeOf(shape);
  if (size === 0) return out;
  if (count === 0) {
    runtime.floats(runtime.offset(out), size).fill(mean ? NaN : 0);
    return out;
  }
  const steps = groups.flatMap((group, i) => (group.reduced ? [i] : [])).toReversed(); // innermost first
  const divisor = mean ? count : 1;
  if (steps.length === 0) {
    module.sum(runtime.offset(x), runtime.offset(out), sizeOf(x.shape), 1, 1, divisor);
    return out;
  }
  const sizes = groups.map((group) => group.size);
  const run = (from: number, to: number, group: number, by: number) => {
    const axisSize = sizes[group]!;
    sizes[group] = 1;
    module.sum(from, to, sizeOf(sizes.slice(0, group)), axisSize, sizeOf(sizes.slice(group + 1)), by);
  };
  if (steps.length === 1) {
    run(runtime.offset(x), runtime.offset(out), steps[0]!, divisor);
    return out;
  }
  // One group of neighbouring axes after the other, between two blocks of scratch; each step shrinks what is left.
  const room = (sizeOf(x.shape) / sizes[steps[0]!]!) * 4;
  runtime.withScratch(room * 2, (scratch) => {
    let from = runtime.offset(x);
    steps.forEach((group, i) => {
      const final = i === steps.length - 1;
      const to = final ? runtime.offset(out) : scratch + (i % 2) * room;
      run(from, to, group, final ? divisor : 1);
      from = to;
    });
  });
  return out;
}

/** Neighbouring axes that are both kept or both reduced, as one; axes of size 1 belong to either side. */
function groupAxes(shape: readonly number[], reduced: ReadonlySet<number>): { size: number; reduced: boolean }[] {
  const groups: { size: number; reduced: boolean }[] = [];
  shape.forEach((size, i) => {
    if (size === 1) return;
    const last = groups.at(-1);
    if (last !== undefined && last.reduced === reduced.has(i)) last.size *= size;
    else groups.push({ size, reduced: reduced.has(i) });
  });
  return groups;
}
