/**
 * The file of rejected rows: one JSON object per line, written as the import goes. It is made at once, so
 * that a path that can not be written is known before anything is imported.
 *
 * It must never hold back more lines than its stream's buffer: whoever writes must wait for `drained`.
 */
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';

const bufferedBytesMax = 1_048_576;

export class RejectFile {
  readonly #stream: Writable;
  #failure: Error | undefined;
  #full = false;

  private constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  /** Begins a new file; one of this name is replaced. Only its owner may read it: rows hold personal data. */
  static async create(path: string): Promise<RejectFile> {
    const handle = await open(path, 'w', 0o600);
    return new RejectFile(handle.createWriteStream({ highWaterMark: bufferedBytesMax }));
  }

  write(entry: object): void {
    this.#full = !this.#stream.write(`${JSON.stringify(entry)}\n`);
  }

  /** Resolves when there is room again. Throws where the file can not be written. */
  async drained(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#full) return;
    await once(this.#stream, 'drain');
    this.#full = false;
  }

  async close(): Promise<void> {
    if (this.#failure === undefined && !this.#stream.closed) {
      this.#stream.end();
      await once(this.#stream, 'close');
    }
    if (this.#failure !== undefined) throw this.#failure;
  }
}
