// What only shows over many steps: rounding that adds up, states that drift.
import * as tf from "@tensorflow/tfjs";
import { randomGenerator } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { furthest, hostStep, modelOf, normals, times, type Complex, type HostModel } from "./host.fixture.js";
import { createRecurrence, discretize, forwardState, s4dForward, type Ssm, type State } from "./index.js";

const read = async (t: tf.Tensor): Promise<Float32Array> => {
  const values = await t.data<"float32">();
  t.dispose();
  return values;
};
const deviation = (y: ArrayLike<number>) => Math.sqrt(Array.from(y).reduce((sum, value) => sum + value * value, 0) / y.length);

/** y "H L" of a model for u "H L", one step after the other in float64. */
function hostOutputs({ features, modes, dt, a, b, c }: HostModel, u: ArrayLike<number>, length: number): Float64Array {
  const y = new Float64Array(features * length);
  for (let i = 0; i < features * modes; i++) {
    const h = Math.floor(i / modes);
    const step = hostStep(a[i]!, dt[h]!, "zoh");
    const input = times(b[i]!, step.b);
    let x: Complex = { re: 0, im: 0 };
    for (let t = h * length; t < (h + 1) * length; t++) {
      const kept = times(step.a, x);
      x = { re: kept.re + input.re * u[t]!, im: kept.im + input.im * u[t]! };
      y[t]! += 2 * times(c[i]!, x).re;
    }
  }
  return y;
}

it.each([
  ["inv", 4096, 5e-4],
  ["legs", 16_384, 3e-3],
] as const)("S4D-%s over %i steps stays within %d standard deviations of float64, at once and in four stretches with the state between", async (init, length, bound) => {
  await expectTensorGrowth(0, async () => {
    const { ssm, host, dispose } = await modelOf({ init, features: 1, seed: 3 });
    const u = tf.tensor3d(normals(length, 5), [1, 1, length]);
    const expected = hostOutputs(host, await u.data(), length);
    const most = bound * deviation(expected);
    expect(furthest(await read(s4dForward(u, ssm)), expected)).toBeLessThan(most);
    const stretches = tf.tidy(() => {
      let state: State | undefined;
      const outputs = (tf.split(u, 4, 2) as tf.Tensor3D[]).map((stretch) => {
        const y = s4dForward(stretch, ssm, state === undefined ? {} : { state });
        state = forwardState(stretch, ssm, state);
        return y;
      });
      return tf.concat(outputs, 2);
    });
    expect(furthest(await read(stretches), expected)).toBeLessThan(most);
    u.dispose();
    dispose();
  });
});

describe("a million steps of bounded input", () => {
  const chunk = 16_384;
  const steps = 61 * chunk; // 999 424
  const { uniform } = randomGenerator(8);
  const inputs = Float32Array.from({ length: steps }, () => 2 * uniform() - 1);

  /** The steps of a recurrence of one feature and two modes in float32 on the host, operation by operation. */
  async function emulation(ssm: Ssm) {
    const discrete = discretize(ssm);
    const [aRe, aIm, bRe, bIm] = [await read(discrete.aRe), await read(discrete.aIm), await read(discrete.bRe), await read(discrete.bIm)];
    const [re, im] = [new Float32Array(2), new Float32Array(2)];
    const f = Math.fround;
    const step = (u: number) => {
      for (const m of [0, 1]) {
        const decayed = f(f(aRe[m]! * re[m]!) - f(aIm[m]! * im[m]!));
        im[m] = f(f(f(aRe[m]! * im[m]!) + f(aIm[m]! * re[m]!)) + f(bIm[m]! * u));
        re[m] = f(decayed + f(bRe[m]! * u));
      }
    };
    const bounds = [0, 1].map((m) => Math.hypot(bRe[m]!, bIm[m]!) / (1 - Math.hypot(aRe[m]!, aIm[m]!))); // of |x| where |u| ≤ 1
    return { re, im, step, bounds };
  }

  it("neither overflows nor drifts: the recurrence is that of float32 on the host, which ends where stretches of 16 384 steps end", async () => {
    await expectTensorGrowth(0, async () => {
      const ssm: Ssm = { dt: tf.tensor1d([0.1]), aRe: tf.tensor2d([[-0.01, -0.5]]), aIm: tf.tensor2d([[0.3, 3]]), cRe: tf.tensor2d([[1, 1]]) };
      const { re, im, step, bounds } = await emulation(ssm);
      const recurrence = await createRecurrence(ssm);
      let most = 0;
      for (const [i, value] of inputs.entries()) {
        step(value);
        for (const m of [0, 1]) most = Math.max(most, Math.hypot(re[m]!, im[m]!) / bounds[m]!);
        if (i >= 500) continue;
        const u = tf.tensor2d([[value]]);
        tf.dispose([u, recurrence.step(u)]);
        if (i === 499) for (const [part, expected] of [["re", re], ["im", im]] as const) expect(furthest(await recurrence.state[part].data(), expected)).toBeLessThan(1e-6);
      }
      expect(most).toBeLessThan(1);
      expect(most).toBeGreaterThan(0.1);

      let state: State | undefined;
      for (let from = 0; from < steps; from += chunk) {
        const u = tf.tensor3d(inputs.slice(from, from + chunk), [1, 1, chunk]);
        const next = forwardState(u, ssm, state);
        tf.dispose([u, ...Object.values(state ?? {})]);
        state = next;
      }
      for (const [part, expected] of [["re", re], ["im", im]] as const) expect(furthest(await state![part].data(), expected)).toBeLessThan(1e-5);
      recurrence.dispose();
      tf.dispose([...Object.values(ssm), state!.re, state!.im]);
    });
  });
});
