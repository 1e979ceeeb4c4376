/**
 * Turns writes into frames in memory: checks revisions, encodes straight into the batch that the next sync
 * will make durable, and keeps the index of the growing segment up to date. Everything here is synchronous,
 * so that no other append can come between a check and its write.
 *
 * It must never leave anything behind of a write that failed half way.
 */
import type { AppendOutcome, TicketAppend, Write } from '../../../domain/ports.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { frameBytesMax, frameEventsMax } from './format.ts';
import type { FrameWriter } from './frame-writer.ts';
import { dataText, encodeRecord, needsLongLength, type RecordContext, recordBytesMax } from './record.ts';
import type { Segments } from './segments.ts';
import type { TicketTable } from './ticket-table.ts';

/** What a call of `append` knows beside what is in memory. */
export interface Known {
  /** Revisions of tickets of old segments. */
  readonly looked: ReadonlyMap<TicketId, number> | undefined;
  /** The tickets of the call's conflicts so far: what was decided after them did not happen either. */
  readonly lost: ReadonlySet<TicketId> | undefined;
}

/** No row: the ticket must be looked up in an old segment first. */
const unknownRow = -1;

export class Stage {
  readonly #segments: Segments;
  readonly #writer: FrameWriter;
  readonly #context: RecordContext;
  /** What `readAhead` read, added up, so that the reading is not optimised away. */
  revisionsAhead = 0;

  constructor(segments: Segments, writer: FrameWriter) {
    this.#segments = segments;
    this.#writer = writer;
    this.#context = { ticketId: '', revision: 0, recordedAt: 0, recordedAfterFrame: 0, names: writer.names };
  }

  /**
   * Stages one write and returns its outcome, provided that its batch becomes durable. Undefined where a
   * ticket must be looked up first. Throws, with nothing staged, for a write that can not be stored.
   */
  stage(write: Write, known: Known): AppendOutcome | undefined {
    this.#writer.rotateIfFull();
    if (write.also !== undefined) return this.#stageMany([write, ...write.also], known);
    assertStorable(write.events.length, write.ticketId);
    const { tickets } = this.#writer.index;
    const row = this.#rowOf(write, tickets, known);
    if (row === unknownRow) return undefined;
    const revision = tickets.revision(row);
    if (revision !== write.expectedRevision || known.lost?.has(write.ticketId) === true) {
      return { status: 'conflict', ticketId: write.ticketId, actualRevision: revision };
    }
    const position = this.#writer.begin(write.events.length);
    const before = { length: this.#writer.current.length, events: this.#writer.frameEvents };
    try {
      this.#encode(write, revision);
    } catch (error) {
      this.#writer.undo(before, position);
      throw error;
    }
    this.#index(write, row, revision);
    return { status: 'appended', position, recordedAt: this.#writer.recordedAt };
  }

  /**
   * Fetches the rows of writes that know theirs, before they are needed one by one: in a loop this short the
   * processor waits for several of them at once.
   */
  readAhead(writes: readonly Write[]): void {
    const { tickets } = this.#writer.index;
    let sum = 0;
    for (let at = 0; at < writes.length; at += 1) {
      const place = writes[at]?.place;
      if (place?.placeEpoch === tickets.epoch) sum += tickets.revision(place.placeRow);
    }
    this.revisionsAhead = sum;
  }

  #stageMany(parts: readonly TicketAppend[], known: Known): AppendOutcome | undefined {
    const { tickets } = this.#writer.index;
    const revisions = new Map<TicketId, number>();
    const rows: number[] = [];
    let events = 0;
    for (const part of parts) {
      const { ticketId } = part;
      const row = this.#rowOf(part, tickets, known);
      if (row === unknownRow) return undefined;
      rows.push(row);
      const revision = revisions.get(ticketId) ?? tickets.revision(row);
      if (revision !== part.expectedRevision || known.lost?.has(ticketId) === true) {
        return { status: 'conflict', ticketId, actualRevision: tickets.revision(row) };
      }
      assertStorable(part.events.length, ticketId);
      events += part.events.length;
      revisions.set(ticketId, revision + part.events.length);
    }
    assertStorable(events, parts[0]?.ticketId ?? 'no ticket');
    const position = this.#writer.begin(events);
    const before = { length: this.#writer.current.length, events: this.#writer.frameEvents };
    try {
      for (const part of parts) this.#encode(part, part.expectedRevision);
    } catch (error) {
      this.#writer.undo(before, position);
      throw error;
    }
    for (const [at, part] of parts.entries()) this.#index(part, rows[at] ?? 0, part.expectedRevision);
    return { status: 'appended', position, recordedAt: this.#writer.recordedAt };
  }

  /** The ticket's row in the growing segment's table, where it is put if it was not there yet. */
  #rowOf(append: TicketAppend, tickets: TicketTable, known: Known): number {
    const { place, ticketId } = append;
    if (place !== undefined && place.placeEpoch === tickets.epoch) return place.placeRow;
    const { lo, hi } = this.#segments.hash.of(ticketId);
    let row = tickets.find(ticketId, lo, hi);
    if (row < 0) {
      const revision = this.#segments.revisionInMemory(ticketId, lo, hi) ?? known.looked?.get(ticketId);
      if (revision === undefined) return unknownRow;
      row = tickets.add(ticketId, lo, hi, revision);
    }
    if (place !== undefined) {
      place.placeEpoch = tickets.epoch;
      place.placeRow = row;
    }
    return row;
  }

  /** Writes the events of one ticket, which is at `revision` before them. */
  #encode({ events, ticketId }: TicketAppend, revision: number): void {
    const [context, writer] = [this.#context, this.#writer];
    const batch = writer.current;
    context.ticketId = ticketId;
    if (context.recordedAt !== writer.recordedAt) context.recordedAt = writer.recordedAt;
    context.recordedAfterFrame = writer.recordedAfterFrame;
    context.revision = revision;
    for (let at = 0; at < events.length; at += 1) {
      const event = events[at];
      if (event === undefined) continue;
      const data = dataText(event.data);
      const bytesMax = recordBytesMax(event, ticketId, data);
      writer.ensure(bytesMax);
      context.revision += 1;
      batch.length = encodeRecord(batch.bytes, batch.length, event, data, needsLongLength(bytesMax), context);
    }
    writer.frameEvents += events.length;
    writer.nextPosition += events.length;
    if (writer.frameBytes > frameBytesMax)
      throw new RangeError(`a write of more than ${frameBytesMax} bytes`);
    batch.lastPosition = writer.nextPosition - 1;
  }

  #index({ events }: TicketAppend, row: number, revision: number): void {
    const { index } = this.#writer;
    const { hash } = this.#segments;
    for (let at = 0; at < events.length; at += 1) {
      const event = events[at];
      if (event === undefined) continue;
      const number = index.chain.add(index.tickets.lastEvent(row));
      index.tickets.set(row, revision + at + 1, number);
      if (event.commandId === undefined || event.commandDigest === undefined) continue;
      hash.of(event.commandId);
      index.commands.add(hash.lo, hash.hi, number);
    }
  }
}

function assertStorable(eventCount: number, ticketId: TicketId): void {
  if (eventCount === 0) throw new RangeError(`a write to ${ticketId} has no events`);
  if (eventCount > frameEventsMax) {
    throw new RangeError(`a write of ${eventCount} events; at most ${frameEventsMax} can be atomic`);
  }
}
