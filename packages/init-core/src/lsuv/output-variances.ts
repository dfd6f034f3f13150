import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Tensor1D } from "@tensorflow/tfjs-core";
import type { Network, Site } from "../network.js";
import { siteOutput } from "../site-output.js";

/** What passes are made over. */
export interface VarianceSettings {
  readonly network: Network;
  readonly inputs: Tensor | Tensor[];
  readonly supported: (site: Site) => boolean;
  readonly targetVariance: number;
  /** Share of the target by which a variance may be off without being scaled. */
  readonly tolerance: number;
}

export interface SiteVariance {
  /** Of the output, before the kernel was scaled; NaN where it has NaN or infinity. */
  readonly variance: number;
  /** What the kernel was multiplied by: 1 if the variance was right, or zero. */
  readonly factor: number;
  /** How often the layer was met. */
  readonly uses: number;
}

/** Below this share of the largest square a variance is nothing but rounding. */
const rounding = 1e-12;

/**
 * One pass: the variance of each site's output, in the order in which the sites are met.
 *
 * @param uses with it, each kernel is scaled where it stands, so that what follows already sees it scaled: all on the backend,
 *   with one read. It tells how often a layer is met: one applied several times is scaled at its last use, by the variance over
 *   all uses; what stood between sees that in the next pass.
 */
export async function outputVariances(settings: VarianceSettings, uses?: ReadonlyMap<Site, SiteVariance>): Promise<Map<Site, SiteVariance>> {
  const { network, inputs, supported } = settings;
  const outputs = new Map<Site, Tensor[]>();
  const figures = new Map<Site, Tensor1D>();
  try {
    tf.tidy(() => {
      network.forward(inputs, {
        onInput: (site, input) => {
          if (!supported(site)) return;
          const seen = [...(outputs.get(site) ?? []), siteOutput(network, site, input)!];
          outputs.set(site, seen);
          if (uses !== undefined && seen.length < uses.get(site)!.uses) return;
          figures.get(site)?.dispose();
          const figure = measure(seen, settings);
          figures.set(site, tf.keep(figure));
          if (uses !== undefined) site.kernel.variable.assign(tf.mul(site.kernel.variable, tf.slice(figure, 2, 1)));
        },
      });
    });
    return await read(figures, outputs);
  } finally {
    tf.dispose([...figures.values()]);
  }
}

/** `[m, variance of x / m, factor]` with the largest magnitude m: neither a vanishing nor an exploding output leaves float32. */
function measure(outputs: readonly Tensor[], { targetVariance, tolerance }: VarianceSettings): Tensor1D {
  return tf.tidy(() => {
    const x = outputs.length === 1 ? outputs[0]! : tf.concat1d(outputs.map((output) => tf.reshape(output, [-1]) as Tensor1D));
    const largest = tf.max(tf.abs(x));
    const variance = tf.moments(tf.div(x, tf.maximum(largest, 1e-37))).variance as Scalar;
    const factor = tf.div(Math.sqrt(targetVariance), tf.maximum(tf.mul(largest, tf.sqrt(variance)), 1e-37));
    // factor² is target / variance.
    const within = tf.less(tf.abs(tf.sub(tf.div(1, tf.square(factor)), 1)), tolerance);
    const keep = tf.logicalOr(within, tf.lessEqual(variance, rounding));
    return tf.stack([largest, variance, tf.where(keep, tf.onesLike(factor), factor)]) as Tensor1D;
  });
}

async function read(figures: ReadonlyMap<Site, Tensor1D>, outputs: ReadonlyMap<Site, readonly Tensor[]>): Promise<Map<Site, SiteVariance>> {
  if (figures.size === 0) return new Map();
  const joined = tf.concat1d([...figures.values()]);
  try {
    const values = await joined.data();
    return new Map(
      [...figures.keys()].map((site, i) => {
        const [largest, variance, factor] = values.slice(3 * i, 3 * i + 3) as unknown as [number, number, number];
        return [site, { variance: variance <= rounding ? 0 : largest * largest * variance, factor, uses: outputs.get(site)!.length }];
      }),
    );
  } finally {
    joined.dispose();
  }
}
