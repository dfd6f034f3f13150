import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { hostConv, hostKernel } from "../host.fixture.js";
import { hippoLegS, legsBasis, legsDiagonal, s4dKernel } from "../index.js";

describe("hippoLegS", () => {
  it("gives row 3 and the skew part of N = 4 as worked by hand", () => {
    const { a, skew } = hippoLegS(4);
    expectClose(a.slice(12), [-2.64575131, -4.58257569, -5.91607978, -4], 1e-8, 0); // −√7·√1, −√7·√3, −√7·√5, −4
    expectClose([skew[1]!, skew[2]!, skew[3]!, skew[6]!, skew[7]!, skew[11]!], [0.8660254, 1.11803399, 1.32287566, 1.93649167, 2.29128785, 2.95803989], 1e-8, 0);
  });

  it("splits A into a skew part, −1/2 and a rank-one part", () => {
    const { a, p, skew } = hippoLegS(6);
    expectClose(a, Array.from(skew, (s, i) => s - p[Math.floor(i / 6)]! * p[i % 6]! - (i % 7 === 0 ? 0.5 : 0)), 1e-14, 0);
    expectClose(skew, Array.from(skew, (_, i) => -skew[(i % 6) * 6 + Math.floor(i / 6)]!), 0, 0);
  });
});

describe.each([2, 4, 8, 64, 256])("legsDiagonal with N = %i", (n) => {
  const modes = n / 2;
  const { skew } = hippoLegS(n);
  const { aIm, vRe, vIm, bRe, bIm } = legsDiagonal(n, { bClip: null });

  it("solves S v = i ω v to 1e-10 N² with orthonormal v, each with a positive real first entry", () => {
    let [residual, gram] = [0, 0];
    for (let m = 0; m < modes; m++) {
      for (let i = 0; i < n; i++) {
        let [re, im] = [aIm[m]! * vIm[i * modes + m]!, -aIm[m]! * vRe[i * modes + m]!]; // S v − i ω v
        for (let k = 0; k < n; k++) {
          re += skew[i * n + k]! * vRe[k * modes + m]!;
          im += skew[i * n + k]! * vIm[k * modes + m]!;
        }
        residual = Math.max(residual, Math.hypot(re, im));
      }
      for (let other = 0; other <= m; other++) {
        let [re, im] = [other === m ? -1 : 0, 0];
        for (let i = 0; i < n; i++) {
          re += vRe[i * modes + m]! * vRe[i * modes + other]! + vIm[i * modes + m]! * vIm[i * modes + other]!;
          im += vRe[i * modes + m]! * vIm[i * modes + other]! - vIm[i * modes + m]! * vRe[i * modes + other]!;
        }
        gram = Math.max(gram, Math.hypot(re, im));
      }
      expect(vRe[m]).toBeGreaterThan(0);
      expect(Math.abs(vIm[m]!)).toBeLessThan(1e-12);
    }
    expect(residual).toBeLessThan(1e-10 * n * n);
    expect(gram).toBeLessThan(1e-12);
  });

  it("keeps the invariants: Σω² over all pairs is ‖S‖², Σ|B|² over all modes is N²", () => {
    const norm = skew.reduce((sum, s) => sum + s * s, 0);
    expect(2 * aIm.reduce((sum, w) => sum + w * w, 0)).toBeCloseTo(norm, -Math.log10(norm * 1e-11));
    expect(2 * bRe.reduce((sum, re, m) => sum + re * re + bIm[m]! ** 2, 0) / n ** 2).toBeCloseTo(1, 10);
  });

  it("descends", () => {
    expect([...aIm]).toEqual([...aIm].toSorted((x, y) => y - x));
    expect(aIm.at(-1)).toBeGreaterThan(0);
  });
});

describe("frequencies of legsDiagonal", () => {
  it.each([
    [2, [Math.sqrt(3) / 2]],
    [4, [4.60329301, 0.55650112]],
    [8, [19.85741037, 5.35420852, 1.95779415, 0.42748871]],
    [16, [80.96608092, 25.62922644, 13.83434182, 8.36210453, 5.09002363, 2.89966822, 1.37198878, 0.35201792]],
  ])("are the published ones at N = %i", (n, expected) => {
    expectClose(legsDiagonal(n).aIm, expected, 6e-9, 0); // the figures have eight digits after the point
  });

  it("are the published ones at both ends of N = 64, and tend to N²/π", () => {
    const { aIm } = legsDiagonal(64);
    expectClose([...aIm.slice(0, 4), ...aIm.slice(-2)], [1303.2738, 433.0308, 258.1522, 182.6204, 0.9059, 0.2639], 6e-5, 0);
    const highest = legsDiagonal(256).aIm[0]!;
    expectClose([highest], [20860.23], 6e-3, 0);
    expectClose([highest], [256 ** 2 / Math.PI], 0, 1e-4);
  });
});

describe("B of legsDiagonal", () => {
  it("has the published entries at N = 2, 8, 64", () => {
    const [two, eight, large] = [2, 8, 64].map((n) => legsDiagonal(n, { bClip: null }));
    expectClose([...two!.bRe, ...two!.bIm], [Math.SQRT1_2, -1.22474487], 6e-9, 0);
    expectClose(eight!.bRe, [0.12977503, 0.17144282, 0.29074055, 0.6076477], 6e-9, 0);
    expectClose(eight!.bIm, [-5.15399195, -1.83588124, -1.13842031, -0.51952507], 6e-9, 0);
    expectClose([...large!.bRe.slice(0, 3), large!.bRe.at(-1)!], [0.01563441, 0.01570977, 0.01586086, 0.52579114], 6e-9, 0);
    expectClose([...large!.bIm.slice(0, 3), large!.bIm.at(-1)!], [-40.75183791, -13.60562561, -8.18903297, -0.27746728], 6e-9, 0);
  });

  it("is canonical at N = 4, its imaginary part clipped to ±2 by default and not halved", () => {
    const { bRe, bIm } = legsDiagonal(4);
    expectClose(bRe, [0.28701986, 0.64623494], 1e-8, 0);
    expectClose(bIm, [-2, -0.71926093], 1e-8, 0);
    expectClose(legsDiagonal(4, { bClip: null }).bIm, [-2.64247303, -0.71926093], 1e-8, 0);
    expectClose(legsDiagonal(4, { bClip: null, halveB: true }).bIm, [-1.321236515, -0.359630465], 1e-8, 0);
  });

  it("is clipped in 11 of 32 modes at N = 64", () => {
    expect(legsDiagonal(64).bIm.filter((im) => im === -2).length).toBe(11);
  });
});

describe("the theorem: kernels of (normal part, B/2) tend to those of HiPPO-LegS", () => {
  const seconds = 5;
  // ∫ over each cell of √(2n+1) e^{−t} P_n(2e^{−t} − 1): with x = e^{−t}, n = 0: x; n = 2: √5 (2x³ − 3x² + x).
  const primitive: Readonly<Record<0 | 2, (x: number) => number>> = { 0: (x) => x, 2: (x) => Math.sqrt(5) * (2 * x ** 3 - 3 * x ** 2 + x) };
  const cells = (n: 0 | 2, dt: number, steps: number) => Array.from({ length: steps }, (_, l) => primitive[n](Math.exp(-l * dt)) - primitive[n](Math.exp(-(l + 1) * dt)));
  const relative = (values: ArrayLike<number>, exact: readonly number[]) => Math.sqrt(exact.reduce((sum, e, l) => sum + (values[l]! - e) ** 2, 0) / exact.reduce((sum, e) => sum + e * e, 0));
  const models = [16, 64, 256].map((dState) => ({ modes: dState / 2, ...legsDiagonal(dState, { bClip: null, halveB: true }) }));

  /** Relative L2 errors of the kernels at N = 16, 64, 256 against exact integrals over each cell, t from 0 to 5. */
  async function errors(n: 0 | 2, dt: number, method: "zoh" | "bilinear"): Promise<number[]> {
    const steps = Math.round(seconds / dt);
    const exact = cells(n, dt, steps);
    return Promise.all(
      models.map(async ({ modes, aRe, aIm, bRe, bIm, vRe, vIm }) => {
        const kernel = tf.tidy(() => {
          const row = (data: Float64Array, from = 0) => tf.tensor2d(Float32Array.from(data.slice(from, from + modes)), [1, modes]);
          return s4dKernel({ dt: tf.tensor1d([dt]), aRe: row(aRe), aIm: row(aIm), bRe: row(bRe), bIm: row(bIm), cRe: row(vRe, n * modes), cIm: row(vIm, n * modes) }, steps, { method });
        });
        const values = await kernel.data();
        kernel.dispose();
        return relative(values, exact);
      }),
    );
  }

  it.each([
    [0, 0.1, "zoh", [0.254, 0.068, 0.0127]],
    [2, 0.1, "zoh", [0.545, 0.151, 0.0278]],
    [0, 0.01, "zoh", [0.685, 0.209, 0.0506]],
    [2, 0.01, "zoh", [1.515, 0.466, 0.113]],
    [0, 0.1, "bilinear", [0.412, 0.051, 0.0006]],
    [0, 0.01, "bilinear", [0.699, 0.338, 0.08]],
  ] as const)("state %i, Δ = %d, %s: with the published errors at N = 16, 64, 256, falling", async (n, dt, method, expected) => {
    const measured = await errors(n, dt, method);
    expectClose(measured, expected, 0, 0.1);
    expect(measured).toEqual(measured.toSorted((x, y) => y - x));
  });

  it("in the response to sin 2t as well, where fast modes do not show", () => {
    const [dt, steps] = [0.0025, 2000];
    const u = Array.from({ length: steps }, (_, k) => Math.sin(2 * dt * k));
    const response = (kernel: ArrayLike<number>) => hostConv(u, kernel, 1, 1, steps);
    const exact = [...response(cells(0, dt, steps))];
    const measured = models.map(({ modes, aRe, aIm, bRe, bIm, vRe, vIm }) => {
      const pairs = (re: Float64Array, im: Float64Array) => Array.from(re.slice(0, modes), (value, m) => ({ re: value, im: im[m]! }));
      return relative(response(hostKernel({ features: 1, modes, dt: [dt], a: pairs(aRe, aIm), b: pairs(bRe, bIm), c: pairs(vRe, vIm) }, steps)), exact);
    });
    expectClose(measured, [3.3e-2, 1.1e-3, 3.5e-5], 0, 0.1);
  });
});

describe("legsBasis", () => {
  it("is the first column of e^{tA} B: e^{−t}, √3 e^{−t}(2e^{−t} − 1)", () => {
    const [x, y] = [Math.exp(-0.3), Math.exp(-2)];
    expectClose(legsBasis(2, [0.3, 2]), [x, y, Math.sqrt(3) * x * (2 * x - 1), Math.sqrt(3) * y * (2 * y - 1)], 1e-14, 0);
  });

  it("solves x' = A x with x(0) = B", () => {
    const { a, b } = hippoLegS(4);
    const [t, h] = [0.7, 1e-5];
    const at = legsBasis(4, [t - h, t, t + h]);
    for (let n = 0; n < 4; n++) {
      const slope = (at[n * 3 + 2]! - at[n * 3]!) / (2 * h);
      const right = [0, 1, 2, 3].reduce((sum, k) => sum + a[n * 4 + k]! * at[k * 3 + 1]!, 0);
      expect(Math.abs(slope - right)).toBeLessThan(1e-7);
    }
    expectClose(legsBasis(4, [0]), b, 1e-14, 0);
  });
});
