// Seeded random numbers on the host, the same on every backend. tf.randomNormal takes a seed too, but 0 there means none.

/** Uniform 32-bit integers: sfc32 by Chris Doty-Humphrey (PractRand), its state filled from the seed by splitmix32. */
function sfc32(seed: number): () => number {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = next() ^ Math.floor(seed / 2 ** 32);
  let b = next();
  let c = next();
  let d = 1;
  const step = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t;
  };
  for (let i = 0; i < 12; i++) step();
  return step;
}

/** A source of standard normal numbers: Marsaglia's polar method. */
export function gaussian(seed: number): () => number {
  const bits = sfc32(seed);
  let spare = NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = NaN;
      return value;
    }
    let x: number, y: number, square: number;
    do {
      x = bits() * 2 ** -31;
      y = bits() * 2 ** -31;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    spare = y * factor;
    return x * factor;
  };
}

/** `count` random signs, 32 from one draw: as good as normal numbers for a sketch (Halko, Martinsson and Tropp 2011, section 4.6) and much faster. */
export function randomSigns(count: number, seed: number): Float32Array {
  const bits = sfc32(seed);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i += 32) {
    let word = bits();
    for (let j = i; j < Math.min(i + 32, count); j++, word >>>= 1) out[j] = word & 1 ? 1 : -1;
  }
  return out;
}
