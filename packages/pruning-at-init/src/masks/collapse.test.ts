import * as tf from "@tensorflow/tfjs";
import { networkOf } from "@warmstart/init-core";
import { afterAll, describe, expect, it } from "vitest";
import { findCollapse } from "./collapse.js";

const { layers } = tf;
const input = tf.input({ shape: [4] });
const dense = (name: string) => layers.dense({ units: 4, name });
const body = dense("body").apply(dense("inner").apply(input)) as tf.SymbolicTensor;
const block = layers.add().apply([input, body]) as tf.SymbolicTensor;
const head = dense("head").apply(block) as tf.SymbolicTensor;
const residual = tf.model({ inputs: input, outputs: head });
afterAll(() => residual.dispose());

const kept = (empty: readonly string[]) => Object.fromEntries(networkOf(residual).parameters.map(({ path, layer }) => [path, empty.includes(layer) ? 0 : 3]));
const collapse = (target: Parameters<typeof findCollapse>[0], empty: readonly string[]) => findCollapse(target, networkOf(residual).parameters.filter(({ role }) => role === "kernel"), kept(empty));

describe("findCollapse", () => {
  it("tells a branch that is gone from a network that is cut", () => {
    expect(collapse(residual, [])).toEqual({ empty: [], disconnected: false });
    expect(collapse(residual, ["inner"])).toEqual({ empty: ["inner"], disconnected: false });
    expect(collapse(residual, ["inner", "head"])).toEqual({ empty: ["inner", "head"], disconnected: true });
  });

  it("counts every empty layer where the graph is not visible", () => {
    expect(collapse(networkOf(residual), ["inner"])).toEqual({ empty: ["inner"], disconnected: true });
  });
});
