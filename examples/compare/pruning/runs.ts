// What is run: the lists of each part.
import type { DataName, NetName, Part, Run } from "./results.js";

export const maskMethods = ["random", "ERK", "magnitude", "SNIP", "GraSP", "SynFlow", "FORCE"] as const;
export type MaskMethod = (typeof maskMethods)[number];

/** 10^0.5 to 10^3. */
export const compressions: readonly number[] = [1, 2, 3, 4, 5, 6].map((half) => 10 ** (half / 2));

/** PreCrop against masks with as many weights. */
export const structuredMethods = ["PreCrop", "SynFlow", "SNIP", "ERK"] as const;
/** Multiply-adds, so many times fewer. */
export const savings: readonly number[] = [2, 4, 10];

export const criteria = ["grasp", "snip", "random"] as const;
export type Criterion = (typeof criteria)[number];
/** Of the four blocks that can go, up to half. */
export const removals: readonly number[] = [1, 2];

/** Where each part is run. A chain has no blocks to remove; masks are compared on one network, for the time's sake. */
const netsOf: Readonly<Record<Part, readonly NetName[]>> = { masks: ["conv"], structured: ["conv", "residual"], layers: ["residual"] };

const pairs: Readonly<Record<Part, readonly (readonly [method: string, amount: number])[]>> = {
  masks: compressions.flatMap((amount) => maskMethods.map((method) => [method, amount] as const)),
  structured: savings.flatMap((amount) => structuredMethods.map((method) => [method, amount] as const)),
  layers: removals.flatMap((amount) => criteria.map((method) => [method, amount] as const)),
};

/** Seed by seed, so that one that is stopped has everything with fewer seeds. */
export function runsOf(parts: readonly Part[], data: readonly DataName[], seeds: readonly number[]): Run[] {
  const nets = [...new Set(parts.flatMap((part) => netsOf[part]))];
  return seeds.flatMap((seed) =>
    data.flatMap((name) => [
      ...nets.map((net): Run => ({ part: "dense", data: name, net, method: "dense", amount: 1, seed })),
      ...parts.flatMap((part) => netsOf[part].flatMap((net) => pairs[part].map(([method, amount]): Run => ({ part, data: name, net, method, amount, seed })))),
    ]),
  );
}
