/**
 * What one thread of Node does at best with the same duty, as the yardstick for engine and log: look the
 * ticket up, write a record of the size that Docket's have into a buffer, checksum the batch, write and sync.
 * It decides nothing, keeps nothing to be read again and answers nobody, so that little
 * can be faster; it moves with the machine as the engine does, which a disk alone would not.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { liveTicketsCount } from './workloads.ts';
import type { Bench } from './workspace.ts';

const recordBytes = 28;
const checksumBytes = 4;
const batchRecords = 4_000;
/** A prime, so that steps of this size visit every ticket before any comes again. */
const stride = 7_919;

export class BareLoop {
  readonly #tickets = new Map<string, { revision: number }>();
  readonly #ids: readonly string[];
  #sent = 0;

  constructor() {
    this.#ids = Array.from(
      { length: liveTicketsCount },
      (_, index) => `INC${String(index).padStart(7, '0')}`,
    );
    for (const id of this.#ids) this.#tickets.set(id, { revision: 0 });
  }

  /** Records per second, each durable. */
  async rate(records: number, { workspace, signal }: Bench): Promise<number> {
    const path = join(workspace.folder, 'bare-loop');
    const file = openSync(path, 'w', 0o600);
    const batch = Buffer.alloc(checksumBytes + recordBytes * batchRecords);
    let offset = 0;
    const startedAtMs = performance.now();
    try {
      for (let left = records; left > 0; left -= batchRecords) {
        // So that Ctrl-C is heard.
        await turn();
        signal.throwIfAborted();
        const bytes = this.#fill(batch, Math.min(left, batchRecords));
        batch.writeUInt32LE(crc32(batch.subarray(checksumBytes, bytes)), 0);
        writeSync(file, batch, 0, bytes, offset);
        fdatasyncSync(file);
        offset += bytes;
      }
      return (records * 1_000) / (performance.now() - startedAtMs);
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
  }

  /** Answers how many bytes the records take, after room for the checksum. */
  #fill(batch: Buffer, records: number): number {
    let at = checksumBytes;
    for (let index = 0; index < records; index += 1) {
      const id = this.#ids[(this.#sent * stride) % liveTicketsCount] ?? '';
      const ticket = this.#tickets.get(id);
      this.#sent += 1;
      if (ticket === undefined) throw new Error('bug: a ticket is not there');
      ticket.revision += 1;
      at += batch.write(id, at, 'latin1');
      batch.writeUInt32LE(ticket.revision, at);
      batch.writeDoubleLE(Date.now(), at + 4);
      batch.writeUInt32LE(this.#sent >>> 0, at + 12);
      at += recordBytes - id.length;
    }
    return at;
  }
}
