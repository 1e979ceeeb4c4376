/**
 * Makes batches durable, one at a time: write, sync, publish, then tell whoever waits. Between two batches
 * of different segments it seals the one and begins the other.
 *
 * It must never tell anyone before the sync returned, and never write or sync again after one failed.
 */
import { join } from 'node:path';
import { Fault } from '../../../domain/errors.ts';
import { createSegment, writeSidecar } from './disk-steps.ts';
import type { Batch, FrameWriter, StageStart, Waiter } from './frame-writer.ts';
import type { DurablePoint } from './reading.ts';
import { type Disk, headerOf } from './recovery.ts';
import type { Segment } from './segment.ts';
import type { Segments } from './segments.ts';
import { Sidecar } from './sidecar.ts';
import { isMissing, type SegmentFile } from './storage.ts';
import { encodeWatermark, watermarkName } from './watermark.ts';

/** Ticket tables of sealed segments that stay in memory, so that recent tickets need no I/O. */
const residentTicketBytesMax = 128 * 1024 * 1024;

interface Listeners {
  /** There is room for more staged bytes. */
  onRoom(): void;
  onFailed(fault: Fault): void;
}

export class Committer {
  durable: DurablePoint;
  failed: Fault | undefined;
  readonly #disk: Disk;
  readonly #segments: Segments;
  readonly #writer: FrameWriter;
  readonly #listeners: Listeners;
  readonly #watching = new Set<() => void>();
  #segment: Segment;
  #file: SegmentFile | undefined;
  #watermark: SegmentFile | undefined;
  #inFlight: Batch | undefined;
  #running = false;
  #stopped = false;
  #publishing: Promise<void> | undefined;
  #publishAgain = false;
  #sidecarWork: Promise<void> = Promise.resolve();

  constructor(disk: Disk, segments: Segments, writer: FrameWriter, start: StageStart, listeners: Listeners) {
    this.#disk = disk;
    this.#segments = segments;
    this.#writer = writer;
    this.#listeners = listeners;
    this.#segment = start.segment;
    const lastPosition = start.nextPosition - 1;
    this.durable = { segment: start.segment.firstPosition, offset: start.offset, lastPosition };
  }

  async start(): Promise<void> {
    const { files, folder } = this.#disk;
    const path = join(folder, watermarkName);
    this.#file = await files.open(this.#segment.path, 'write');
    try {
      this.#watermark = await files.open(path, 'write');
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#watermark = await files.open(path, 'create');
    }
    await this.#watermark.write(this.#mark(), 0);
  }

  /** Bytes staged and not yet durable. */
  get pendingBytes(): number {
    return this.#writer.waitingBytes + (this.#inFlight?.length ?? 0);
  }

  /** Makes sure that what is staged gets written. Calls of the same turn still share the first batch. */
  kick(): void {
    if (this.#running || this.failed !== undefined || this.#writer.last === undefined) return;
    this.#running = true;
    setImmediate(() => void this.#run());
  }

  /** Tells `waiter` when everything that is staged now is durable, at once where nothing is. */
  onDurable(waiter: Waiter): void {
    const batch = this.#writer.last ?? this.#inFlight;
    if (this.failed !== undefined) waiter.reject(this.failed);
    else if (batch === undefined) waiter.resolve();
    else batch.waiters.push(waiter);
  }

  flushed(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.onDurable({ resolve, reject });
    return promise;
  }

  /** Resolves when a position after `position` is durable, at stop or at abort. Throws `log_failed`. */
  async durableBeyond(position: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.durable.lastPosition > position || this.#stopped || signal?.aborted === true) return;
    if (this.failed !== undefined) throw this.failed;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#watching.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#watching.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
    if (this.failed !== undefined && !this.#stopped) throw this.failed;
  }

  /** Wakes whoever follows the log, without anything new: for a log that is about to close. */
  wake(): void {
    for (const wake of [...this.#watching]) wake();
  }

  /** Makes everything durable, leaves the closing mark, and closes the files. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    try {
      if (this.failed === undefined) {
        await this.flushed();
        this.#writer.stageClosingMark();
        this.kick();
        await this.flushed();
      }
      await Promise.all([this.#publishing, this.#sidecarWork]);
      if (this.failed !== undefined) throw this.failed;
    } finally {
      await this.#file?.close();
      await this.#watermark?.close();
    }
  }

  async #run(): Promise<void> {
    try {
      for (let batch = this.#writer.take(); batch !== undefined; batch = this.#writer.take()) {
        await this.#commit(batch);
      }
      this.#running = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  async #commit(batch: Batch): Promise<void> {
    this.#inFlight = batch;
    const file = await this.#fileOf(batch.segment);
    await file.write(batch.bytes.subarray(0, batch.length), batch.startOffset);
    await file.sync();
    if (this.failed !== undefined) throw this.failed;
    const { firstPosition: segment } = batch.segment;
    this.durable = { segment, offset: batch.startOffset + batch.length, lastPosition: batch.lastPosition };
    this.#inFlight = undefined;
    this.#publish();
    for (const waiter of batch.waiters) waiter.resolve();
    this.wake();
    this.#writer.recycle(batch);
    if (batch.seals) await this.#seal(batch);
    this.#listeners.onRoom();
  }

  async #fileOf(segment: Segment): Promise<SegmentFile> {
    if (this.#file !== undefined && segment === this.#segment) return this.#file;
    await this.#file?.close();
    this.#file = undefined;
    await createSegment(this.#disk.files, segment.path, headerOf(segment, this.#segments.seed));
    this.#file = await this.#disk.files.open(segment.path, 'write');
    this.#segment = segment;
    return this.#file;
  }

  /**
   * The sidecar is written beside the next segment's batches; one at a time, so that tables can not pile
   * up.
   */
  async #seal(batch: Batch): Promise<void> {
    await this.#sidecarWork;
    this.#sidecarWork = this.#index(batch).catch((error: unknown) => this.#fail(error));
  }

  async #index(batch: Batch): Promise<void> {
    const { segment } = batch;
    const { index, salt, firstPosition } = segment;
    if (index === undefined) return;
    const nextPosition = batch.lastPosition + 1;
    const lastRecordedAt = this.#segments.byFirst(nextPosition)?.recordedAtMin ?? segment.recordedAtMin;
    const segmentBytes = batch.startOffset + batch.length;
    const facts = { salt, firstPosition, nextPosition, segmentBytes, lastRecordedAt };
    const { files, open } = this.#disk;
    await writeSidecar(files, open, segment.path, facts, index);
    segment.sidecar = await Sidecar.open(open, segment.path, salt);
    segment.index = undefined;
    this.#segments.keepTables(residentTicketBytesMax);
  }

  #publish(): void {
    this.#publishAgain = true;
    this.#publishing ??= this.#publishLatest()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#publishing = undefined;
      });
  }

  async #publishLatest(): Promise<void> {
    while (this.#publishAgain) {
      this.#publishAgain = false;
      await this.#watermark?.write(this.#mark(), 0);
    }
  }

  #mark(): Buffer {
    const segment = this.#segments.byFirst(this.durable.segment) ?? this.#segment;
    return encodeWatermark({ salt: segment.salt, ...this.durable });
  }

  #fail(cause: unknown): void {
    if (this.failed !== undefined) return;
    const fault = new Fault('log_failed', `writing to ${this.#disk.folder} failed; open the log anew`, {
      cause,
    });
    this.failed = fault;
    const batches = [this.#inFlight];
    for (let batch = this.#writer.take(); batch !== undefined; batch = this.#writer.take())
      batches.push(batch);
    for (const batch of batches) for (const waiter of batch?.waiters ?? []) waiter.reject(fault);
    this.#listeners.onFailed(fault);
    this.wake();
  }
}
