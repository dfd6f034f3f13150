// Names numbered by their bytes, so that a name met ten million times is decoded once.
/** Names in the order in which they were added: a hash table with open addressing over one buffer of their bytes. */
export class ByteNames {
  length = 0;
  #bytes = new Uint8Array(1 << 14);
  #ends = new Float64Array(1 << 10); // of name n in the buffer, at n + 1
  #hashes = new Int32Array(1 << 10);
  #slots = new Int32Array(1 << 11); // 1 + a number, 0 where free; twice as many as names at least

  /** The number of the name in these bytes; of a new one -1, or when it is to be added the next. */
  find(bytes: Uint8Array, begin: number, end: number, add: boolean): number {
    let hash = -2128831035; // FNV-1a
    for (let p = begin; p < end; p++) hash = Math.imul(hash ^ bytes[p]!, 16777619);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]! - 1;
      if (this.#hashes[number] === hash && this.#equals(number, bytes, begin, end)) return number;
    }
    return add ? this.#add(bytes, begin, end, hash, slot) : -1;
  }

  names(): string[] {
    const decoder = new TextDecoder();
    return Array.from({ length: this.length }, (_, number) => decoder.decode(this.#bytes.subarray(this.#ends[number], this.#ends[number + 1])));
  }

  #equals(number: number, bytes: Uint8Array, begin: number, end: number): boolean {
    const own = this.#ends[number]!;
    if (this.#ends[number + 1]! - own !== end - begin) return false;
    for (let p = begin; p < end; p++) if (this.#bytes[own + p - begin] !== bytes[p]) return false;
    return true;
  }

  #add(bytes: Uint8Array, begin: number, end: number, hash: number, slot: number): number {
    const number = this.length++;
    const own = this.#ends[number]!;
    if (own + end - begin > this.#bytes.length) this.#bytes = larger(this.#bytes, new Uint8Array(2 * (this.#bytes.length + end - begin)));
    for (let p = begin; p < end; p++) this.#bytes[own + p - begin] = bytes[p]!;
    if (number + 1 === this.#ends.length) {
      this.#ends = larger(this.#ends, new Float64Array(2 * this.#ends.length));
      this.#hashes = larger(this.#hashes, new Int32Array(2 * this.#hashes.length));
    }
    this.#ends[number + 1] = own + end - begin;
    this.#hashes[number] = hash;
    this.#slots[slot] = number + 1;
    if (2 * this.length > this.#slots.length) this.#spread();
    return number;
  }

  /** All names anew in twice as many slots. */
  #spread(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < this.length; number++) {
      let slot = this.#hashes[number]! & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}

function larger<T extends Uint8Array | Int32Array | Float64Array>(array: T, empty: T): T {
  empty.set(array);
  return empty;
}
