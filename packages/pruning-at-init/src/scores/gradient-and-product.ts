// The summed gradient g of all batches, and the sum of each batch's Hessian times g.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { hessianGradientProduct, hessianVectorProduct } from "@warmstart/gradients";
import type { Data, LabelledBatch } from "@warmstart/init-core";
import { sumGradients, sumOver, type LossSettings } from "./loss-gradients.js";

/** By parameter path; the caller disposes both. */
export interface GradientAndProduct {
  readonly gradients: Record<string, Tensor>;
  readonly products: Record<string, Tensor>;
  /** Mean of the batches' losses. */
  readonly loss: number;
}

/** A list of one batch is gone through once, others twice. @throws as `sumGradients`. */
export async function gradientAndProduct(data: Data<LabelledBatch>, settings: LossSettings): Promise<GradientAndProduct> {
  if (Array.isArray(data) && data.length === 1) return atOnce(data, settings);
  const { sums: gradients, loss } = await sumGradients(data, settings);
  try {
    const { sums: products } = await sumOver(data, settings, (lossOf, of) => ({ tensors: hessianVectorProduct(lossOf, of.map(({ variable }) => variable), of.map(({ path }) => gradients[path]!)) }));
    return { gradients, products, loss };
  } catch (error) {
    tf.dispose(gradients);
    throw error;
  }
}

async function atOnce(data: readonly LabelledBatch[], settings: LossSettings): Promise<GradientAndProduct> {
  const products: Record<string, Tensor> = {};
  try {
    const { sums: gradients, loss } = await sumOver(data, settings, (lossOf, of) => {
      const made = hessianGradientProduct(lossOf, of.map(({ variable }) => variable));
      for (const [i, { path }] of of.entries()) products[path] = tf.keep(made.products[i]!);
      return { tensors: made.gradients, value: made.value };
    });
    return { gradients, products, loss };
  } catch (error) {
    tf.dispose(products);
    throw error;
  }
}
