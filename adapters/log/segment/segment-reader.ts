/**
 * Reads a log that another process writes. Takes no lock, writes nothing, and goes by the `durable` file:
 * it asks for it every few milliseconds while somebody follows the log, and not at all otherwise.
 *
 * It must never show an event that is not durable. Where the `durable` file is missing or damaged, only
 * what the frames themselves prove is shown, until a writer has opened the log again.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../domain/errors.ts';
import type { EventReader, ReadOptions } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { fileHeaderBytes, LogDamage, positionOfName, type Salt, segmentName } from './format.ts';
import { FrameWalker, readFileHeader, requireFileHeader } from './frame-walker.ts';
import { KeyHash } from './hash.ts';
import { OpenFiles } from './open-files.ts';
import { assertPartition, type DurablePoint, type LogView, readBatches, readChain } from './reading.ts';
import { indexStep, scanSealed, scanSegment } from './scan.ts';
import { growingSegment, type Segment, Segments } from './segments.ts';
import { Sidecar } from './sidecar.ts';
import { diskFiles, type SegmentFiles } from './storage.ts';
import { MemoryIndex } from './tables.ts';
import { readWatermarkIn, type Watermark } from './watermark.ts';

export const pollIntervalMsDefault = 5;
const nothing: DurablePoint = { segment: 0, offset: 0, lastPosition: 0 };

export interface SegmentReaderOptions {
  readonly folder: string;
  /** How often a reader that follows the log looks for more. */
  readonly pollIntervalMs?: number;
  readonly files?: SegmentFiles;
}

/** Opens the log in `folder` for reading only. The folder may still be empty, or not exist yet. */
export async function openSegmentReader(options: SegmentReaderOptions): Promise<EventReader> {
  const { folder, pollIntervalMs = pollIntervalMsDefault, files = diskFiles } = options;
  if (!(pollIntervalMs >= 0)) throw new RangeError('pollIntervalMs must not be negative');
  return new SegmentReader(files, folder, pollIntervalMs);
}

class SegmentReader implements EventReader, LogView {
  readonly partitions = 1;
  readonly open: OpenFiles;
  closed = false;
  readonly #files: SegmentFiles;
  readonly #folder: string;
  readonly #pollIntervalMs: number;
  readonly #closing = new AbortController();
  #segments: Segments | undefined;
  #durable = nothing;
  #refreshing: Promise<DurablePoint> | undefined;
  #indexing: Promise<void> = Promise.resolve();
  /** Goes through the segment that still grows, as far as it is indexed. */
  #follower: { readonly segment: Segment; readonly walker: FrameWalker } | undefined;

  constructor(files: SegmentFiles, folder: string, pollIntervalMs: number) {
    this.#files = files;
    this.#folder = folder;
    this.#pollIntervalMs = pollIntervalMs;
    this.open = new OpenFiles(files);
  }

  get segments(): Segments {
    if (this.#segments === undefined) throw new Fault('log_closed', `there is no log in ${this.#folder} yet`);
    return this.#segments;
  }

  read(from: number, options: ReadOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
    return readBatches(this, from, options);
  }

  async readTicket(ticketId: TicketId): Promise<readonly RecordedEvent[]> {
    const durable = await this.durable();
    if (durable.lastPosition === 0) return [];
    this.#indexing = this.#indexing.catch(() => undefined).then(() => this.#index(durable));
    await this.#indexing;
    return readChain(this.segments, ticketId, await this.segments.findTail(ticketId));
  }

  async head(partition?: number): Promise<number> {
    assertPartition(partition);
    return (await this.durable()).lastPosition;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#closing.abort();
    await this.#refreshing?.catch(() => undefined);
    await this.#indexing.catch(() => undefined);
    await this.open.close();
  }

  durable(): Promise<DurablePoint> {
    if (this.closed) return Promise.reject(new Fault('log_closed', 'the reader was closed'));
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async changed(position: number, signal: AbortSignal | undefined): Promise<void> {
    const stop =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    while (!stop.aborted && (await this.durable()).lastPosition <= position) {
      await sleep(this.#pollIntervalMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  async #refresh(): Promise<DurablePoint> {
    const mark = await readWatermarkIn(this.#files, this.#folder);
    const known = mark?.segment === this.#durable.segment ? this.#segments?.byFirst(mark.segment) : undefined;
    if (mark !== undefined && known !== undefined && sameSalt(known.salt, mark.salt)) {
      // Never backwards: a writer that recovered begins with what had been durable.
      if (mark.offset > this.#durable.offset) this.#durable = pointOf(mark);
      return this.#durable;
    }
    const firsts = (await this.#files.list(this.#folder)).flatMap((name) => positionOfName(name) ?? []);
    firsts.sort((left, right) => left - right);
    const point =
      mark !== undefined && firsts.includes(mark.segment) ? pointOf(mark) : await this.#proven(firsts);
    for (const first of firsts) {
      if (first <= point.segment) await this.#addSegment(first, point);
    }
    if (point.lastPosition >= this.#durable.lastPosition) this.#durable = point;
    return this.#durable;
  }

  async #addSegment(first: number, point: DurablePoint): Promise<void> {
    const known = this.#segments?.byFirst(first);
    if (known !== undefined && (known.sidecar !== undefined || first === point.segment)) return;
    const path = join(this.#folder, segmentName(first));
    const header = await requireFileHeader(this.open.file(path), path, first);
    this.#segments ??= new Segments(this.open, header.seed, (segment) => this.#reindex(segment));
    const segment = known ?? growingSegment(this.#folder, first, header.salt, header.recordedAtMin);
    if (known === undefined) {
      segment.tickets = undefined;
      segment.commands = undefined;
      this.#segments.add(segment);
    }
    if (first === point.segment) return;
    segment.sidecar = await Sidecar.open(this.open, path, header.salt);
    if (segment.sidecar === undefined) return;
    segment.directory = segment.sidecar.directory;
    segment.tickets = undefined;
    segment.commands = undefined;
  }

  /** What the last segment's frames prove to be durable, for want of a `durable` file. */
  async #proven(firsts: readonly number[]): Promise<DurablePoint> {
    const first = firsts.at(-1);
    if (first === undefined) return nothing;
    const path = join(this.#folder, segmentName(first));
    const file = this.open.file(path);
    await this.open.drop(path);
    const header = await readFileHeader(file, path, first);
    if (header === undefined) return this.#proven(firsts.slice(0, -1));
    const scanned = await scanSegment(file, path, header, new KeyHash(header.seed), await file.size());
    const { provenOffset: offset, provenNextPosition } = scanned;
    return { segment: first, offset, lastPosition: provenNextPosition - 1 };
  }

  /** Brings the index up to the durable point: sealed segments without a sidecar, and the one that grows. */
  async #index(durable: DurablePoint): Promise<void> {
    for (const segment of this.segments.all) {
      if (segment.firstPosition === durable.segment) await this.#follow(segment, durable);
      else if (segment.sidecar === undefined && segment.firstPosition < durable.segment) {
        const wasFollowed = this.#follower?.segment === segment;
        if (segment.tickets === undefined || wasFollowed) await this.#reindex(segment);
        if (wasFollowed) this.#follower = undefined;
      }
    }
  }

  async #follow(segment: Segment, durable: DurablePoint): Promise<void> {
    for (let reopened = false; ; reopened = true) {
      const { walker } = this.#followerOf(segment);
      let step = await walker.next(durable.offset);
      for (; step.status === 'frame'; step = await walker.next(durable.offset)) {
        indexStep(segment, this.segments.hash, step, segment.path, segment.firstPosition);
      }
      if (step.status === 'end') return;
      // Either damage, or the writer recovered and put another file in the place of the one we read.
      this.#follower = undefined;
      await this.open.drop(segment.path);
      if (reopened) {
        throw new LogDamage(segment.path, step.offset, step.reason, { position: step.position });
      }
    }
  }

  #followerOf(segment: Segment): { readonly walker: FrameWalker } {
    if (this.#follower?.segment !== segment) {
      const { tickets, commands, directory } = new MemoryIndex();
      Object.assign(segment, { tickets, commands, directory });
      const start = { offset: fileHeaderBytes, position: segment.firstPosition };
      const walker = new FrameWalker(this.open.file(segment.path), segment.salt, start);
      this.#follower = { segment, walker };
    }
    return this.#follower;
  }

  async #reindex(segment: Segment) {
    const hash = new KeyHash(this.segments.seed);
    const { index } = await scanSealed(this.open, segment.path, segment.firstPosition, hash);
    const { tickets, commands, directory } = index;
    Object.assign(segment, { tickets, commands, directory, sidecar: undefined });
    return index;
  }
}

function pointOf(mark: Watermark): DurablePoint {
  const { segment, offset, lastPosition } = mark;
  return { segment, offset, lastPosition };
}

function sameSalt(left: Salt, right: Salt): boolean {
  return left.lo === right.lo && left.hi === right.hi;
}
