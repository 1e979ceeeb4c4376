/**
 * Turns writes into frames in memory: checks revisions, encodes straight into the batch that the next sync
 * will make durable, and keeps the index of the growing segment up to date. Everything here is synchronous,
 * so that no other append can come between a check and its write.
 *
 * It must never leave anything behind of a write that failed half way.
 */
import type { AppendOutcome, TicketAppend, Write } from '../../../domain/ports.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { frameBytesMax } from './format.ts';
import type { FrameWriter } from './frame-writer.ts';
import { dataText, encodeRecord, needsLongLength, type RecordContext, recordBytesMax } from './record.ts';
import { noTail, type Segments, type Tail } from './segments.ts';

/** What a call of `append` knows beside what is in memory. */
export interface Known {
  /** Where tickets of old segments stand. */
  readonly looked: ReadonlyMap<TicketId, Tail> | undefined;
  /** The tickets of the call's conflicts so far: what was decided after them did not happen either. */
  readonly lost: ReadonlySet<TicketId> | undefined;
}

export class Stage {
  readonly #segments: Segments;
  readonly #writer: FrameWriter;
  readonly #tail = noTail();
  readonly #context: RecordContext = {
    ticketId: '',
    revision: 0,
    segment: 0,
    frameOffset: 0,
    frameRecordedAt: 0,
    recordedAt: 0,
    previousSegment: 0,
    previousFrameOffset: 0,
    previousIndex: 0,
  };

  constructor(segments: Segments, writer: FrameWriter) {
    this.#segments = segments;
    this.#writer = writer;
  }

  /**
   * Stages one write and returns its outcome, provided that its batch becomes durable. Undefined where a
   * ticket must be looked up first. Throws, with nothing staged, for a write that
   * can not be stored.
   */
  stage(write: Write, known: Known): AppendOutcome | undefined {
    if (write.also !== undefined) return this.#stageMany([write, ...write.also], known);
    const tail = this.#tail;
    if (!this.#locate(write.ticketId, tail, known.looked)) return undefined;
    if (tail.revision !== write.expectedRevision || known.lost?.has(write.ticketId) === true) {
      return conflict(write.ticketId, tail.revision);
    }
    const position = this.#writer.begin(write.events.length);
    const before = { length: this.#writer.current.length, events: this.#writer.frameEvents };
    try {
      this.#encode(write, tail);
    } catch (error) {
      this.#writer.undo(before, position);
      throw error;
    }
    this.#index(write, tail, before.events);
    return { status: 'appended', position, recordedAt: this.#writer.recordedAt };
  }

  #stageMany(parts: readonly TicketAppend[], known: Known): AppendOutcome | undefined {
    const tails = new Map<TicketId, Tail>();
    const revisions = new Map<TicketId, number>();
    let events = 0;
    for (const part of parts) {
      const tail = tails.get(part.ticketId) ?? noTail();
      if (!tails.has(part.ticketId)) {
        if (!this.#locate(part.ticketId, tail, known.looked)) return undefined;
        tails.set(part.ticketId, tail);
      }
      const revision = revisions.get(part.ticketId) ?? tail.revision;
      if (revision !== part.expectedRevision || known.lost?.has(part.ticketId) === true) {
        return conflict(part.ticketId, tail.revision);
      }
      if (part.events.length === 0) throw new RangeError(`a write to ${part.ticketId} has no events`);
      revisions.set(part.ticketId, revision + part.events.length);
      events += part.events.length;
    }
    const position = this.#writer.begin(events);
    const before = { length: this.#writer.current.length, events: this.#writer.frameEvents };
    try {
      for (const part of parts) this.#encode(part, tails.get(part.ticketId) ?? noTail());
    } catch (error) {
      this.#writer.undo(before, position);
      throw error;
    }
    let first = before.events;
    for (const part of parts) {
      this.#index(part, tails.get(part.ticketId) ?? noTail(), first);
      first += part.events.length;
    }
    return { status: 'appended', position, recordedAt: this.#writer.recordedAt };
  }

  #locate(ticketId: TicketId, tail: Tail, looked: ReadonlyMap<TicketId, Tail> | undefined): boolean {
    const { lo, hi } = this.#segments.hash.of(ticketId);
    tail.lo = lo;
    tail.hi = hi;
    if (this.#segments.tailInMemory(ticketId, lo, hi, tail)) return true;
    const found = looked?.get(ticketId);
    if (found === undefined) return false;
    Object.assign(tail, found);
    return true;
  }

  /** Writes the events of one ticket and moves `tail` to the last of them. */
  #encode(part: TicketAppend, tail: Tail): void {
    const [context, writer] = [this.#context, this.#writer];
    const { events, ticketId } = part;
    const frameOffset = writer.frameOffset;
    context.ticketId = ticketId;
    context.segment = writer.current.segment.firstPosition;
    context.frameOffset = frameOffset;
    context.frameRecordedAt = writer.frameRecordedAt;
    context.recordedAt = writer.recordedAt;
    const batch = writer.current;
    for (let at = 0; at < events.length; at += 1) {
      const event = events[at];
      if (event === undefined) continue;
      const data = dataText(event.data);
      const bytesMax = recordBytesMax(event, ticketId, data);
      writer.ensure(bytesMax);
      context.revision = tail.revision + 1;
      context.previousSegment = tail.segment;
      context.previousFrameOffset = tail.frameOffset;
      context.previousIndex = tail.index;
      batch.length = encodeRecord(batch.bytes, batch.length, event, data, needsLongLength(bytesMax), context);
      tail.revision += 1;
      tail.segment = context.segment;
      tail.frameOffset = frameOffset;
      tail.index = writer.frameEvents;
      writer.frameEvents += 1;
      writer.nextPosition += 1;
    }
    if (writer.framePayloadBytes > frameBytesMax) {
      throw new RangeError(`a write of more than ${frameBytesMax} bytes`);
    }
    batch.lastPosition = writer.nextPosition - 1;
  }

  #index(part: TicketAppend, tail: Tail, firstIndex: number): void {
    const { segment } = this.#writer.current;
    const { hash } = this.#segments;
    segment.tickets?.put(part.ticketId, tail.lo, tail.hi, tail.revision, tail.frameOffset, tail.index);
    for (let at = 0; at < part.events.length; at += 1) {
      const event = part.events[at];
      if (event?.commandId === undefined || event.commandDigest === undefined) continue;
      hash.of(event.commandId);
      segment.commands?.add(hash.lo, hash.hi, tail.frameOffset, firstIndex + at);
    }
  }
}

function conflict(ticketId: TicketId, actualRevision: number): AppendOutcome {
  return { status: 'conflict', ticketId, actualRevision };
}
