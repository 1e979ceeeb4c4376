/**
 * A fast 64-bit hash of a string, as two 32-bit halves, and a blocked Bloom filter over such hashes.
 *
 * The hash only finds candidates: whoever uses it compares the real string afterwards, so that chosen
 * collisions may cost time but never a wrong answer. The seed is random per log, which makes choosing hard.
 */

export interface HashSeed {
  readonly lo: number;
  readonly hi: number;
}

/** Holds the last hash, so that hashing allocates nothing. Both halves are unsigned. */
export class KeyHash {
  lo = 0;
  hi = 0;
  readonly #seed: HashSeed;

  constructor(seed: HashSeed) {
    this.#seed = seed;
  }

  of(text: string): this {
    // Two characters a step; the rotation carries what differs in high bits down to the low ones.
    let a = this.#seed.lo ^ text.length;
    let b = this.#seed.hi ^ 0x41c6ce57;
    const pairs = text.length & ~1;
    for (let index = 0; index < pairs; index += 2) {
      const codes = text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16);
      a = Math.imul(((a << 13) | (a >>> 19)) ^ codes, 0x9e3779b1);
      b = Math.imul(((b << 17) | (b >>> 15)) ^ codes, 0x5f356495);
    }
    if (pairs < text.length) {
      const code = text.charCodeAt(pairs);
      a = Math.imul(((a << 13) | (a >>> 19)) ^ code, 0x9e3779b1);
      b = Math.imul(((b << 17) | (b >>> 15)) ^ code, 0x5f356495);
    }
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
    b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
    this.lo = (a ^ (a >>> 16)) >>> 0;
    this.hi = (b ^ (b >>> 16)) >>> 0;
    return this;
  }
}

const blockWords = 16;
const bitsPerKey = 16;
const probes = 6;

/**
 * Says "surely not here" or "perhaps here" (about 0.2 % of the absent keys) at two bytes a key; all bits of
 * a key lie in one 64-byte block, so a probe costs one cache line.
 */
export class BloomFilter {
  readonly words: Uint32Array;
  readonly #blocks: number;

  constructor(words: Uint32Array) {
    this.words = words;
    this.#blocks = words.length / blockWords;
  }

  static forKeys(keyCount: number): BloomFilter {
    const blocks = Math.max(1, Math.ceil((keyCount * bitsPerKey) / (blockWords * 32)));
    return new BloomFilter(new Uint32Array(blocks * blockWords));
  }

  add(lo: number, hi: number): void {
    const base = Math.floor((hi * this.#blocks) / 0x1_0000_0000) * blockWords;
    const step = (Math.imul(lo, 0x9e3779b1) >>> 21) | 1;
    for (let probe = 0, bit = lo; probe < probes; probe += 1, bit += step) {
      const word = base + ((bit >>> 5) & 15);
      this.words[word] = (this.words[word] ?? 0) | (1 << (bit & 31));
    }
  }

  mayHave(lo: number, hi: number): boolean {
    const base = Math.floor((hi * this.#blocks) / 0x1_0000_0000) * blockWords;
    const step = (Math.imul(lo, 0x9e3779b1) >>> 21) | 1;
    for (let probe = 0, bit = lo; probe < probes; probe += 1, bit += step) {
      if (((this.words[base + ((bit >>> 5) & 15)] ?? 0) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}
