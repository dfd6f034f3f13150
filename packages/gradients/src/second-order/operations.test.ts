import * as tf from "@tensorflow/tfjs";
import { readFile } from "node:fs/promises";
import { expectClose } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { onCpu, withKernels } from "../backend.fixture.js";
import { derivativeAlong, entries, flatten, spread } from "../finite-differences.fixture.js";
import { withSecondOrderGradients } from "../index.js";
import { alone, operations, operationsTable, type Operation } from "./operations.fixture.js";

/** A loss with a linear and a quadratic part, so that a constant taken for a function, or the other way round, shows. */
const lossOf = (f: Operation["f"]) => (...xs: tf.Tensor[]) => {
  const y = (f as (...xs: tf.Tensor[]) => tf.Tensor)(...xs);
  return tf.sum(tf.add(tf.mul(y, spread(y.shape, 21)), tf.mul(tf.square(y), spread(y.shape, 22)))) as tf.Scalar;
};

const productOf = (loss: (...xs: tf.Tensor[]) => tf.Scalar, xs: tf.Tensor[], vs: tf.Tensor[]) =>
  tf.tidy(() => flatten(tf.grads((...at: tf.Tensor[]) => tf.addN(tf.grads(loss)(at).map((gradient, i) => tf.sum(tf.mul(gradient, vs[i]!)))))(xs)));

for (const [group, list] of Object.entries(operations)) {
  describe(`second order of ${group}`, () => {
    it.each(list)("$name: the Hessian times a vector is the difference of gradients", ({ name, f, at, kernels = [], notOn }) =>
      withKernels(notOn === tf.getBackend() ? onCpu : kernels, async () => {
        const xs = at.map((where, i) => (typeof where === "function" ? where() : spread(where, i + 1)));
        const vs = xs.map(({ shape }, i) => spread(shape, i + 31));
        const loss = lossOf(f);
        const differences = await derivativeAlong((...points) => withSecondOrderGradients(() => flatten(tf.grads(loss)(points))), xs, vs, 0.01);
        const size = Math.max(...differences.map(Math.abs));
        expect(size).toBeGreaterThan(1e-3);
        expectClose(await entries(withSecondOrderGradients(() => productOf(loss, xs, vs))), differences, 1e-3 * size, 0);

        const tfjsAlone = async () => {
          const product = await entries(productOf(loss, xs, vs));
          return Math.max(...product.map((value, i) => Math.abs(value - differences[i]!))) < 2e-3 * size ? "right" : "wrong";
        };
        expect(await tfjsAlone().catch(() => "throws")).toBe(alone(name));
        tf.dispose([xs, vs]);
      }));
  });
}

it("the README's table is made from the same list", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(operationsTable());
});
