/**
 * Reading a log in order, and one ticket of it: shared by the writer and by readers in other processes,
 * which differ only in how they learn what is durable.
 *
 * It must never show an event beyond the durable position, never skip a bad frame, and never scan the log
 * for a single ticket.
 */
import { Fault } from '../../../domain/errors.ts';
import type { ReadOptions } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { fileHeaderBytes, frameKinds, LogDamage, undamaged } from './format.ts';
import { type Frame, FrameWalker } from './frame-walker.ts';
import type { OpenFiles } from './open-files.ts';
import { decodeRecord, recordEnd } from './record-decoder.ts';
import type { Segment, Segments, Tail } from './segments.ts';

export const readBatchEventsMaxDefault = 1_024;

/** How far a reader may look. */
export interface DurablePoint {
  readonly segment: number;
  readonly offset: number;
  readonly lastPosition: number;
}

export interface LogView {
  readonly segments: Segments;
  readonly open: OpenFiles;
  readonly closed: boolean;
  /** The durable point now; its segment and all before it are in `segments`. */
  durable(): Promise<DurablePoint>;
  /** Resolves soon after the durable position has passed `position`, or at close or abort. */
  changed(position: number, signal: AbortSignal | undefined): Promise<void>;
}

export function assertPartition(partition: number | undefined): void {
  if (partition !== undefined && partition !== 0) throw new RangeError(`no partition ${partition}`);
}

export async function* readBatches(
  view: LogView,
  from: number,
  options: ReadOptions,
): AsyncGenerator<readonly RecordedEvent[]> {
  assertPartition(options.partition);
  if (!(from >= 1)) throw new RangeError(`positions begin at 1, not ${from}`);
  if (view.closed) throw new Fault('log_closed', 'the log was closed');
  const { live = false, signal, batchEventsMax = readBatchEventsMaxDefault } = options;
  let durable = await view.durable();
  const goal = live ? Number.POSITIVE_INFINITY : durable.lastPosition;
  let cursor: Cursor | undefined;
  for (let next = from; next <= goal && signal?.aborted !== true; ) {
    if (next > durable.lastPosition) {
      await view.changed(next - 1, signal);
      if (view.closed) return;
      durable = await view.durable();
      continue;
    }
    cursor ??= new Cursor(view, next);
    const batch = await cursor.read(durable, Math.min(batchEventsMax, goal - next + 1));
    next += batch.length;
    yield batch;
    if (view.closed) return;
    if (next > durable.lastPosition) durable = await view.durable();
  }
}

/** A ticket's events up to `tail`, by the chain of links from each record to the one before. */
export async function readChain(
  segments: Segments,
  ticketId: TicketId,
  tail: Tail,
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  let place =
    tail.revision === 0
      ? undefined
      : { segment: tail.segment, frameOffset: tail.frameOffset, index: tail.index };
  for (let revision = tail.revision; revision > 0; revision -= 1) {
    if (place === undefined)
      throw new LogDamage('the log', 0, `ticket ${ticketId} has no revision ${revision}`);
    const { event, previous } = await segments.readRecord(place);
    if (event.ticketId !== ticketId || event.revision !== revision) {
      const path = segments.byFirst(place.segment)?.path ?? String(place.segment);
      throw new LogDamage(path, place.frameOffset, `not revision ${revision} of ticket ${ticketId}`);
    }
    events.push(event);
    place = previous;
  }
  return events.reverse();
}

/** A place in the log that moves on through its frames and segments. */
class Cursor {
  readonly #view: LogView;
  /** Of the next event to give out. */
  #next: number;
  #segment: Segment;
  #walker: FrameWalker;
  /** The frame being given out: its next record by offset and number. */
  #frame: Frame | undefined;
  #sealedEnd: number | undefined;
  #recordAt = 0;
  #record = 0;

  constructor(view: LogView, next: number) {
    this.#view = view;
    this.#next = next;
    this.#segment = segmentHolding(view, next);
    const start = this.#segment.directory.before(next);
    this.#walker = this.#walk(
      start?.offset ?? fileHeaderBytes,
      start?.position ?? this.#segment.firstPosition,
    );
  }

  /** Between one and `eventsMax` durable events; at least one must be durable from here on. */
  async read(durable: DurablePoint, eventsMax: number): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    while (events.length < eventsMax && this.#next <= durable.lastPosition) {
      this.#frame ??= await this.#nextFrame(durable);
      this.#take(this.#frame, events, eventsMax);
    }
    return events;
  }

  #take(frame: Frame, events: RecordedEvent[], eventsMax: number): void {
    const { header, payload, offset } = frame;
    undamaged(this.#segment.path, offset, header.firstPosition, () => {
      while (this.#record < header.eventCount && events.length < eventsMax) {
        if (header.firstPosition + this.#record >= this.#next) {
          const first = this.#segment.firstPosition;
          events.push(decodeRecord(payload, this.#recordAt, header, first, offset, this.#record).event);
          this.#next += 1;
        }
        this.#recordAt = recordEnd(payload, this.#recordAt);
        this.#record += 1;
      }
    });
    if (this.#record < header.eventCount) return;
    this.#frame = undefined;
    this.#recordAt = 0;
    this.#record = 0;
  }

  async #nextFrame(durable: DurablePoint): Promise<Frame> {
    for (let reopened = false; ; ) {
      const step = await this.#walker.next(await this.#visibleEnd(durable));
      if (step.status === 'frame') {
        if (step.header.kind === frameKinds.sealed) this.#nextSegment();
        else return step;
      } else if (reopened) {
        const what = step.status === 'bad' ? step.reason : 'the segment ends without being sealed';
        throw new LogDamage(this.#segment.path, this.#walker.offset, what, {
          position: this.#walker.position,
        });
      } else {
        // A writer that recovered has put another file in this one's place: look once more before judging.
        reopened = true;
        this.#sealedEnd = undefined;
        await this.#view.open.drop(this.#segment.path);
        this.#walker = this.#walk(this.#walker.offset, this.#walker.position);
      }
    }
  }

  /** The whole segment once it is sealed, which is asked for only once; before that what is durable. */
  async #visibleEnd(durable: DurablePoint): Promise<number> {
    if (this.#segment.firstPosition === durable.segment) return durable.offset;
    this.#sealedEnd ??= await this.#view.open.file(this.#segment.path).size();
    return this.#sealedEnd;
  }

  #nextSegment(): void {
    this.#sealedEnd = undefined;
    const { position } = this.#walker;
    this.#segment = segmentHolding(this.#view, position);
    if (this.#segment.firstPosition !== position) {
      throw new LogDamage(
        this.#segment.path,
        this.#walker.offset,
        `no segment begins at position ${position}`,
        { position },
      );
    }
    this.#walker = this.#walk(fileHeaderBytes, position);
  }

  #walk(offset: number, position: number): FrameWalker {
    return new FrameWalker(this.#view.open.file(this.#segment.path), this.#segment.salt, {
      offset,
      position,
    });
  }
}

function segmentHolding(view: LogView, position: number): Segment {
  const segment = view.segments.holding(position);
  if (segment === undefined) {
    throw new LogDamage('the log', 0, `no segment holds position ${position}`, { position });
  }
  return segment;
}
