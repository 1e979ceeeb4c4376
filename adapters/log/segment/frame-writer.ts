/**
 * Lays frames into batches and batches into segments: where the next record goes, when a frame or a batch
 * is full, when the segment is. Staging fills it; the log takes whole batches out and makes them durable.
 *
 * It must never let a write be in two frames: a crash could keep half of it.
 */
import type { Fault } from '../../../domain/errors.ts';
import type { EpochMs } from '../../../domain/ticket/values.ts';
import {
  encodeFrameHeader,
  type FrameKind,
  fileHeaderBytes,
  frameBytesTarget,
  frameEventsMax,
  frameHeaderBytes,
  frameKinds,
} from './format.ts';
import { FrameNames } from './frame-names.ts';
import type { MemoryIndex } from './memory-index.ts';
import type { GrowingSegment, Segment } from './segment.ts';

/** A batch that has grown to this takes no further write. */
export const batchBytesTarget = 4 * 1024 * 1024;
/** A buffer begins with this and grows with its batches: most logs never need the largest. */
const bufferBytesMin = 64 * 1024;
/** A buffer that one huge write made larger than this is not kept. */
const bufferBytesKeptMax = 2 * batchBytesTarget;
/** Buffers kept for the next batches. */
const spareBuffersMax = 4;

/** Whoever waits for a batch to be durable. */
export interface Waiter {
  resolve(): void;
  reject(fault: Fault): void;
}

/** What one sync makes durable: frames of one segment. */
export interface Batch {
  readonly segment: Segment;
  /** Offset of its first byte in the segment. */
  readonly startOffset: number;
  bytes: Buffer;
  length: number;
  /** Position of its last event, or of the last event before it. */
  lastPosition: number;
  /** The last batch of its segment. */
  seals: boolean;
  readonly waiters: Waiter[];
}

export interface StageStart {
  readonly segment: GrowingSegment;
  readonly offset: number;
  readonly nextPosition: number;
  readonly recordedAt: EpochMs;
}

export type NextSegment = (firstPosition: number, recordedAt: EpochMs) => GrowingSegment;

export class FrameWriter {
  nextPosition: number;
  /** Of the newest event. */
  recordedAt: EpochMs;
  /** The same, counted from the open frame's first. */
  recordedAfterFrame = 0;
  current: Batch;
  /** Of the segment that the current batch belongs to. */
  index: MemoryIndex;
  /** Events in the open frame so far. */
  frameEvents = 0;
  frameRecordedAt = 0;
  /** What the open frame's records refer to by number. */
  readonly names = new FrameNames();
  readonly #segmentBytesMax: number;
  readonly #nextSegment: NextSegment;
  readonly #full: Batch[] = [];
  readonly #spare: Buffer[] = [];
  #fullBytes = 0;
  /** Of the open frame within the batch; -1 where none is open. */
  #frameStart = -1;
  #framePosition = 0;

  constructor(start: StageStart, segmentBytesMax: number, nextSegment: NextSegment) {
    this.#segmentBytesMax = segmentBytesMax;
    this.#nextSegment = nextSegment;
    this.nextPosition = start.nextPosition;
    this.recordedAt = start.recordedAt;
    this.index = start.segment.index;
    this.current = this.#newBatch(start.segment, start.offset);
  }

  /** Bytes staged and not taken yet. */
  get waitingBytes(): number {
    return this.#fullBytes + this.current.length;
  }

  /** Events are recorded at this time from now on; earlier than the newest one it never is. */
  advance(now: EpochMs): void {
    if (now <= this.recordedAt) return;
    this.recordedAt = now;
    this.recordedAfterFrame = now - this.frameRecordedAt;
  }

  /** Bytes of the open frame so far, its names included. */
  get frameBytes(): number {
    return this.current.length - this.#frameStart + this.names.bytesMax;
  }

  /** Goes on to the next segment where this one is full. To be called before the segment's index is used. */
  rotateIfFull(): void {
    if (this.current.startOffset + this.current.length >= this.#segmentBytesMax) this.#rotate();
  }

  /** Makes a frame ready that has room for the write's events; returns the position of the first. */
  begin(eventCount: number): number {
    if (this.current.length >= batchBytesTarget) this.#pushFull(this.#startBatch());
    else if (
      this.#frameStart >= 0 &&
      (this.frameBytes >= frameBytesTarget || this.frameEvents + eventCount > frameEventsMax)
    ) {
      this.#closeFrame();
    }
    if (this.#frameStart < 0) this.#openFrame();
    return this.nextPosition;
  }

  /** The next batch to be made durable, with its last frame closed; undefined where nothing waits. */
  take(): Batch | undefined {
    const full = this.#full.shift();
    this.#fullBytes -= full?.length ?? 0;
    if (full !== undefined) return full;
    if (this.current.length === 0) return undefined;
    return this.#startBatch();
  }

  /** The batch that will be durable last; undefined where nothing waits. */
  get last(): Batch | undefined {
    return this.current.length > 0 ? this.current : this.#full.at(-1);
  }

  /** Stages the frame that proves, on a clean close, that everything before it is durable. */
  stageClosingMark(): void {
    this.#closeFrame();
    this.#emptyFrame(frameKinds.closed);
  }

  /** Stages the frame that proves, after idle, that everything before it is durable. */
  stageMarker(): void {
    this.#closeFrame();
    this.#emptyFrame(frameKinds.marker);
  }

  recycle(batch: Batch): void {
    if (batch.bytes.length <= bufferBytesKeptMax && this.#spare.length < spareBuffersMax) {
      this.#spare.push(batch.bytes);
    }
  }

  /** Takes back what a write left in the open frame before it failed. */
  undo(before: { readonly length: number; readonly events: number }, position: number): void {
    this.current.length = before.length;
    this.current.lastPosition = position - 1;
    this.frameEvents = before.events;
    this.nextPosition = position;
    if (before.events === 0) this.#closeFrame();
  }

  /** Makes room for `moreBytes` in the current batch. */
  ensure(moreBytes: number): void {
    const batch = this.current;
    if (batch.length + moreBytes <= batch.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(batch.length + moreBytes, batch.bytes.length * 2));
    batch.bytes.copy(larger, 0, 0, batch.length);
    batch.bytes = larger;
  }

  #openFrame(): void {
    this.ensure(frameHeaderBytes);
    const batch = this.current;
    this.#frameStart = batch.length;
    this.frameEvents = 0;
    this.#framePosition = this.nextPosition;
    this.frameRecordedAt = this.recordedAt;
    this.recordedAfterFrame = 0;
    batch.length += frameHeaderBytes;
    const offset = batch.startOffset + this.#frameStart;
    batch.segment.directory.add(this.nextPosition, offset);
  }

  /** Completes the open frame. A frame that got no events is taken back. */
  #closeFrame(): void {
    if (this.#frameStart < 0) return;
    const batch = this.current;
    if (this.frameEvents === 0) batch.length = this.#frameStart;
    else {
      this.ensure(this.names.bytesMax);
      const namesAt = batch.length - this.#frameStart - frameHeaderBytes;
      batch.length = this.names.write(batch.bytes, batch.length);
      this.#header(frameKinds.events, this.#frameStart, this.frameEvents, this.#framePosition, namesAt);
    }
    this.names.clear();
    this.#frameStart = -1;
  }

  #emptyFrame(kind: FrameKind): void {
    this.ensure(frameHeaderBytes);
    const at = this.current.length;
    this.current.length += frameHeaderBytes;
    this.frameRecordedAt = this.recordedAt;
    this.#header(kind, at, 0, this.nextPosition, 0);
  }

  /**
   * One batch is under way at a time: all before this one is synced when it is written, hence durableUpTo.
   */
  #header(kind: FrameKind, at: number, eventCount: number, firstPosition: number, namesAt: number): void {
    const { bytes, length, segment, startOffset: durableUpTo } = this.current;
    const payloadBytes = length - at - frameHeaderBytes;
    const recordedAt = this.frameRecordedAt;
    const header = { kind, payloadBytes, eventCount, firstPosition, recordedAt, durableUpTo, namesAt };
    encodeFrameHeader(bytes, at, header, segment.salt);
  }

  #rotate(): void {
    this.#closeFrame();
    this.#emptyFrame(frameKinds.sealed);
    const sealing = this.current;
    sealing.seals = true;
    this.#pushFull(sealing);
    const segment = this.#nextSegment(this.nextPosition, this.recordedAt);
    this.index = segment.index;
    this.current = this.#newBatch(segment, fileHeaderBytes);
  }

  /** Begins another batch of the same segment and returns the present one, complete. */
  #startBatch(): Batch {
    this.#closeFrame();
    const done = this.current;
    this.current = this.#newBatch(done.segment, done.startOffset + done.length);
    return done;
  }

  #newBatch(segment: Segment, startOffset: number): Batch {
    const bytes = this.#spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytesMin);
    const lastPosition = this.nextPosition - 1;
    return { segment, startOffset, bytes, length: 0, lastPosition, seals: false, waiters: [] };
  }

  #pushFull(batch: Batch): void {
    this.#full.push(batch);
    this.#fullBytes += batch.length;
  }
}
