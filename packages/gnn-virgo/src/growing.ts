// Typed arrays that grow: lists of numbers whose length shows when the data end.
/** A list of numbers in an array of one type, doubled when full. */
export class Growing<T extends Int32Array | Float32Array | Float64Array> {
  length = 0;
  #array: T;

  constructor(private readonly make: new (length: number) => T) {
    this.#array = new make(1024);
  }

  push(value: number): void {
    if (this.length === this.#array.length) this.reserve(2 * this.length);
    this.#array[this.length++] = value;
  }

  /** Makes room for so many numbers in all. */
  reserve(capacity: number): void {
    if (capacity <= this.#array.length) return;
    const larger = new this.make(capacity);
    larger.set(this.#array);
    this.#array = larger;
  }

  at(index: number): number {
    return this.#array[index]!;
  }

  /** What is in it, without copying: valid until the next push. */
  view(): T {
    return this.#array.subarray(0, this.length) as T;
  }
}

/** Edges as they come, some of them both ways. */
export class EdgeList {
  readonly #src = new Growing(Int32Array);
  readonly #dst = new Growing(Int32Array);
  readonly #weight = new Growing(Float64Array);
  #weighted = false;

  add(src: number, dst: number, weight = 1, undirected = false): void {
    this.#push(src, dst, weight);
    if (undirected && src !== dst) this.#push(dst, src, weight);
  }

  get length(): number {
    return this.#src.length;
  }

  /** For `createGraph`; without weights when all are 1. */
  edges(): { src: Int32Array; dst: Int32Array; weight?: Float64Array } {
    return { src: this.#src.view(), dst: this.#dst.view(), ...(this.#weighted ? { weight: this.#weight.view() } : {}) };
  }

  #push(src: number, dst: number, weight: number): void {
    if (!this.#weighted && weight !== 1) {
      for (let e = 0; e < this.length; e++) this.#weight.push(1);
      this.#weighted = true;
    }
    this.#src.push(src);
    this.#dst.push(dst);
    if (this.#weighted) this.#weight.push(weight);
  }
}
