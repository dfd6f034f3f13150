import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withKernels } from "../backend.fixture.js";
import { expectGradients, spread } from "../finite-differences.fixture.js";
import { GradientsError, registerGradients, unregisterGradients } from "../index.js";

beforeEach(() => void registerGradients({ only: ["Einsum"] }));
afterEach(() => unregisterGradients());

const sizes: Record<string, number> = { a: 2, b: 3, c: 2, d: 4, q: 3, k: 2, h: 2, i: 3, j: 2 };
const equations = ["ij->ji", "ij->i", "ij->", "ij,j->i", "ij,jk->ik", "ij,kj->ki", "bij,bjk->bik", "abhd,ahqd->ahbq", "bhqd,bhkd->bhqk", "i,j->ij", "i,i->", "ij,ij->", "ij,ij->ij", "ab,cd->dcba", "ij,->ij"];
const native = process.env.WARMSTART_BACKEND === "tensorflow";
const ofOneBackend = native ? ["ij,k->i", "ij,kj->k", "abc,cd->d"] : [" i j , j k -> k i "]; // the others refuse, whatever the gradient

describe("the gradient of einsum", () => {
  it.each([...equations, ...ofOneBackend])("%s: is that of finite differences towards each operand", (equation) =>
    withKernels(["Einsum"], async () => {
      const operands = equation.replace(/\s/g, "").split("->")[0]!.split(",").map((labels, i) => spread([...labels].map((label) => sizes[label]!), i + 1, 2));
      await expectGradients((...xs) => tf.einsum(equation, ...xs), operands);
      tf.dispose(operands);
    }));

  it("names the equation that it does not know", () => {
    const gradient = tf.getGradient("Einsum").gradFunc;
    for (const equation of ["ii->i", "...i->...", "a,b,c->abc"]) {
      const dy = tf.scalar(1);
      expect(() => gradient(dy, [dy, dy, dy], { equation })).toThrow(expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining(`got "${equation}"`) }));
      expect(() => gradient(dy, [dy, dy, dy], { equation })).toThrow(GradientsError);
      dy.dispose();
    }
  });

  it("leaves nothing behind but its results", () =>
    withKernels(["Einsum"], async () => {
      const xs = [spread([2, 3], 1), spread([3, 2], 2)];
      tf.dispose(await expectTensorGrowth(2, () => tf.grads((a, b) => tf.einsum("ij,jk->ik", a, b))(xs)));
      tf.dispose(xs);
    }));
});
