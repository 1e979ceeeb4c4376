/**
 * A stream of bytes cut into whole lines, many at a time. Of a line that goes on for too long nothing is kept
 * but the fact that it was there; one that is too long and ends in the piece that it began in is left to the
 * reader of the lines.
 */
import { GatheredBytes } from './gathered-bytes.ts';

export interface LineBlock {
  /** Whether a line that was too long to be kept, and is not among these, came before them. */
  readonly afterTooLong: boolean;
  /** Each line ends with its newline, but for the last one of the stream. */
  readonly bytes: Buffer;
}

const newline = 0x0a;

export class Lines {
  readonly #lineBytesMax: number;
  readonly #begun = new GatheredBytes();
  #skipping = false;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The lines that end in this piece; undefined where none does. */
  push(piece: Buffer): LineBlock | undefined {
    const end = piece.lastIndexOf(newline) + 1;
    if (end === 0) return this.#begin(piece);
    const afterTooLong = this.#skipping;
    const whole = afterTooLong
      ? piece.subarray(piece.indexOf(newline) + 1, end)
      : this.#complete(piece.subarray(0, end));
    this.#skipping = false;
    this.#begin(piece.subarray(end));
    return { afterTooLong, bytes: whole };
  }

  /** What is left when nothing more comes. */
  end(): LineBlock | undefined {
    const bytes = this.#begun.take();
    return this.#skipping || bytes.length > 0 ? { afterTooLong: this.#skipping, bytes } : undefined;
  }

  #begin(piece: Buffer): undefined {
    if (this.#skipping || piece.length === 0) return;
    if (this.#begun.length + piece.length <= this.#lineBytesMax) this.#begun.add(piece);
    else {
      this.#begun.take();
      this.#skipping = true;
    }
  }

  #complete(piece: Buffer): Buffer {
    if (this.#begun.length === 0) return piece;
    this.#begun.add(piece);
    return this.#begun.take();
  }
}
