// Which nodes, links or graphs are for training, for choosing when to stop, and for the test.
import { permutation } from "@warmstart/init-core";
import type { Split } from "./data.js";

/** Shares of everything that has a label (not -1), by chance; the test gets what remains. */
export function randomSplit(labels: Int32Array, shares: { readonly train: number; readonly valid: number }, seed: number): Split {
  const order = permutation(labels.length, seed).filter((i) => labels[i]! >= 0);
  return parted(order, shares);
}

/** So many of each class for training, by chance; all others for the test. */
export function fewOfEachClass(labels: Int32Array, each: number, seed: number): Split {
  const taken = new Map<number, number>();
  const [train, test]: [number[], number[]] = [[], []];
  for (const i of permutation(labels.length, seed)) {
    const label = labels[i]!;
    if (label < 0) continue;
    const count = taken.get(label) ?? 0;
    taken.set(label, count + 1);
    (count < each ? train : test).push(i);
  }
  return { train: Int32Array.from(train), valid: new Int32Array(), test: Int32Array.from(test) };
}

/** Shares of the whole by groups, none of which is torn apart: the largest go to training first (as scaffold splits do), those of one size by chance. */
export function groupedSplit(groups: Int32Array, shares: { readonly train: number; readonly valid: number }, seed: number): Split {
  const members = new Map<number, number[]>();
  for (const i of permutation(groups.length, seed)) members.set(groups[i]!, [...(members.get(groups[i]!) ?? []), i]);
  return parted(Int32Array.from([...members.values()].toSorted((a, b) => b.length - a.length).flat()), shares, (from, to, order) => {
    while (to > from && to < order.length && groups[order[to]!] === groups[order[to - 1]!]) to++;
    return to;
  });
}

function parted(order: Int32Array, { train, valid }: { readonly train: number; readonly valid: number }, end = (_from: number, to: number, _order: Int32Array) => to): Split {
  const first = end(0, Math.round(train * order.length), order);
  const second = end(first, Math.max(first, Math.round((train + valid) * order.length)), order);
  return { train: order.slice(0, first), valid: order.slice(first, second), test: order.slice(second) };
}
