/**
 * The calls of `append` that are committed together, encoded as they come: the parameters of the append
 * functions, and what is needed to tell each call its outcomes. A call that can not be encoded leaves nothing
 * behind, and no reference to a caller's objects is kept: they may change, and would only age.
 */
import { randomInt } from 'node:crypto';
import type { AppendOutcome, TicketAppend, Write } from '../../../domain/ports.ts';
import type { NewEvent } from '../../../domain/ticket/events.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { RowWriter } from './row-writer.ts';
import { toStorable } from './storable-text.ts';

/** One call of `append` may take this much as it travels. */
export const callBytesMax = 256 * 1024 * 1024;
/** A B-tree takes keys of up to 2,704 bytes. */
export const idBytesMax = 2_000;
/** Writes have this many numbers within their batch, so that a batch's id plus a number is unique. */
export const batchWritesMax = 2 ** 20;
const revisionMax = 2 ** 31 - 1;
const noRevision = -1;
const bytesPerCharacterMax = 7;
const eventColumns = 19;
const commandColumns = 8;
const bytesFirstMin = 4 * 1024;

interface Call {
  readonly firstWrite: number;
  readonly writes: number;
  readonly resolve: (outcomes: readonly AppendOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

export class Batch {
  /** The writes of the batch have the ids after this one, in order. */
  readonly id = randomInt(1, 2 ** 32) * batchWritesMax;
  readonly events: RowWriter;
  readonly commands = new RowWriter(bytesFirstMin);
  /** Every ticket once, and the revision at which the batch expects it. */
  readonly tickets: TicketId[] = [];
  readonly revisions: number[] = [];
  /** By part, that is by ticket within a write: its write and ticket as indexes, and what it expects. */
  readonly partWrites: number[] = [];
  readonly partTickets: number[] = [];
  readonly partRevisions: number[] = [];
  readonly partEvents: number[] = [];
  /** By write: its call, its first part, and how many events there are before it. */
  readonly writeCalls: number[] = [];
  readonly writeParts: number[] = [];
  readonly writeOrdinals: number[] = [];
  /**
   * Whether no write of the batch is in another's way: they are all appended, or somebody else interferes.
   */
  harmonious = true;
  readonly #calls: Call[] = [];
  readonly #ticketIndexes = new Map<TicketId, number>();
  /** By ticket: its revision after the writes so far. */
  readonly #revisionsAfter: number[] = [];
  readonly #commands = new Map<string, { readonly number: number; readonly write: number }>();

  /** `bytesLikely` is what the events will probably take. */
  constructor(bytesLikely: number) {
    this.events = new RowWriter(Math.max(bytesFirstMin, bytesLikely));
  }

  get bytes(): number {
    return this.events.bytes + this.commands.bytes;
  }

  get callCount(): number {
    return this.#calls.length;
  }

  /** Throws a RangeError or TypeError for a call that can not be stored, and is then as it was. */
  add(writes: readonly Write[], resolve: Call['resolve'], reject: Call['reject']): void {
    const events = this.events.mark;
    const bytes = this.events.bytes;
    const commands = this.commands.mark;
    const ids = this.#commands.size;
    const firstWrite = this.writeCalls.length;
    try {
      for (const [index, write] of writes.entries()) {
        this.#encode(write, firstWrite + index + 1);
        if (this.events.bytes - bytes > callBytesMax) {
          throw new RangeError(`a call of more than ${callBytesMax} bytes; append less at once`);
        }
      }
    } catch (error) {
      this.events.cutBack(events);
      this.commands.cutBack(commands);
      for (const id of [...this.#commands.keys()].slice(ids)) this.#commands.delete(id);
      throw error;
    }
    let ordinal = events.count;
    this.#calls.push({ firstWrite, writes: writes.length, resolve, reject });
    for (const write of writes) {
      this.writeCalls.push(this.#calls.length);
      this.writeParts.push(this.partWrites.length);
      this.writeOrdinals.push(ordinal);
      ordinal += this.#register(write);
      for (const part of write.also ?? []) ordinal += this.#register(part);
    }
  }

  answer(outcomes: readonly AppendOutcome[]): void {
    for (const { firstWrite, writes, resolve } of this.#calls) {
      resolve(this.#calls.length === 1 ? outcomes : outcomes.slice(firstWrite, firstWrite + writes));
    }
  }

  fail(error: unknown): void {
    for (const call of this.#calls) call.reject(error);
  }

  /** The ticket of a part, and which one it is of. */
  ticketOf(part: number): TicketId {
    const ticketId = this.tickets[this.partTickets[part] ?? -1];
    if (ticketId === undefined) throw new Error(`bug: a batch has no part ${part}`);
    return ticketId;
  }

  #encode(write: Write, number: number): void {
    this.#encodePart(write, number);
    for (const part of write.also ?? []) this.#encodePart(part, number);
  }

  #encodePart({ ticketId, expectedRevision, events }: TicketAppend, write: number): void {
    if (events.length === 0) throw new RangeError(`a write to ${ticketId} has no events`);
    assertIdFits('ticketId', ticketId);
    const revisions = isRevision(expectedRevision + events.length) ? expectedRevision : noRevision;
    for (const [index, event] of events.entries()) {
      this.#encodeEvent(event, ticketId, write, revisions + index + 1);
    }
    for (const [index, event] of events.entries()) {
      const { commandId, commandDigest } = event;
      if (commandId === undefined || commandDigest === undefined) continue;
      const number = this.#numberOf(commandId, write);
      if (number === undefined) continue;
      const last = events.findLastIndex((each) => each.commandId === commandId);
      const row = this.commands;
      row.beginRow(commandColumns);
      row.int4(this.events.count - events.length + index);
      row.int4(write);
      row.int4(number);
      row.int4(revisions + index + 1);
      row.int4(revisions + last + 1);
      row.text(ticketId);
      row.text(commandId);
      row.text(commandDigest);
      row.endRow();
    }
  }

  #encodeEvent(event: NewEvent, ticketId: TicketId, write: number, revision: number): void {
    const { schemaVersion, occurredAt, actor, onBehalfOf, commandId } = event;
    if (!isRevision(schemaVersion)) throw new RangeError(`schemaVersion must be a whole number from 0`);
    if (!Number.isSafeInteger(occurredAt)) throw new RangeError('occurredAt must be whole milliseconds');
    if (commandId !== undefined) assertIdFits('commandId', commandId);
    const row = this.events;
    row.beginRow(eventColumns);
    row.int4(row.count);
    row.int4(write);
    row.int4(revision);
    row.int4(schemaVersion);
    row.int8(occurredAt);
    row.text(ticketId);
    row.text(event.type);
    row.text(event.workflow);
    row.text(event.state);
    row.text(actor.id);
    row.text(actor.role);
    row.text(onBehalfOf?.id);
    row.text(onBehalfOf?.role);
    row.text(commandId);
    row.text(event.commandDigest);
    row.text(event.correlationId);
    row.text(event.causationId);
    row.text(event.source);
    row.json(JSON.stringify(event.data));
    row.endRow();
  }

  /** Undefined where the write has told of the command already: its first event counts. */
  #numberOf(commandId: string, write: number): number | undefined {
    const known = this.#commands.get(commandId);
    if (known?.write === write) return undefined;
    if (known !== undefined) this.harmonious = false;
    const number = known?.number ?? this.#commands.size + 1;
    this.#commands.set(commandId, { number, write });
    return number;
  }

  /** Adds a part of the newest write, and answers how many events it has. */
  #register({ ticketId, expectedRevision, events }: TicketAppend): number {
    const expected = isRevision(expectedRevision + events.length) ? expectedRevision : noRevision;
    let ticket = this.#ticketIndexes.get(ticketId);
    if (ticket === undefined) {
      ticket = this.tickets.length;
      this.#ticketIndexes.set(ticketId, ticket);
      this.tickets.push(ticketId);
      this.revisions.push(expected);
    } else if (this.#revisionsAfter[ticket] !== expected) this.harmonious = false;
    this.#revisionsAfter[ticket] = expected + events.length;
    this.partWrites.push(this.writeCalls.length);
    this.partTickets.push(ticket);
    this.partRevisions.push(expected);
    this.partEvents.push(events.length);
    return events.length;
  }
}

function isRevision(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= revisionMax;
}

function assertIdFits(name: string, id: string): void {
  if (id.length * bytesPerCharacterMax <= idBytesMax) return;
  if (Buffer.byteLength(toStorable(id)) <= idBytesMax) return;
  throw new RangeError(`${name} must have at most ${idBytesMax} bytes in UTF-8, not ${id.length} characters`);
}
