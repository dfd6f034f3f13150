// The rules of the comparison: one budget for all, and learning rates chosen beforehand (README.md has the table).
export const methodNames = ["full", "kaiming", "pissa", "eva", "lora-sb"] as const;

export type MethodName = (typeof methodNames)[number];

/** As people know them. */
export const titles: Readonly<Record<MethodName, string>> = {
  full: "full fine-tuning",
  kaiming: "LoRA default",
  pissa: "PiSSA",
  eva: "EVA",
  "lora-sb": "LoRA-SB",
};

export interface Protocol {
  /** Optimizer steps of every run. */
  readonly steps: number;
  /** Held-out loss is taken at the start, every so many steps, and at the end. */
  readonly evaluateEvery: number;
  /** Windows a batch. */
  readonly batch: number;
  /** Tokens a window. */
  readonly context: number;
  /** Batches of held-out text, the same ones for every run and every evaluation. */
  readonly heldOutBatches: number;
  /** Of the adapters; full fine-tuning, the reference, is run with the first one alone. */
  readonly seeds: readonly number[];
  readonly targetLayers: RegExp;
  /** Rank of LoRA default, PiSSA and, on average over its layers, EVA. */
  readonly r: number;
  /** Scale `loraAlpha / r` of the same three. */
  readonly loraAlpha: number;
  /** Rank of LoRA-SB, which trains r² numbers a layer. */
  readonly coreRank: number;
  /** At most so many training batches are looked at before training, by EVA (forward) and LoRA-SB (backward). */
  readonly initBatches: number;
  /** Adam's, constant. That of `full` is also the size of the first step that LoRA-SB follows. */
  readonly learningRates: Readonly<Record<MethodName, number>>;
}

/** The demo as it is run by default. */
export const standard: Protocol = {
  steps: 40,
  evaluateEvery: 5,
  batch: 8,
  context: 64,
  heldOutBatches: 4,
  seeds: [1],
  targetLayers: /^block\d+\/(q|k|v|o|fc1|fc2)$/,
  r: 8,
  loraAlpha: 8,
  coreRank: 24,
  initBatches: 8,
  learningRates: { full: 1e-3, kaiming: 1e-2, pissa: 3e-3, eva: 1e-2, "lora-sb": 1e-2 },
};

/** For a quick look, and for CI: shows that all parts work, too short to compare methods. */
export const short: Protocol = { ...standard, steps: 8, evaluateEvery: 4, heldOutBatches: 2, initBatches: 2 };

/** With which seeds a method is run. */
export function seedsOf(method: MethodName, { seeds }: Protocol): readonly number[] {
  return method === "full" ? seeds.slice(0, 1) : seeds;
}
