// A residual block around an S4D layer, as the authors stack them (state-spaces/s4, example.py).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayerVariable, Shape } from "@tensorflow/tfjs-layers";
import { requireChoice } from "../check.js";
import { layerNorm } from "./layer-norm.js";
import { featuresOf, S4D, type S4DLayerArgs } from "./s4d.js";

/** Options of a block: those of the S4D layer, and where it is normalized. */
export interface S4DBlockArgs extends S4DLayerArgs {
  /** Layer normalization over the features, with `gamma` and `beta`. Default "layer". */
  readonly norm?: "layer" | "none";
  /** True: x + f(norm(x)); false: norm(x + f(x)). Default false, as in the authors' example. */
  readonly prenorm?: boolean;
}

/**
 * `"B L H"` → `"B L H"`: norm(x + f(x)), or x + f(norm(x)), with an S4D layer f and dropout after it, tied over time. One layer: its weights are those of {@link S4D}, `gamma "H"` and `beta "H"`.
 */
export class S4DBlock extends S4D {
  static override readonly className = "S4DBlock";
  readonly norm: "layer" | "none";
  readonly prenorm: boolean;
  private scale: { gamma: LayerVariable; beta: LayerVariable } | undefined;

  constructor(args: S4DBlockArgs = {}) {
    super(args);
    this.norm = args.norm ?? "layer";
    this.prenorm = args.prenorm ?? false;
    requireChoice("S4DBlock", "norm", this.norm, ["layer", "none"]);
  }

  override build(inputShape: Shape | Shape[]): void {
    const features = featuresOf(inputShape);
    super.build(inputShape);
    if (this.norm === "none") return;
    tf.tidy(() => {
      this.scale = { gamma: this.addStarted("gamma", tf.ones([features])), beta: this.addStarted("beta", tf.zeros([features])) };
    });
  }

  private normalize(x: Tensor): Tensor {
    return this.scale === undefined ? x : tf.add(tf.mul(layerNorm(x), this.scale.gamma.read()), this.scale.beta.read());
  }

  protected override around(x: Tensor, layer: (x: Tensor) => Tensor, training: boolean): Tensor {
    const inside = (z: Tensor) => (training ? this.drop(layer(z)) : layer(z));
    return this.prenorm ? tf.add(x, inside(this.normalize(x))) : this.normalize(tf.add(x, inside(x)));
  }

  override getConfig() {
    return { ...super.getConfig(), norm: this.norm, prenorm: this.prenorm };
  }
}
