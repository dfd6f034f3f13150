import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize, layersOf } from "@warmstart/init-core";
import { afterEach, describe, expect, it } from "vitest";
import { countMacs } from "../cost/count-macs.js";
import { netA, resnet20 } from "./models.fixture.js";
import { preCrop } from "./pre-crop.js";

describe("preCrop", () => {
  const models: tf.LayersModel[] = [];
  const keep = <M extends tf.LayersModel>(model: M): M => (models.push(model), model);
  afterEach(() => models.splice(0).forEach(disposeModel));

  it("builds a smaller net of the same layers, with the widths of the worked example", async () => {
    const model = keep(netA());
    const { result, report, details } = await initialize(model, preCrop({ budget: { params: 0.25 } }), { seed: 1 });
    keep(result);
    expect(result.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    expect(details.widths).toEqual({ c16: [16, 16], c32: [32, 7], c64: [64, 62], fc: [10, 10] });
    expect(result.countParams()).toBe(432 + 1008 + 3906 + 620);
    expect(details.params[1]).toBe(result.countParams());
    expect(details.macs![1]).toBe(countMacs(result).total);
    expect(result.outputs[0]!.shape).toEqual([null, 10]);
    expect(report.toString()).toContain("c32");
  });

  it("crops a residual net so that its sums still fit", async () => {
    const model = keep(resnet20());
    const { result, details } = await initialize(model, preCrop({ budget: { flops: 0.5 } }));
    keep(result);
    expect(layersOf(result).length).toBe(layersOf(model).length);
    expect(details.params).toEqual([model.countParams(), result.countParams()]);
    expect(details.macs).toEqual([countMacs(model).total, countMacs(result).total]);
    expect(details.macs![1]).toBeLessThanOrEqual(0.5 * details.macs![0]);
    const output = tf.tidy(() => result.predict(tf.ones([1, 32, 32, 3])) as tf.Tensor);
    expect((await output.data()).every(Number.isFinite)).toBe(true);
    output.dispose();
  });
});
