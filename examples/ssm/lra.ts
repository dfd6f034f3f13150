// The files of Long Range Arena (Tay et al. 2020, lra_release) as S4's authors read them (Gu, Goel, Ré 2022), for those who have them: whole numbers a token for texts and lists, numbers a pixel for images.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import type { Images } from "../compare/images.js";

/** One sequence of tokens, 0 is padding. */
export interface TokenSequence {
  readonly tokens: Uint8Array;
  readonly label: number;
}

/** Two sequences and whether one cites the other. */
export interface TokenPair {
  readonly tokens: readonly [Uint8Array, Uint8Array];
  readonly label: number;
}

/** Sequences of pixels, `"count length channels"` row-major, standardized. */
export interface PixelSequences {
  readonly values: Float32Array;
  readonly labels: Uint8Array;
  readonly length: number;
  readonly channels: number;
}

/** Tokens of ListOps from 1 on, the last of which ends a sequence. Parentheses are left out: brackets say as much. */
const listOpsTokens = ["[MIN", "[MAX", "[MED", "[SM", "]", ..."0123456789", "<eos>"] as const;
/** Padding counts. */
export const listOpsVocabulary = listOpsTokens.length + 1;

/** Tokens of one expression, at most `length`, the ending included. */
export function listOpsSequence(source: string, length = 2048): Uint8Array {
  const tokens = source.split(/\s+/).filter((token) => !/^[()]?$/.test(token));
  return Uint8Array.from([...tokens.slice(0, length - 1), "<eos>"], (token) => {
    const at = (listOpsTokens as readonly string[]).indexOf(token);
    if (at === -1) throw new Error(`listops: a token of ${listOpsTokens.join(" ")} was expected, not "${token}"`);
    return at + 1;
  });
}

/** `basic_train.tsv` and its like: a header `Source Target`, then an expression and its value a line. */
export function readListOps(file: string, length = 2048): TokenSequence[] {
  const [header, ...lines] = linesOf(file);
  if (header !== "Source\tTarget") throw new Error(`${file}: the header "Source\\tTarget" was expected, not "${header}"`);
  return lines.map((line, i) => {
    const [source, target] = fieldsOf(file, i + 2, line, 2) as [string, string];
    return { tokens: listOpsSequence(source, length), label: classOf(file, i + 2, target, 10) };
  });
}

/** Padding counts. */
export const byteVocabulary = 256;

/** Ends a text: the byte 0xfe, which is in no UTF-8. */
const textEnd = 0xfe;

/** The first bytes of a text in UTF-8 and the ending, each plus 1, at most `length` together. */
function byteSequence(text: string, length: number): Uint8Array {
  const bytes = new TextEncoder().encode(text).subarray(0, length - 1);
  return Uint8Array.from([...bytes, textEnd], (byte) => byte + 1);
}

/** IMDB's reviews (Maas et al. 2011), aclImdb/train or aclImdb/test: a file each in `neg` (0) and `pos` (1), as bytes. */
export function readImdb(folder: string, length = 4096): TokenSequence[] {
  return (["neg", "pos"] as const).flatMap((name, label) =>
    readdirSync(join(folder, name))
      .filter((file) => file.endsWith(".txt"))
      .toSorted()
      .map((file) => ({ tokens: byteSequence(readFileSync(join(folder, name, file), "utf8"), length), label })),
  );
}

/** `new_aan_pairs.train.tsv` and its like, without a header: label, two identifiers, two texts, as bytes. */
export function readAan(file: string, length = 4000): TokenPair[] {
  return linesOf(file).map((line, i) => {
    const [label, , , first, second] = fieldsOf(file, i + 1, line, 5) as [string, string, string, string, string];
    return { tokens: [byteSequence(first, length), byteSequence(second, length)], label: classOf(file, i + 1, label, 2) };
  });
}

/** A file of the release that is empty. */
const damaged = "imgs/0/sample_172.png";

/** Pathfinder of one size and difficulty, `…/pathfinder32/curv_contour_length_14`: text files in `metadata` name grey PNG images and say in their fourth column whether the dots are joined. Pixels p as (p / 255 − 1/2) / (1/2). */
export function readPathfinder(folder: string): PixelSequences {
  const rows = readdirSync(join(folder, "metadata"))
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .flatMap((name) => linesOf(join(folder, "metadata", name)).map((line) => line.split(" ") as [string, string, string, string]))
    .filter(([directory, name]) => !(folder.includes("curv_baseline") && `${directory}/${name}` === damaged));
  if (rows.length === 0) throw new Error(`${folder}: lines of directory, file, number and label were expected in its "metadata", found none`);
  const images = rows.map(([directory, name]) => PNG.sync.read(readFileSync(join(folder, directory, name))));
  const { width, height } = images[0]!;
  const values = new Float32Array(images.length * width * height);
  for (const [i, image] of images.entries()) {
    if (image.width !== width || image.height !== height) throw new Error(`${folder}: images of ${width} × ${height} were expected, not ${image.width} × ${image.height}`);
    for (let p = 0; p < width * height; p++) values[i * width * height + p] = image.data[4 * p]! / 127.5 - 1; // red, green and blue are alike
  }
  return { values, labels: Uint8Array.from(rows, ([, , , label]) => Number(label)), length: width * height, channels: 1 };
}

/** CIFAR-10 as sequences of 1024 pixels in three colours (sCIFAR): mean (.4914, .4822, .4465), deviation (.2023, .1994, .2010). */
export function sequentialCifar({ images, labels, count }: Images): PixelSequences {
  const [mean, deviation] = [
    [0.4914, 0.4822, 0.4465],
    [0.2023, 0.1994, 0.201],
  ] as const;
  return { values: Float32Array.from(images, (value, i) => (value / 255 - mean[i % 3]!) / deviation[i % 3]!), labels, length: images.length / count / 3, channels: 3 };
}

/** CIFAR-10 as grey sequences of 1024 pixels (the arena's Image): 0.299 R + 0.587 G + 0.114 B in whole numbers, mean 122.6, deviation 61. */
export function lraImage({ images, labels, count }: Images): PixelSequences {
  const grey = (p: number) => Math.floor((images[3 * p]! * 19595 + images[3 * p + 1]! * 38470 + images[3 * p + 2]! * 7471 + 0x8000) / 0x10000); // as PIL's "L"
  return { values: Float32Array.from({ length: images.length / 3 }, (_, p) => (grey(p) - 122.6) / 61), labels, length: images.length / count / 3, channels: 1 };
}

const linesOf = (file: string): string[] => readFileSync(file, "utf8").split(/\r?\n/).filter((line) => line !== "");

/** The fields of a line, those in quotes without them. */
function fieldsOf(file: string, number: number, line: string, count: number): string[] {
  const fields = line.split("\t").map((field) => (/^".*"$/s.test(field) ? field.slice(1, -1).replaceAll('""', '"') : field));
  if (fields.length !== count) throw new Error(`${file}: line ${number} must have ${count} fields between tabs, has ${fields.length}`);
  return fields;
}

function classOf(file: string, number: number, text: string, classes: number): number {
  const label = Number(text);
  if (text !== "" && Number.isInteger(label) && label >= 0 && label < classes) return label;
  throw new Error(`${file}: line ${number} must have a label from 0 to ${classes - 1}, has "${text}"`);
}
