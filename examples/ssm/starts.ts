// The starts that are compared: three that the S4D paper (Gu et al. 2022) finds good, and its ablations.
import type { S4DClassifierArgs } from "@warmstart/ssm-s4d";

export const startNames = ["legs", "inv", "lin", "real", "rand", "random"] as const;
export type StartName = (typeof startNames)[number];

interface Start {
  readonly title: string;
  /** Options of the layers. */
  readonly args: Pick<S4DClassifierArgs, "init" | "realRandom" | "imagRandom">;
}

export const starts: Readonly<Record<StartName, Start>> = {
  legs: { title: "S4D-LegS", args: { init: "legs" } },
  inv: { title: "S4D-Inv", args: { init: "inv" } },
  lin: { title: "S4D-Lin", args: { init: "lin" } },
  /** Decays alone, no frequencies. */
  real: { title: "S4D-Real", args: { init: "real" } },
  /** The authors' `rand`: frequencies that are e to the power of a normal number, decays of 1/2. */
  rand: { title: "S4D-Rand", args: { init: "rand" } },
  /** Frequencies uniform in the range of S4D-Lin, decays uniform between 0 and 1. */
  random: { title: "random A", args: { init: "lin", realRandom: true, imagRandom: true } },
};
