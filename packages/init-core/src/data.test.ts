import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { eachBatch, type Data } from "./data.js";
import { WarmstartError } from "./errors.js";

const caller = "test";
const three = function* () {
  for (let i = 0; i < 3; i++) yield tf.scalar(i);
};
const sources: Record<string, () => Data<tf.Tensor>> = {
  "an array": () => [...three()],
  "an iterable": () => three(),
  "an async iterable": () => (async function* () { yield* three(); })(),
  "a function": () => three,
  "a dataset": () => tf.data.generator(three as () => Iterator<tf.Tensor>),
};

describe.each(Object.entries(sources))("eachBatch over %s", (name, make) => {
  it("gives the batches in order", async () => {
    const seen: number[] = [];
    expect(await eachBatch(make(), { caller }, async (batch) => void seen.push((await batch.data())[0]!))).toBe(3);
    expect(seen).toEqual([0, 1, 2]);
  });

  it("disposes what was yielded, and leaves an array alone", async () => {
    const data = make();
    await expectTensorGrowth(0, () => eachBatch(data, { caller }, () => {}));
  });

  it("disposes the batch it was at when something throws", async () => {
    const data = make();
    const before = tensorCount();
    await expect(eachBatch(data, { caller }, () => { throw new Error("stop"); })).rejects.toThrow("stop");
    expect(tensorCount() - before).toBeLessThanOrEqual(name === "a dataset" ? 2 : 0); // tf.data reads ahead
  });

  it("stops at maxBatches and when told to", async () => {
    expect(await eachBatch(make(), { caller, maxBatches: 2 }, () => {})).toBe(2);
    expect(await eachBatch(make(), { caller }, () => false)).toBe(1);
  });
});

describe("eachBatch", () => {
  it("lets an abort come through between batches", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 5);
    const endless = function* () { for (;;) yield tf.scalar(1); };
    await expect(eachBatch(endless, { caller, signal: controller.signal }, () => {})).rejects.toThrow("enough");
  });

  it("says that there is nothing, or that it got something else", async () => {
    const failure = async (data: unknown) => {
      try {
        await eachBatch(data as Data<tf.Tensor>, { caller }, () => {});
      } catch (error) {
        return error as WarmstartError;
      }
      throw new Error("did not throw");
    };
    expect((await failure([])).code).toBe("INSUFFICIENT_DATA");
    const tensor = await failure(tf.zeros([2, 3]));
    expect([tensor.code, tensor.message]).toEqual(["INVALID_OPTION", expect.stringContaining("[2,3]")]);
    expect((await failure(7)).message).toMatch(/got number/);
  });
});
