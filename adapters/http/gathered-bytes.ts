/**
 * Bytes that arrive in pieces, kept in one buffer that grows. A list of the pieces would let a caller who
 * sends single bytes hold a hundred times what they are worth.
 */

/** No bytes. */
const nothing: Buffer = Buffer.alloc(0);
const growth = 2;

export class GatheredBytes {
  #buffer = nothing;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The first piece is kept as it is; whoever adds one must leave it alone. */
  add(piece: Buffer): void {
    if (this.#length === 0) this.#buffer = piece;
    else {
      const length = this.#length + piece.length;
      if (length > this.#buffer.length) {
        const larger = Buffer.allocUnsafe(length * growth);
        this.#buffer.copy(larger, 0, 0, this.#length);
        this.#buffer = larger;
      }
      piece.copy(this.#buffer, this.#length);
    }
    this.#length += piece.length;
  }

  /** All of them, in order; none are left. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = nothing;
    this.#length = 0;
    return taken;
  }
}
