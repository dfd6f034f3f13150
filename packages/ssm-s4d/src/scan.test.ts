import * as tf from "@tensorflow/tfjs";
import { WarmstartError } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { furthest, hostConv, hostKernel, largest, modelOf, normals, thrown } from "./host.fixture.js";
import { s4dForward, type S4DForwardOptions, type Ssm } from "./index.js";

const read = async (t: tf.Tensor): Promise<Float32Array> => {
  const values = await t.data<"float32">();
  t.dispose();
  return values;
};

const names = ["dt", "aRe", "aIm", "bRe", "bIm", "cRe", "cIm"] as const;

/** Output and gradients in everything, of one model, in two ways of computing it. */
async function bothForms(length: number, options: S4DForwardOptions, { batch = 2, state = false }: { batch?: number; state?: boolean } = {}): Promise<{ name: string; scan: Float32Array; kernel: Float32Array }[]> {
  const features = 3;
  const { ssm, d, dispose: free } = await modelOf({ init: ["inv", "lin", "legs"], features, dState: 8, seed: 4, dtMin: 0.01, channels: options.bidirectional === true ? 2 : 1 });
  const weights = tf.tensor3d(normals(batch * features * length, 2), [batch, features, length]);
  const start = [5, 6].map((seed) => tf.tensor3d(normals(batch * features * 4, seed), [batch, features, 4]));
  const values = [...names.map((name) => ssm[name]!), d, tf.tensor3d(normals(batch * features * length, 3), [batch, features, length]), ...(state ? start : [])];
  const labels = [...names, "d", "u", "x0Re", "x0Im"];
  const run = async (convolution: "scan" | "toeplitz"): Promise<Float32Array[]> => {
    const outputs = tf.tidy(() => {
      const f = (...given: tf.Tensor[]): tf.Tensor3D => {
        const model = Object.fromEntries(names.map((name, i) => [name, given[i]!])) as unknown as Ssm;
        return s4dForward(given[8] as tf.Tensor3D, model, { ...options, convolution, d: given[7] as tf.Tensor1D, ...(state ? { state: { re: given[9] as tf.Tensor3D, im: given[10] as tf.Tensor3D } } : {}) });
      };
      return [f(...values), ...tf.grads((...given) => tf.sum(tf.mul(weights, f(...given))))(values)];
    });
    return Promise.all(outputs.map(read));
  };
  const [scan, kernel] = [await run("scan"), await run("toeplitz")];
  tf.dispose([weights, ...start, values[8]!]);
  free();
  return ["y", ...labels.slice(0, values.length).map((label) => `gradient of ${label}`)].map((name, i) => ({ name, scan: scan[i]!, kernel: kernel[i]! }));
}

function expectSame(forms: readonly { name: string; scan: Float32Array; kernel: Float32Array }[]): void {
  for (const { name, scan, kernel } of forms) expect(furthest(scan, kernel), name).toBeLessThan(2e-4 * largest(kernel) + 1e-6);
}

describe("the scan", () => {
  it.each([1, 31, 33, 64, 200, 600])("is the convolution with the whole kernel over %i steps, and so are its gradients", async (length) => {
    expectSame(await bothForms(length, { method: "zoh" }));
  });

  it("is it under the bilinear rule, with an initial state, a rate, a band limit and lengths", async () => {
    for (const options of [{ method: "bilinear" }, { rate: 2, bandlimit: 0.5 }, { lengths: [20, 7] }] as const) {
      expectSame(await bothForms(90, options));
      expectSame(await bothForms(90, options, { state: true }));
      expectSame(await bothForms(20, options, { state: true })); // one chunk
    }
  });

  it("is it in both directions", async () => {
    expectSame(await bothForms(90, { bidirectional: true }));
    expectSame(await bothForms(1, { bidirectional: true }));
  });

  it("is the sum of definition in float64 for any length and spectrum", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), fc.constantFrom("inv" as const, "lin" as const, "legs" as const, "real" as const), fc.integer({ min: 1, max: 3 }), async (length, init, batch) => {
        const { ssm, host, dispose: free } = await modelOf({ init, features: 2, dState: 16, seed: length });
        const u = normals(batch * 2 * length, 3);
        const input = tf.tensor3d(u, [batch, 2, length]);
        const y = await read(s4dForward(input, ssm, { convolution: "scan" }));
        const exact = hostConv(u, hostKernel(host, length), batch, 2, length);
        expect(furthest(y, exact)).toBeLessThan(1e-4 * Math.max(1, largest(exact)));
        input.dispose();
        free();
      }),
      { numRuns: 20, seed: 2 },
    );
  });

  it("knows nothing of what is to come, and NaN reaches no earlier chunk", async () => {
    const { ssm, dispose: free } = await modelOf({ init: "inv", features: 1, dState: 8, seed: 1 });
    const impulse = tf.tensor3d(Float32Array.from({ length: 200 }, (_, t) => (t === 150 ? 1 : 0)), [1, 1, 200]);
    const y = await expectTensorGrowth(1, () => s4dForward(impulse, ssm, { convolution: "scan" }));
    expect(largest((await read(y)).subarray(0, 150))).toBe(0);
    const nan = tf.tensor3d(Float32Array.from({ length: 200 }, (_, t) => (t === 150 ? NaN : 0)), [1, 1, 200]);
    const spread = await read(s4dForward(nan, ssm, { convolution: "scan" }));
    expect([largest(spread.subarray(0, 128)), spread.at(-1)]).toEqual([0, NaN]); // chunks of 32
    tf.dispose([impulse, nan]);
    free();
  });

  it.each([
    ["a short kernel", { lMax: 3 }],
    ["dss", { method: "dss" }],
  ] as const)("refuses %s when it is asked for, which otherwise is convolved", async (_, options) => {
    const { ssm, dispose: free } = await modelOf({ init: "inv", features: 1, dState: 4, seed: 1 });
    const u = tf.ones<tf.Rank.R3>([1, 1, 10]);
    const error = await expectTensorGrowth(0, () => thrown(() => s4dForward(u, ssm, { ...options, convolution: "scan" })));
    expect(WarmstartError.isInstance(error, "INVALID_OPTION")).toBe(true);
    expect((error as Error).message).toContain("Leave `convolution` out");
    expect(await read(s4dForward(u, ssm, options))).toEqual(await read(s4dForward(u, ssm, { ...options, convolution: "toeplitz" })));
    u.dispose();
    free();
  });
});
