// The bar that the pretrained model must clear: an interpolated bigram model (Jelinek and Mercer 1980).

/** Shares of the bigram, the unigram and the uniform distribution; they add up to 1. */
export type Shares = readonly [bigram: number, unigram: number, uniform: number];

/** p(w | v) = a · c(v, w) / c(v) + b · c(w) / N + c / V. */
export class InterpolatedBigram {
  readonly vocabulary: number;
  shares: Shares = [0.6, 0.3, 0.1];
  private readonly total: number;
  private readonly unigrams: Float64Array;
  private readonly starts: Float64Array;
  private readonly bigrams = new Map<number, number>();

  /** Counts on a stream of token ids below `vocabulary`. */
  constructor(tokens: Int32Array, vocabulary: number) {
    this.vocabulary = vocabulary;
    this.total = tokens.length;
    this.unigrams = new Float64Array(vocabulary);
    this.starts = new Float64Array(vocabulary);
    for (let i = 0; i < tokens.length; i++) {
      const next = tokens[i]!;
      this.unigrams[next]!++;
      if (i === 0) continue;
      const previous = tokens[i - 1]!;
      this.starts[previous]!++;
      const pair = previous * vocabulary + next;
      this.bigrams.set(pair, (this.bigrams.get(pair) ?? 0) + 1);
    }
  }

  /** Chooses the shares that make `dev` most likely, by expectation maximization. */
  fitShares(dev: Int32Array, rounds = 30): Shares {
    for (let round = 0; round < rounds; round++) {
      const credit: [number, number, number] = [0, 0, 0];
      for (let i = 1; i < dev.length; i++) {
        const parts = this.parts(dev[i - 1]!, dev[i]!);
        const sum = parts[0] + parts[1] + parts[2];
        for (const k of [0, 1, 2] as const) credit[k] += parts[k] / sum;
      }
      const pairs = dev.length - 1;
      this.shares = [credit[0] / pairs, credit[1] / pairs, credit[2] / pairs];
    }
    return this.shares;
  }

  /** Mean cross-entropy, in nats, of tokens 1 … `pairs` of the stream, each given the one before it. */
  loss(tokens: Int32Array, pairs = tokens.length - 1): number {
    let sum = 0;
    for (let i = 1; i <= pairs; i++) {
      const parts = this.parts(tokens[i - 1]!, tokens[i]!);
      sum -= Math.log(parts[0] + parts[1] + parts[2]);
    }
    return sum / pairs;
  }

  private parts(previous: number, next: number): [number, number, number] {
    const [a, b, c] = this.shares;
    const seen = this.starts[previous]!;
    // A word never seen before another one says nothing: its share goes to the unigram.
    const pair = seen > 0 ? (a * (this.bigrams.get(previous * this.vocabulary + next) ?? 0)) / seen : (a * this.unigrams[next]!) / this.total;
    return [pair, (b * this.unigrams[next]!) / this.total, c / this.vocabulary];
  }
}
