/**
 * Numbers and texts out of a buffer, as byte-writer.ts wrote them. It must never read past `end`: a record
 * that says otherwise is refused with a RangeError.
 */
import { textForms } from './byte-writer.ts';

/** Texts that repeat a lot (states, workflows, actors) are kept once; the oldest go when it is full. */
const sharedTextsMax = 4_096;
const sharedTextBytesMax = 64;
interface SharedText {
  readonly bytes: Uint8Array;
  readonly text: string;
}
const sharedTexts: (SharedText | undefined)[] = new Array(sharedTextsMax).fill(undefined);

export class ByteReader {
  at: number;
  readonly #bytes: Buffer;
  readonly #end: number;

  constructor(bytes: Buffer, at: number, end: number) {
    if (end > bytes.length) throw new RangeError('a record that ends beyond its frame');
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  byte(): number {
    const value = this.#bytes[this.at];
    if (this.at >= this.#end || value === undefined) throw new RangeError('a record that ends too early');
    this.at += 1;
    return value;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    const start = this.#advance(8);
    return this.#bytes.readDoubleLE(start);
  }

  text(): string {
    const head = this.varint();
    const length = Math.floor(head / 4);
    const start = this.#advance(length);
    switch (head % 4) {
      case textForms.latin1:
        return this.#bytes.toString('latin1', start, this.at);
      case textForms.utf16:
        return this.#bytes.toString('ucs2', start, this.at);
      case textForms.hex:
        return this.#bytes.toString('hex', start, this.at);
      default:
        return dashed(this.#bytes.toString('hex', start, this.at));
    }
  }

  /** As `text`, for texts that few distinct values of are expected: gives the same string object again. */
  sharedText(): string {
    const begin = this.at;
    const head = this.varint();
    const length = Math.floor(head / 4);
    const start = this.at;
    this.at = begin;
    if (head % 4 !== textForms.latin1 || length > sharedTextBytesMax || start + length > this.#end) {
      return this.text();
    }
    let hash = length;
    for (let index = 0; index < length; index += 1) {
      hash = Math.imul(hash ^ (this.#bytes[start + index] ?? 0), 0x9e3779b1);
    }
    const slot = (hash ^ (hash >>> 15)) & (sharedTextsMax - 1);
    const shared = sharedTexts[slot];
    if (shared !== undefined && this.#matches(start, length, shared.bytes)) {
      this.at = start + length;
      return shared.text;
    }
    const text = this.text();
    sharedTexts[slot] = { bytes: Uint8Array.from(this.#bytes.subarray(start, this.at)), text };
    return text;
  }

  #matches(start: number, length: number, other: Uint8Array): boolean {
    if (other.length !== length) return false;
    for (let index = 0; index < length; index += 1) {
      if (this.#bytes[start + index] !== other[index]) return false;
    }
    return true;
  }

  #advance(length: number): number {
    const start = this.at;
    if (start + length > this.#end) throw new RangeError('a record that ends too early');
    this.at = start + length;
    return start;
  }
}

function dashed(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
