// A stack of graph convolutions of one kind, as deep as one likes, without normalization or short cuts: where the start counts most.
import * as tf from "@tensorflow/tfjs";
import { gatConv, gcnConv, ginConv, sageConv } from "@warmstart/gnn-virgo";

export const layerNames = ["gcn", "sage", "gin", "gat"] as const;
export type LayerName = (typeof layerNames)[number];

export interface Stack {
  readonly layer: LayerName;
  /** Convolutions, the last one too. */
  readonly depth: number;
  /** Features of a node. */
  readonly width: number;
  readonly hidden: number;
  /** Of the last convolution, which has no activation. */
  readonly output: number;
}

/** `"nodes width"` → `"nodes output"`. */
export function buildStack(stack: Stack): tf.Sequential {
  return tf.sequential({ layers: stackOf(stack) });
}

/** Its layers; the last convolution has an activation only if `more` follows it. */
function stackOf({ layer, depth, width, hidden, output }: Stack): tf.layers.Layer[] {
  return Array.from({ length: depth }, (_, i) => {
    const last = i === depth - 1;
    return convolution(layer, hidden, { units: last ? output : hidden, activation: last ? "linear" : "relu", ...(i === 0 ? { inputShape: [width] } : {}) });
  });
}

function convolution(layer: LayerName, hiddenUnits: number, args: { units: number; activation: "linear" | "relu"; inputShape?: number[] }): tf.layers.Layer {
  switch (layer) {
    case "gcn":
      return gcnConv({ ...args, degrees: "both" }); // as Virgo's authors divide; the same as "in" where edges lead both ways
    case "sage":
      return sageConv(args);
    case "gin":
      return ginConv({ ...args, hiddenUnits }); // as wide in the last one: few units with a ReLU soon are 0 for every node
    case "gat":
      return gatConv(args);
  }
}
