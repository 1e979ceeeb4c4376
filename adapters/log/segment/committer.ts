/**
 * Makes batches durable, one at a time: write, sync, publish, then tell whoever waits. Between two batches
 * of different segments it seals the one and begins the other. When no append has come for a while, it leaves
 * a marker, which proves that what was acknowledged last is durable.
 *
 * It must never tell anyone before the sync returned, and never write or sync again after one failed.
 */
import type { Fault } from '../../../domain/errors.ts';
import { createSegment, writeSidecar } from './disk-steps.ts';
import type { Batch, FrameWriter, Waiter } from './frame-writer.ts';
import { GrowingFile, type GrowingFileOptions } from './growing-file.ts';
import type { DurablePoint } from './reading.ts';
import { type Disk, headerOf, type Recovered } from './recovery.ts';
import type { Segment } from './segment.ts';
import type { Segments } from './segments.ts';
import { Sidecar } from './sidecar.ts';
import { type Watermark, WatermarkWriter } from './watermark.ts';

/** Does `work` after a while, unless it is called off by what is returned. */
export type Schedule = (work: () => void, delayMs: number) => () => void;

export interface CommitOptions extends GrowingFileOptions {
  /** How long no append must have come before a marker is written. */
  readonly idleMarkerDelayMs: number;
  readonly schedule: Schedule;
  /** Ticket tables of sealed segments that stay in memory, so that recent tickets need no I/O. */
  readonly residentTicketBytesMax: number;
}

interface Listeners {
  /** There is room for more staged bytes. */
  onRoom(): void;
  onFailed(fault: Fault): void;
}

export class Committer {
  durable: DurablePoint;
  readonly #disk: Disk;
  readonly #segments: Segments;
  readonly #writer: FrameWriter;
  readonly #options: CommitOptions;
  readonly #listeners: Listeners;
  readonly #watching = new Set<() => void>();
  #segment: Segment;
  #file: GrowingFile | undefined;
  #watermark: WatermarkWriter | undefined;
  #inFlight: Batch | undefined;
  #running = false;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;
  /** The closing mark is staged: nothing will follow it. */
  #closing = false;
  #sidecarWork: Promise<void> = Promise.resolve();
  /** Whether something durable lies behind the last frame that proves what is before it. */
  #unproven: boolean;
  #callOffMarker: () => void = () => {};

  constructor(
    disk: Disk,
    recovered: Recovered,
    writer: FrameWriter,
    options: CommitOptions,
    listeners: Listeners,
  ) {
    const { segments, start, proven } = recovered;
    this.#disk = disk;
    this.#segments = segments;
    this.#writer = writer;
    this.#options = options;
    this.#listeners = listeners;
    this.#segment = start.segment;
    this.#unproven = !proven;
    const lastPosition = start.nextPosition - 1;
    this.durable = { segment: start.segment.firstPosition, offset: start.offset, lastPosition };
    disk.files.onFailed = (fault) => this.#stopForGood(fault);
  }

  /** Why the log has stopped for good. */
  get failed(): Fault | undefined {
    return this.#disk.files.failed;
  }

  async start(): Promise<void> {
    const { files, folder } = this.#disk;
    try {
      this.#file = await this.#openFile(this.#segment);
      this.#watermark = await WatermarkWriter.open(files, folder, this.#mark(), (cause) => files.fail(cause));
      if (this.failed !== undefined) throw this.failed;
    } catch (error) {
      await this.#closeFiles();
      throw error;
    }
    this.#scheduleMarker();
  }

  /** Bytes staged and not yet durable. */
  get pendingBytes(): number {
    return this.#writer.waitingBytes + (this.#inFlight?.length ?? 0);
  }

  /** Makes sure that what is staged gets written. Calls of the same turn still share the first batch. */
  kick(): void {
    if (this.#running || this.failed !== undefined || this.#writer.last === undefined) return;
    this.#running = true;
    this.#callOffMarker();
    setImmediate(() => {
      this.#work = this.#run();
    });
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
    this.#callOffMarker();
    this.wake();
    try {
      if (this.failed === undefined) {
        await this.flushed();
        this.#closing = true;
        this.#writer.stageClosingMark();
        this.kick();
        await this.flushed();
      }
    } finally {
      await this.#closeFiles();
    }
    if (this.failed !== undefined) throw this.failed;
  }

  /** Not before the last write has returned: another file may be given the same descriptor. */
  async #closeFiles(): Promise<void> {
    await this.#work;
    await this.#sidecarWork;
    const closed = await Promise.allSettled([this.#file?.close(), this.#watermark?.close()]);
    for (const each of closed) if (each.status === 'rejected') this.#disk.files.fail(each.reason);
  }

  async #run(): Promise<void> {
    try {
      for (let batch = this.#writer.take(); batch !== undefined; batch = this.#writer.take()) {
        await this.#commit(batch);
      }
      this.#running = false;
      this.#scheduleMarker();
    } catch (error) {
      this.#disk.files.fail(error);
    }
  }

  async #commit(batch: Batch): Promise<void> {
    this.#inFlight = batch;
    const file = await this.#fileOf(batch.segment);
    const waits = this.#writer.last === undefined ? 'later' : 'waits';
    const next = batch.seals || this.#closing ? 'nothing ever' : waits;
    await file.append(batch.bytes.subarray(0, batch.length), batch.startOffset, next);
    if (this.failed !== undefined) throw this.failed;
    const { firstPosition: segment } = batch.segment;
    // A batch without events is a mark, which proves whatever is before it.
    this.#unproven = batch.lastPosition > this.durable.lastPosition;
    this.durable = { segment, offset: batch.startOffset + batch.length, lastPosition: batch.lastPosition };
    this.#inFlight = undefined;
    this.#watermark?.publish(this.#mark());
    for (const waiter of batch.waiters) waiter.resolve();
    this.wake();
    this.#writer.recycle(batch);
    if (batch.seals) await this.#seal(batch);
    this.#listeners.onRoom();
  }

  #scheduleMarker(): void {
    this.#callOffMarker();
    if (!this.#unproven || this.#stopped) return;
    this.#callOffMarker = this.#options.schedule(() => this.#leaveMarker(), this.#options.idleMarkerDelayMs);
  }

  #leaveMarker(): void {
    if (this.#running || this.#stopped || !this.#unproven || this.failed !== undefined) return;
    this.#writer.stageMarker();
    this.kick();
  }

  async #fileOf(segment: Segment): Promise<GrowingFile> {
    if (this.#file !== undefined && segment === this.#segment) return this.#file;
    await this.#file?.close();
    this.#file = undefined;
    await createSegment(this.#disk.files, segment.path, headerOf(segment, this.#segments.seed));
    this.#file = await this.#openFile(segment);
    this.#segment = segment;
    return this.#file;
  }

  #openFile(segment: Segment): Promise<GrowingFile> {
    return GrowingFile.open(this.#disk.files, segment.path, this.#options);
  }

  /**
   * The sidecar is written beside the next segment's batches; one at a time, so that tables can not pile
   * up.
   */
  async #seal(batch: Batch): Promise<void> {
    await this.#sidecarWork;
    this.#sidecarWork = this.#index(batch).catch((error: unknown) => {
      this.#disk.files.fail(error);
    });
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
    this.#segments.keepTables(this.#options.residentTicketBytesMax);
  }

  #mark(): Watermark {
    const segment = this.#segments.byFirst(this.durable.segment) ?? this.#segment;
    return { salt: segment.salt, ...this.durable };
  }

  /** Nothing that waits, and nothing that would be written next, is acknowledged any more. */
  #stopForGood(fault: Fault): void {
    this.#callOffMarker();
    const batches = [this.#inFlight];
    for (let batch = this.#writer.take(); batch !== undefined; batch = this.#writer.take())
      batches.push(batch);
    for (const batch of batches) for (const waiter of batch?.waiters ?? []) waiter.reject(fault);
    this.#listeners.onFailed(fault);
    this.wake();
  }
}
