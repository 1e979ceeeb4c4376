/**
 * Takes the calls of `append` in their order into batches. While one batch is being committed the next one is
 * filled, so that a commit serves all who came meanwhile. Calls are encoded as they come; what waits is
 * bounded.
 *
 * It must never commit a later call before an earlier one: a caller may send the next event of a ticket
 * without waiting for the last one's acknowledgement.
 */
import { Fault } from '../../../domain/errors.ts';
import type { AppendOutcome, Write } from '../../../domain/ports.ts';
import { Batch, batchWritesMax } from './batch.ts';
import type { Committer } from './committer.ts';

/** A batch that has grown to either of these takes no further call. */
export const batchEventsMax = 4_096;
export const batchBytesMax = 4 * 1024 * 1024;
/** Encoded bytes that wait for their commit; beyond them a call is refused. */
export const pendingBytesMax = 64 * 1024 * 1024;
/** Calls that wait for their commit; beyond them a call is refused. */
export const pendingCallsMax = 65_536;

export class Intake {
  readonly #committer: Committer;
  readonly #waiting: Batch[] = [];
  #pendingBytes = 0;
  /** Of the newest batch that was committed: the next one will be like it. */
  #bytesLikely = 0;
  #pendingCalls = 0;
  #running: Promise<void> | undefined;
  #failed: Fault | undefined;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  append(writes: readonly Write[]): Promise<readonly AppendOutcome[]> {
    if (this.#failed !== undefined) throw this.#failed;
    if (writes.length === 0) return Promise.resolve([]);
    if (writes.length > batchWritesMax) throw new RangeError(`a call of at most ${batchWritesMax} writes`);
    if (this.#pendingBytes > pendingBytesMax || this.#pendingCalls >= pendingCallsMax) {
      const message = `${this.#pendingCalls} appends (${this.#pendingBytes} bytes) are waiting for PostgreSQL`;
      throw new Fault('overloaded', message);
    }
    const { promise, resolve, reject } = Promise.withResolvers<readonly AppendOutcome[]>();
    const batch = this.#openBatch(writes.length);
    const before = batch.bytes;
    batch.add(writes, resolve, reject);
    this.#pendingBytes += batch.bytes - before;
    this.#pendingCalls += 1;
    this.#running ??= this.#run();
    return promise;
  }

  /** Resolves when no call waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #openBatch(writes: number): Batch {
    const last = this.#waiting.at(-1);
    if (
      last !== undefined &&
      last.events.count < batchEventsMax &&
      last.bytes < batchBytesMax &&
      last.writeCalls.length + writes <= batchWritesMax
    ) {
      return last;
    }
    const batch = new Batch(this.#bytesLikely);
    this.#waiting.push(batch);
    return batch;
  }

  async #run(): Promise<void> {
    // Calls of the same turn share the first batch.
    await Promise.resolve();
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      const { bytes, callCount } = batch;
      // Its only call could not be encoded.
      if (callCount === 0) continue;
      this.#bytesLikely = bytes;
      try {
        batch.answer(await this.#committer.commit(batch));
      } catch (error) {
        this.#fail(batch, error);
      }
      this.#pendingBytes -= bytes;
      this.#pendingCalls -= callCount;
    }
    this.#running = undefined;
  }

  #fail(batch: Batch, error: unknown): void {
    batch.fail(error);
    if (!(error instanceof Fault)) return;
    if (!error.retry) this.#failed = error;
    // They would wait as long again for the same end.
    for (const waiting of this.#waiting.splice(0)) {
      this.#pendingBytes -= waiting.bytes;
      this.#pendingCalls -= waiting.callCount;
      waiting.fail(error);
    }
  }
}
