// How the convolutions of a model start; whatever else it has starts by Xavier's rule for all of them.
import type * as tf from "@tensorflow/tfjs";
import { fill, glorotUniform, heUniform, initialize } from "@warmstart/init-core";
import { isGraphConvolution, virgo, type Graph } from "@warmstart/gnn-virgo";

export const startNames = ["virgo", "virgo-forward", "virgo-backward", "xavier", "kaiming"] as const;
export type StartName = (typeof startNames)[number];

export const startTitles: Readonly<Record<StartName, string>> = { virgo: "Virgo", "virgo-forward": "VirgoFor", "virgo-backward": "VirgoBack", xavier: "Xavier", kaiming: "Kaiming" };

const modes = { virgo: "harmonic", "virgo-forward": "forward", "virgo-backward": "backward" } as const;

/** What Virgo reads of the data. */
export interface Evidence {
  readonly graph: Graph;
  /** `"nodes width"` row-major. */
  readonly features: Float32Array;
  /** For the last layer of the backward rule: classes, or the width of the last convolution where it does not name classes. */
  readonly numClasses: number;
}

/** Draws the kernels of a built model, all from the seed. Biases stay at 0. */
export async function startModel(model: tf.LayersModel, start: StartName, { graph, features, numClasses }: Evidence, seed: number): Promise<void> {
  const convolutions = new Set(model.layers.filter(isGraphConvolution).map(({ name }) => name));
  const rule = start === "kaiming" ? heUniform() : glorotUniform();
  await initialize(model, fill(({ path, layer }) => (/kernel$/i.test(path) ? (convolutions.has(layer) ? rule : glorotUniform()) : undefined)), { seed });
  if (start in modes) await initialize(model, virgo({ graph, features, numClasses, mode: modes[start as keyof typeof modes] }), { seed });
}
