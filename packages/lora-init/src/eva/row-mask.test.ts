import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { rowMask } from "./row-mask.js";

const attentionMask = () => tf.tensor2d([[1, 1, 1, 0], [1, 1, 0, 0]], undefined, "int32");
const labels = () => tf.tensor2d([[-100, 5, 6, -100], [-100, 7, -100, -100]], undefined, "int32");
const kept = async (mask: tf.Tensor) => Array.from(await mask.data());

describe("rowMask", () => {
  it("keeps tokens and drops padding", async () => {
    expect(await kept(rowMask({ attentionMask: attentionMask(), labels: labels() })!)).toEqual([1, 1, 1, 0, 1, 1, 0, 0]);
  });

  it("drops the prompt too when the label mask is asked for", async () => {
    expect(await kept(rowMask({ attentionMask: attentionMask(), labels: labels(), useLabelMask: true })!)).toEqual([0, 1, 1, 0, 0, 1, 0, 0]);
  });

  it("takes another value for masked labels", async () => {
    expect(await kept(rowMask({ labels: labels(), useLabelMask: true, labelMaskValue: 7 })!)).toEqual([1, 1, 1, 1, 1, 0, 1, 1]);
  });

  it("is nothing when no mask is given, and one tensor otherwise", async () => {
    expect(rowMask({})).toBeUndefined();
    const mask = attentionMask();
    await expectTensorGrowth(1, () => rowMask({ attentionMask: mask }));
  });
});
