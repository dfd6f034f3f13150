// Images as sequences, a pixel a step.
import { randomGenerator } from "@warmstart/init-core";
import type { Images } from "../compare/images.js";

/** The pixels of each image from the upper left on, row by row, as a sequence: shape `[steps, 1, 1]`. Shares the bytes of `images`. */
export function pixelByPixel(images: Images): Images {
  const [height, width, channels] = images.shape;
  if (channels !== 1) throw new Error(`sequences: grey images are needed, got ${channels} channels`);
  return { ...images, shape: [height * width, 1, 1] };
}

/** The same with the pixels in a random order, one order for all images: what is near is no longer so. The same for a seed. */
export function permuted(sequences: Images, seed: number): Images {
  const [length] = sequences.shape;
  const random = randomGenerator(seed);
  const order = Uint16Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const images = new Uint8Array(sequences.images.length);
  for (let at = 0; at < images.length; at += length) for (let i = 0; i < length; i++) images[at + i] = sequences.images[at + order[i]!]!;
  return { ...sequences, images };
}
