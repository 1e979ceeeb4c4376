/**
 * A PostgreSQL array of rows or of texts in the binary form in which it travels as one parameter: the server
 * takes it without parsing numbers or undoing quotes. On the hot path of appending; it allocates only to
 * grow.
 *
 *     array   i32 1, i32 0 (no nulls), i32 type of the elements, i32 count, i32 1; each: i32 bytes, element
 *     row     i32 columns; each: i32 type, i32 bytes (-1 for NULL), value
 *
 * No row may be left begun and not ended when the array is finished; `cutBack` undoes half a row.
 */
import { toStorable } from './storable-text.ts';

/** PostgreSQL's own ids of its types, see pg_type.dat. */
export const typeIds = { int8: 20, int4: 23, text: 25, json: 114 } as const;

const arrayHeaderBytes = 20;
/** Up to here a loop over characters is faster than a call into the runtime. */
const asciiLoopCharactersMax = 64;
const utf8BytesPerCharacterMax = 3;
const twoTo32 = 2 ** 32;

export interface RowMark {
  readonly at: number;
  readonly count: number;
}

export class RowWriter {
  /** Elements so far. */
  count = 0;
  #bytes: Buffer;
  #view: DataView;
  #at = arrayHeaderBytes;
  #elementAt = 0;

  constructor(bytesFirst: number) {
    this.#bytes = Buffer.allocUnsafeSlow(arrayHeaderBytes + bytesFirst);
    this.#view = viewOf(this.#bytes);
  }

  /** How much the elements so far take. */
  get bytes(): number {
    return this.#at - arrayHeaderBytes;
  }

  get mark(): RowMark {
    return { at: this.#at, count: this.count };
  }

  cutBack({ at, count }: RowMark): void {
    this.#at = at;
    this.count = count;
  }

  /** The array, valid until the next change. `elementType` is the type's id in this database. */
  finish(elementType: number): Buffer {
    this.#view.setInt32(0, this.count === 0 ? 0 : 1);
    this.#view.setInt32(4, 0);
    this.#view.setUint32(8, elementType);
    this.#view.setInt32(12, this.count);
    this.#view.setInt32(16, 1);
    // An array without elements has no dimensions.
    return this.#bytes.subarray(0, this.count === 0 ? 12 : this.#at);
  }

  beginRow(columns: number): void {
    this.#ensure(8);
    this.#elementAt = this.#at;
    this.#view.setInt32(this.#at + 4, columns);
    this.#at += 8;
  }

  endRow(): void {
    this.#view.setInt32(this.#elementAt, this.#at - this.#elementAt - 4);
    this.count += 1;
  }

  int4(value: number): void {
    this.#ensure(12);
    this.#view.setInt32(this.#at, typeIds.int4);
    this.#view.setInt32(this.#at + 4, 4);
    this.#view.setInt32(this.#at + 8, value);
    this.#at += 12;
  }

  /** A whole number that is exact in JavaScript. */
  int8(value: number): void {
    this.#ensure(16);
    const high = Math.floor(value / twoTo32);
    this.#view.setInt32(this.#at, typeIds.int8);
    this.#view.setInt32(this.#at + 4, 8);
    this.#view.setInt32(this.#at + 8, high);
    this.#view.setUint32(this.#at + 12, value - high * twoTo32);
    this.#at += 16;
  }

  text(value: string | undefined): void {
    this.#ensure(8);
    this.#view.setInt32(this.#at, typeIds.text);
    this.#at += 4;
    if (value === undefined) this.#null();
    else this.#characters(value, true);
  }

  /** JSON.stringify escapes what PostgreSQL can not hold. */
  json(text: string): void {
    this.#ensure(8);
    this.#view.setInt32(this.#at, typeIds.json);
    this.#at += 4;
    this.#characters(text, false);
  }

  /** An element that is a text itself, in an array of texts. */
  textElement(value: string): void {
    this.#characters(value, true);
    this.count += 1;
  }

  #null(): void {
    this.#view.setInt32(this.#at, -1);
    this.#at += 4;
  }

  #characters(text: string, marks: boolean): void {
    if (text.length > asciiLoopCharactersMax || !this.#asciiCharacters(text))
      this.#anyCharacters(text, marks);
  }

  /** False, and nothing written, where there are others. */
  #asciiCharacters(text: string): boolean {
    const length = text.length;
    this.#ensure(4 + length);
    const start = this.#at + 4;
    const bytes = this.#bytes;
    let lowest = 1;
    let all = 0;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      all |= code;
      // Negative for U+0000 only.
      lowest |= code - 1;
      bytes[start + index] = code;
    }
    if (all > 0x7f || lowest < 0) return false;
    this.#view.setInt32(this.#at, length);
    this.#at = start + length;
    return true;
  }

  #anyCharacters(text: string, marks: boolean): void {
    const storable = marks ? toStorable(text) : text;
    this.#ensure(4 + utf8BytesPerCharacterMax * storable.length);
    const length = this.#bytes.write(storable, this.#at + 4, 'utf8');
    this.#view.setInt32(this.#at, length);
    this.#at += 4 + length;
  }

  #ensure(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#at + more, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

/** `i32[]` in the same form. */
export function int4Array(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(arrayHeaderBytes + 8 * values.length);
  const view = viewOf(bytes);
  view.setInt32(0, values.length === 0 ? 0 : 1);
  view.setInt32(4, 0);
  view.setInt32(8, typeIds.int4);
  view.setInt32(12, values.length);
  view.setInt32(16, 1);
  for (let index = 0; index < values.length; index += 1) {
    view.setInt32(arrayHeaderBytes + 8 * index, 4);
    view.setInt32(arrayHeaderBytes + 8 * index + 4, values[index] ?? 0);
  }
  return values.length === 0 ? bytes.subarray(0, 12) : bytes;
}

export function textArray(values: readonly string[]): Buffer {
  const writer = new RowWriter(32 * values.length);
  for (const value of values) writer.textElement(value);
  return writer.finish(typeIds.text);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
