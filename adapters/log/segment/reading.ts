/**
 * Reading a log in order: shared by the writer and by readers in other processes,
 * which differ only in how they learn what is durable.
 *
 * It must never show an event beyond the durable position, and never skip a bad frame.
 */
import { Fault } from '../../../domain/errors.ts';
import type { ReadOptions } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { fileHeaderBytes, frameKinds, LogDamage, undamaged } from './format.ts';
import { FrameWalker } from './frame-walker.ts';
import type { OpenFiles } from './open-files.ts';
import { RecordCursor } from './record-decoder.ts';
import type { Segment } from './segment.ts';
import type { Segments } from './segments.ts';

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

/** A place in the log that moves on through its frames and segments. */
class Cursor {
  readonly #view: LogView;
  /** Of the next event to give out. */
  #next: number;
  #segment: Segment;
  #walker: FrameWalker;
  /** The frame being given out. */
  #frame: { readonly records: RecordCursor; readonly offset: number } | undefined;
  #sealedEnd: number | undefined;

  constructor(view: LogView, next: number) {
    this.#view = view;
    this.#next = next;
    this.#segment = segmentHolding(view, next);
    const { directory, firstPosition } = this.#segment;
    const frame = directory.holding(next);
    this.#walker =
      frame < 0
        ? this.#walk(fileHeaderBytes, firstPosition)
        : this.#walk(directory.offset(frame), directory.position(frame));
  }

  /** Between one and `eventsMax` durable events; at least one must be durable from here on. */
  async read(durable: DurablePoint, eventsMax: number): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    while (events.length < eventsMax && this.#next <= durable.lastPosition) {
      this.#frame ??= await this.#nextFrame(durable);
      const { records, offset } = this.#frame;
      undamaged(this.#segment.path, offset, this.#next, () => {
        while (!records.done && events.length < eventsMax) {
          events.push(records.event());
          this.#next += 1;
        }
      });
      if (records.done) this.#frame = undefined;
    }
    return events;
  }

  async #nextFrame(
    durable: DurablePoint,
  ): Promise<{ readonly records: RecordCursor; readonly offset: number }> {
    for (let reopened = false; ; ) {
      const step = await this.#walker.next(await this.#visibleEnd(durable));
      if (step.status === 'frame') {
        const { header, payload, offset } = step;
        if (header.kind === frameKinds.sealed) this.#nextSegment();
        else if (header.firstPosition + header.eventCount > this.#next) {
          return undamaged(this.#segment.path, offset, header.firstPosition, () => {
            const records = new RecordCursor(header, payload);
            records.skipTo(Math.max(0, this.#next - header.firstPosition));
            return { records, offset };
          });
        }
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
