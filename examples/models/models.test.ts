import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { candidateBlocks, countMacs, findResidualBlocks, maxRemovable, removeBlocks } from "@warmstart/pruning-at-init";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { buildMobilenetV2 } from "./mobilenet-v2.js";
import { buildResnet } from "./resnet.js";
import { buildResnet18 } from "./resnet18.js";
import { buildShufflenetV2 } from "./shufflenet-v2.js";
import { buildVgg16 } from "./vgg.js";

const trained = (model: tf.LayersModel) => model.trainableWeights.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);
const start = { seed: 1, kernels: "zeros" } as const;
const at = (model: tf.LayersModel, layer: string) => model.getLayer(layer).output as tf.SymbolicTensor;

/** A model that is freed afterwards. */
async function on(model: tf.LayersModel, use: (model: tf.LayersModel) => void | Promise<void>): Promise<void> {
  try {
    await use(model);
  } finally {
    disposeModel(model);
  }
}

describe("published parameter counts", () => {
  it.each<[string, () => tf.LayersModel, number]>([
    ["VGG-16 with batch normalization, 14.73 M (pytorch-cifar; Tanaka et al. 2020: 14.7 M)", () => buildVgg16(start), 14_728_266],
    ["the same without the idle biases", () => buildVgg16({ ...start, useBias: false }), 14_728_266 - 4_224],
    ["ResNet-18 for CIFAR, 11.17 M (pytorch-cifar)", () => buildResnet18(start), 11_173_962],
    ["MobileNetV2 1.0, 3.50 M (torchvision; Sandler et al. 2018, table 4: 3.4 M)", () => buildMobilenetV2(start), 3_504_872],
    ["ShuffleNetV2 1.0, 2.28 M (torchvision; Ma et al. 2018: 2.3 M)", () => buildShufflenetV2(start), 2_278_604],
  ])("%s", async (_, build, count) => {
    await expectTensorGrowth(0, () => on(build(), (model) => expect(trained(model)).toBe(count)));
  });

  it("300 M multiply-adds of MobileNetV2, 146 M of ShuffleNetV2 (both papers), at 224 × 224", async () => {
    await on(buildMobilenetV2(start), (model) => expect(countMacs(model).total / 1e6).toBeCloseTo(300.8, 0));
    await on(buildShufflenetV2(start), (model) => expect(Math.abs(countMacs(model).total / 1e6 - 146)).toBeLessThan(2));
  });
});

describe("residual blocks that can go", () => {
  // Convolutions with biases, projections of 1 × 1 without batch normalization: parameters (batch norm with its statistics), multiply-adds, candidates.
  it.each([[20, 274_442, 40_813_184, 6], [32, 470_218, 69_124_736, 12], [44, 665_994, 97_436_288, 18], [56, 861_770, 125_747_840, 24], [110, 1_742_762, 253_149_824, 51]] as const)("ResNet-%i with projections has %i parameters, %i multiply-adds and %i candidates", async (depth, params, macs, candidates) => {
    await on(buildResnet({ ...start, depth, shortcut: "projection" }), (model) => {
      const blocks = findResidualBlocks(model);
      expect(model.countParams()).toBe(params);
      expect(countMacs(model).total).toBe(macs);
      expect(candidateBlocks(blocks)).toHaveLength(candidates);
      expect(maxRemovable(blocks)).toBe(candidates - 3);
      expect([...new Set(candidateBlocks(blocks).map((block) => block.params))]).toEqual([4_768, 18_752, 74_368]);
      expect(new Set(candidateBlocks(blocks).map((block) => block.macs))).toEqual(new Set([4_718_592]));
    });
  });

  it.each<[number, readonly number[], number, number]>([[32, [1, 0, 0], 465_450, 64_406_144], [32, [3, 0, 0], 455_914, 54_968_960], [32, [3, 2, 0], 418_410, 45_531_776], [56, [7, 5, 0], 734_634, 69_124_736]])("ResNet-%i without %j blocks of its stages has %i parameters and %i multiply-adds", async (depth, removed, params, macs) => {
    await on(buildResnet({ ...start, depth, shortcut: "projection" }), async (model) => {
      const ids = removed.flatMap((count, stage) => Array.from({ length: count }, (_, i) => `stage${stage}/block${i + 1}/add`));
      await on(removeBlocks(model, ids), (smaller) => {
        expect(smaller.countParams()).toBe(params);
        expect(countMacs(smaller).total).toBe(macs);
      });
    });
  });

  it("are ten of MobileNetV2's bottlenecks, of nine layers each, and eight of ResNet-18's blocks less three", async () => {
    await on(buildMobilenetV2({ ...start, size: 32, classes: 10 }), (model) => {
      const blocks = findResidualBlocks(model);
      expect(blocks.map(({ stage, removable, layers }) => [stage, removable, layers.length])).toEqual([0, 1, 1, 2, 2, 2, 3, 3, 4, 4].map((stage) => [stage, true, 9]));
      expect(maxRemovable(blocks, { minBlocksPerStage: 1 })).toBe(5);
    });
    await on(buildResnet18(start), (model) => expect(findResidualBlocks(model).filter(({ removable }) => removable)).toHaveLength(5));
  });

  it("also go from ResNet with padded shortcuts", async () => {
    await on(buildResnet({ ...start, depth: 20 }), (model) => expect(candidateBlocks(findResidualBlocks(model))).toHaveLength(6));
  });
});

describe("buildShufflenetV2", () => {
  it("takes a block's left half as it is, and shuffles the halves into each other", async () => {
    await on(buildShufflenetV2({ seed: 1, size: 32, classes: 10 }), async (model) => {
      const part = tf.model({ inputs: model.inputs, outputs: ["stage0/block0/shuffle/image", "stage0/block1/left/back", "stage0/block1/concat", "stage0/block1/shuffle/image"].map((layer) => at(model, layer)) });
      const images = tf.randomNormal([2, 32, 32, 3], 0, 1, "float32", 1);
      const outputs = part.predict(images) as tf.Tensor[];
      const [before, left, both, after] = (await Promise.all(outputs.map((output) => output.array()))) as number[][][][][];
      for (const [row, column] of [[0, 0], [1, 2], [3, 3]] as const) {
        const pixel = (values: number[][][][] | undefined) => values![1]![row]![column]!;
        expectClose(pixel(left), pixel(before).slice(0, 58), 0, 0);
        expectClose(pixel(both).slice(0, 58), pixel(left), 0, 0);
        expectClose(pixel(after), Array.from({ length: 116 }, (_, i) => pixel(both)[(i % 2) * 58 + Math.floor(i / 2)]!), 0, 0);
      }
      tf.dispose([images, outputs]);
    });
  });
});

describe("seeds", () => {
  it("give the same weights for the same number, and other kernels other weights", async () => {
    const first = async (seed: number, layer: string) => {
      let values: unknown;
      await on(buildMobilenetV2({ seed, size: 32, classes: 10 }), async (model) => {
        values = await model.getLayer(layer).getWeights()[0]!.data();
      });
      return values;
    };
    expect(await first(1, "stage2/block1/expand")).toEqual(await first(1, "stage2/block1/expand"));
    expect(await first(1, "stage2/block1/expand")).not.toEqual(await first(2, "stage2/block1/expand"));
    expect(await first(1, "stage2/block1/expand")).not.toEqual(await first(1, "stage2/block2/expand"));
  });
});
