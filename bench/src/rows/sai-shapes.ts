// The tensors that an optimizer updates in two well-known models. Plain data, so that naming a row loads no backend.

/** A transformer block of width d as torch lays it out: two norms, q, k and v in one, projection, MLP. */
const block = (d: number): number[][] => [[d], [d], [3 * d, d], [3 * d], [d, d], [d], [d], [d], [4 * d, d], [4 * d], [d, 4 * d], [d]];
const blocks = (count: number): number[][] => Array.from({ length: count }, () => block(768)).flat();

/** The tensors of ViT-B/16 (86.6 M parameters) and of GPT-2 small (124.4 M), or of as many blocks of them. */
export const tensors = {
  "vit-b16": (count = 12): number[][] => [[1, 1, 768], [1, 197, 768], [768, 3, 16, 16], [768], ...blocks(count), [768], [768], [1000, 768], [1000]],
  "gpt2-small": (count = 12): number[][] => [[50257, 768], [1024, 768], ...blocks(count), [768], [768]],
};

export type OptimizerName = "sgdSai" | "adamW" | "tf.train.adam" | "tf.train.momentum";
