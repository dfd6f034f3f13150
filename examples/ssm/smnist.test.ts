import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { mnist, type Images } from "../compare/images.js";
import { permuted, pixelByPixel } from "./sequences.js";
import { readPixels, trainStarts } from "./smnist.js";
import { startNames } from "./starts.js";
import { buildClassifier, factorAt, type Training } from "./train.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const test = mnist("test");
const tiny: Training = { train: pixelByPixel(mnist("train")), test: pixelByPixel(test), steps: 12, batch: 8, learningRate: 0.02, heldOut: 20, heldOutLast: 40, evaluateEvery: 5 };
const size = { features: 8, layers: 1, dState: 8 };

describe("the sequences", () => {
  it("are the pixels of an image from the upper left on", () => {
    const { images, shape, labels } = pixelByPixel(test);
    expect(shape).toEqual([784, 1, 1]);
    expect(images).toBe(test.images);
    expect(labels).toBe(test.labels);
    expect(() => pixelByPixel({ ...test, shape: [28, 28, 3] })).toThrow("grey images are needed, got 3 channels");
  });

  it("are permuted by one order for all images, the same for a seed", () => {
    const few = { images: Uint8Array.from({ length: 3 * 50 }, (_, i) => (i % 50) + Math.floor(i / 50)), labels: new Uint8Array(3), shape: [50, 1, 1] as const, count: 3 };
    const [first, second, third] = [0, 1, 2].map((i) => [...permuted(few, 1).images.subarray(50 * i, 50 * i + 50)]) as [number[], number[], number[]];
    expect(first).not.toEqual([...few.images.subarray(0, 50)]);
    expect(first.toSorted((a, b) => a - b)).toEqual([...few.images.subarray(0, 50)]);
    expect([second, third]).toEqual([first.map((pixel) => pixel + 1), first.map((pixel) => pixel + 2)]);
    expect(permuted(few, 1)).toEqual(permuted(few, 1));
    expect(permuted(few, 2)).not.toEqual(permuted(few, 1));
  });
});

describe("the schedule", () => {
  it("rises for a tenth of the steps and falls to almost nothing, never to nothing", () => {
    expect([1, 5, 10].map((step) => factorAt(step, 100))).toEqual([0.1, 0.5, 1]);
    expect(factorAt(55, 100)).toBeCloseTo(0.5, 1);
    expect(factorAt(100, 100)).toBeGreaterThan(0);
    expect(factorAt(100, 100)).toBeLessThan(0.001);
    expect(factorAt(1, 1)).toBe(1);
  });
});

describe("the classifier", () => {
  it("gives logits, from every start other ones, and starts of one seed have the same parameters", async () => {
    const xs = tf.ones([2, 784, 1, 1]);
    const outputs = new Set<string>();
    for (const start of startNames) {
      const [result] = await trainStarts([start], size, { ...tiny, steps: 1, heldOutLast: 1 }, 1);
      outputs.add(result!.loss.toFixed(6));
      expect(result).toMatchObject({ start, parameters: 16 + (1 + 1) * 8 + 6 * 8 * 4 + 8 * 16 + 16 + 16 + 8 * 10 + 10, step: 1 });
    }
    expect(outputs.size).toBe(startNames.length);
    const model = buildClassifier(size, tiny.train);
    const logits = model.apply(xs) as tf.Tensor;
    expect(logits.shape).toEqual([2, 10]);
    tf.dispose([xs, logits]);
    disposeModel(model);
  });
});

describe("the example", () => {
  it("trains each start, the same for the same seed, says how it goes, and frees everything", async () => {
    const seen: string[] = [];
    const once = () => expectTensorGrowth(0, () => trainStarts(["legs", "rand"], size, tiny, 1, { onStep: (start, step, loss, point) => point && seen.push(`${start} ${step} ${Number.isFinite(loss)}`) }));
    const [legs, rand] = await once();
    expect(seen).toEqual(["legs 5 true", "legs 10 true", "legs 12 true", "rand 5 true", "rand 10 true", "rand 12 true"]);
    expect([legs!.start, rand!.start]).toEqual(["legs", "rand"]);
    expect((await once()).map(({ loss, accuracy }) => [loss, accuracy])).toEqual([legs, rand].map((result) => [result!.loss, result!.accuracy]));
  });

  it("reads an image as a stream and says at the end what it says of the whole", async () => {
    const image = Uint8Array.from({ length: 49 }, (_, i) => (i * 37) % 256);
    const sequences: Images = { images: image, labels: new Uint8Array(1), shape: [49, 1, 1], count: 1 };
    const model = buildClassifier(size, sequences);
    const answers = await expectTensorGrowth(0, () => readPixels(model, image, 7));
    expect(answers.map(({ pixels }) => pixels)).toEqual([7, 14, 21, 28, 35, 42, 49]);
    const whole = tf.tidy(() => tf.softmax(model.predict(tf.tensor4d(Float32Array.from(image, (pixel) => pixel / 255), [1, 49, 1, 1])) as tf.Tensor));
    const values = [...(await whole.data())];
    expect(values[answers.at(-1)!.digit]).toBe(Math.max(...values));
    expect(answers.at(-1)!.probability).toBeCloseTo(Math.max(...values), 4);
    whole.dispose();
    disposeModel(model);
  });

  it("learns, here of every fourth pixel of every fourth row", async () => {
    const coarse = ({ images, labels }: Images): Images => {
      const pixel = (i: number) => Math.floor(i / 49) * 784 + (4 * Math.floor((i % 49) / 7) + 2) * 28 + 4 * (i % 7) + 2;
      return pixelByPixel({ images: Uint8Array.from({ length: 5000 * 49 }, (_, i) => images[pixel(i)]!), labels, shape: [7, 7, 1], count: 5000 });
    };
    const losses: number[] = [];
    await trainStarts(["legs"], { features: 16, layers: 1, dState: 16 }, { ...tiny, train: coarse(mnist("train")), test: coarse(test), steps: 100, batch: 16, evaluateEvery: 20 }, 1, { onStep: (_start, _step, _loss, point) => point && losses.push(point.loss) });
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.3);
  });
});
