// What S5 starts from (Smith, Warrington, Linderman 2023, arXiv:2208.04933, §3.3 and appendix B; lindermanlab/S5, s5/ssm_init.py, s5/ssm.py, s5/train.py):
// one state space model with many inputs and outputs, whose A is made of equal blocks, each the normal part of HiPPO-LegS in its eigenbasis.
import { WarmstartError, type RandomGenerator } from "@warmstart/init-core";
import { requireChoice, requireDState, requireInteger } from "./check.js";
import { sampleC, sampleD, sampleLogDt, streamOf, type SampleLogDtOptions } from "./draws.js";
import { legsDiagonal } from "./spectra/legs.js";

/** Laws of S5's C. "truncStandardNormal": parts of standard deviation (2P)^−½, in the eigenbasis; "lecunNormal": (2PH)^−½ in place of that, H counting as a window; "complexNormal": ½^½, drawn in the eigenbasis itself. */
export type S5CInit = "truncStandardNormal" | "lecunNormal" | "complexNormal";

export interface S5InitOptions extends SampleLogDtOptions {
  /** `N`, real state dimensions of all blocks together; an even number for each block. Default 256. */
  readonly dState?: number;
  /** Equal blocks of A. Default 8. */
  readonly blocks?: number;
  /** One of every conjugate pair is kept, P = N/2 states, outputs are 2 Re(C x); else all, P = N, outputs are Re(C x). Default true. */
  readonly conjSym?: boolean;
  /** Default "truncStandardNormal". */
  readonly cInit?: S5CInit;
  /** A generator is used up in the order B, C, log Δ, D. Default 0. */
  readonly seed?: SampleLogDtOptions["seed"];
}

/** Starting values of one S5 layer with H features and P states, row-major. */
export interface S5Start {
  /** `"P"`: −1/2 everywhere. */
  readonly lambdaRe: Float64Array;
  /** `"P"`: the frequencies of a block, descending, then (without `conjSym`) their negatives; repeated for every block. */
  readonly lambdaIm: Float64Array;
  /** `"P H"`: V* B₀ with a real B₀ of truncated normal numbers of standard deviation N^−½. */
  readonly bRe: Float64Array;
  readonly bIm: Float64Array;
  /** `"H P"`: C₀ V. */
  readonly cRe: Float64Array;
  readonly cIm: Float64Array;
  /** `"P"`: log Δ, one step a state. */
  readonly logStep: Float64Array;
  /** `"H"`: skip, N(0, 1). */
  readonly d: Float64Array;
}

/**
 * Λ, B, C, log Δ and D of an S5 layer: x' = Λ x + B u, y = 2 Re(C x) + D u.
 *
 * The half with positive imaginary part is kept, the authors keep the other: conjugates, which give the same outputs.
 *
 * @param features `H`, inputs and outputs.
 * @throws {WarmstartError} INVALID_OPTION for no features, blocks that do not divide `dState` into even sizes, an unknown `cInit`, or step bounds that are not `0 < dtMin <= dtMax`.
 *
 * @example
 * const { lambdaIm, bRe } = s5Init(128, { dState: 256, blocks: 8, seed: 1 }); // 128 states; [128], [128, 128]
 */
export function s5Init(features: number, { dState = 256, blocks = 8, conjSym = true, cInit = "truncStandardNormal", seed = 0, ...steps }: S5InitOptions = {}): S5Start {
  requireInteger("s5Init", "features", features, 1, "It counts inputs and outputs.");
  requireInteger("s5Init", "blocks", blocks, 1, "It counts equal blocks of A.");
  requireDState("s5Init", dState);
  requireChoice("s5Init", "cInit", cInit, ["truncStandardNormal", "lecunNormal", "complexNormal"]);
  const size = dState / blocks;
  if (size % 2 !== 0) throw new WarmstartError("INVALID_OPTION", `s5Init: \`blocks\` must divide \`dState\` into blocks of even size, got ${dState} / ${blocks}. A block is a HiPPO-LegS matrix with conjugate pairs of eigenvalues.`, { dState, blocks });
  const block = blockOf(size, conjSym);
  const states = blocks * block.states;
  const b0 = truncatedNormals(streamOf(seed, "b"), dState * features, 1 / Math.sqrt(dState));
  const b = { re: new Float64Array(states * features), im: new Float64Array(states * features) };
  for (let p = 0; p < states; p++) {
    const [first, k] = [Math.floor(p / block.states) * size, p % block.states];
    for (let n = 0; n < size; n++) {
      for (let h = 0; h < features; h++) {
        const value = b0[(first + n) * features + h]!;
        b.re[p * features + h]! += block.vRe[n * block.states + k]! * value;
        b.im[p * features + h]! -= block.vIm[n * block.states + k]! * value;
      }
    }
  }
  const c = outputs(features, dState, cInit, block, streamOf(seed, "c"));
  return {
    lambdaRe: new Float64Array(states).fill(-0.5),
    lambdaIm: Float64Array.from({ length: states }, (_, p) => block.frequencies[p % block.states]!),
    bRe: b.re,
    bIm: b.im,
    cRe: c.re,
    cIm: c.im,
    logStep: sampleLogDt(states, { ...steps, seed }),
    d: sampleD(features, seed),
  };
}

/** The eigenpairs of one block: `states` columns of V `"size states"`. */
interface Block {
  readonly size: number;
  readonly states: number;
  readonly frequencies: Float64Array;
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
}

function blockOf(size: number, conjSym: boolean): Block {
  const { aIm, vRe, vIm } = legsDiagonal(size);
  if (conjSym) return { size, states: size / 2, frequencies: aIm, vRe, vIm };
  const both = (v: Float64Array, sign: 1 | -1) => Float64Array.from({ length: size * size }, (_, i) => v[Math.floor(i / size) * (size / 2) + (i % (size / 2))]! * (i % size < size / 2 ? 1 : sign));
  return { size, states: size, frequencies: Float64Array.from({ length: size }, (_, k) => aIm[k % (size / 2)]! * (k < size / 2 ? 1 : -1)), vRe: both(vRe, 1), vIm: both(vIm, -1) };
}

/** C `"H P"`: C₀ V block by block, or drawn as it is. */
function outputs(features: number, dState: number, law: S5CInit, { size, states, vRe, vIm }: Block, stream: RandomGenerator): { re: Float64Array; im: Float64Array } {
  const total = (dState / size) * states;
  if (law === "complexNormal") return sampleC(features * total, stream);
  const c0 = truncatedNormals(stream, features * dState * 2, 1 / Math.sqrt(law === "lecunNormal" ? dState * features : dState)); // "H N 2"
  const c = { re: new Float64Array(features * total), im: new Float64Array(features * total) };
  for (let i = 0; i < features * total; i++) {
    const [h, p] = [Math.floor(i / total), i % total];
    const [first, k] = [Math.floor(p / states) * size, p % states];
    for (let n = 0; n < size; n++) {
      const at = 2 * (h * dState + first + n);
      const [re, im, vr, vi] = [c0[at]!, c0[at + 1]!, vRe[n * states + k]!, vIm[n * states + k]!];
      c.re[i]! += re * vr - im * vi;
      c.im[i]! += re * vi + im * vr;
    }
  }
  return c;
}

/** Standard deviation of a standard normal number that is drawn again outside ±2. */
const truncatedDeviation = 0.8796256610342398;

/** Normal numbers cut off at two standard deviations of the uncut law, with `std` after the cut, as jax's `lecun_normal`. */
function truncatedNormals({ normal }: RandomGenerator, size: number, std: number): Float64Array {
  return Float64Array.from({ length: size }, () => {
    let value = normal();
    while (Math.abs(value) > 2) value = normal();
    return (std / truncatedDeviation) * value;
  });
}
