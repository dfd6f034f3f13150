import type { Runtime } from "./runtime.js";

/** One axis of the result: its size, and how far (in elements) a step along it goes in the source. 0 repeats. */
export interface Axis {
  readonly size: number;
  readonly step: number;
}

const ROW = 0;
const FILL = 1;
const TRANSPOSE = 2;
const STRIDED = 3;

/**
 * Writes to `y`, in order, the elements of `x` that the axes go through (slowest first): a transpose, a tile, a broadcast.
 * Elements are 4 bytes. Axes that continue each other are joined, and the innermost block is chosen: a row copied or filled,
 * or a rectangle turned in the registers.
 */
export function stridedCopy(runtime: Runtime, x: number, y: number, axes: readonly Axis[]): void {
  const joined = join(axes);
  const own: (Axis & { stepY: number })[] = [];
  let stepY = 1;
  for (const axis of joined.toReversed()) {
    own.unshift({ ...axis, stepY });
    stepY *= axis.size;
  }
  const last = own.pop() ?? { size: 1, step: 1, stepY: 1 };
  let block = { mode: last.step === 1 ? ROW : last.step === 0 ? FILL : STRIDED, p: last.size, q: 1, rowX: last.step * 4, rowY: 0 };
  const side = own.findLastIndex(({ step, size }) => step === 1 && size > 1);
  if (block.mode === STRIDED && side >= 0) {
    const [across] = own.splice(side, 1);
    block = { mode: TRANSPOSE, p: last.size, q: across!.size, rowX: last.step * 4, rowY: across!.stepY * 4 };
  }
  runtime.withScratch(Math.max(1, own.length) * 16, (table) => {
    runtime.ints(table, own.length * 4).set(own.flatMap(({ size, step, stepY }) => [size, step * 4, stepY * 4, 0]));
    runtime.module.stridedCopy(table, own.length, block.mode, x, y, block.p, block.q, block.rowX, block.rowY);
  });
}

/** Without axes of size 1, and with those as one that step through the source like one. */
export function join(axes: readonly Axis[]): Axis[] {
  const out: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const before = out.at(-1);
    if (before !== undefined && before.step === axis.step * axis.size) out[out.length - 1] = { size: before.size * axis.size, step: axis.step };
    else out.push({ size: axis.size, step: axis.step });
  }
  return out;
}

/** Row-major steps of a shape, in elements. */
export function stepsOf(shape: readonly number[]): number[] {
  const steps: number[] = [];
  let step = 1;
  for (const size of shape.toReversed()) {
    steps.unshift(step);
    step *= size;
  }
  return steps;
}
