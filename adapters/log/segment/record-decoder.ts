/**
 * The records of a frame, one after the other; record.ts tells how they are laid out. It must never be given
 * bytes whose checksum was not compared first, and refuses what makes no sense all the same.
 */
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { Role, TicketId } from '../../../domain/ticket/values.ts';
import { ByteReader } from './byte-reader.ts';
import { eventTypeByCode, roleByCode } from './event-codes.ts';
import type { FrameHeader } from './format.ts';
import { readNames } from './frame-names.ts';
import { has, hasSchemaVersion, roleMask, shortRecordBytesMax } from './record.ts';

/** What an index keeps of a record. */
export interface RecordKeys {
  readonly ticketId: TicketId;
  readonly revision: number;
  /** Only on the record that carries the command's digest, which is the command's first. */
  readonly commandId: string | undefined;
}

export class RecordCursor {
  /** Number of the next record in the frame. */
  index = 0;
  readonly #header: FrameHeader;
  readonly #payload: Buffer;
  #at = 0;
  #names: readonly string[] | undefined;

  /** The payload must stay as it is while its records are read. */
  constructor(header: FrameHeader, payload: Buffer) {
    if (header.namesAt > payload.length) throw new RangeError('a frame whose names begin beyond its end');
    this.#header = header;
    this.#payload = payload;
  }

  get done(): boolean {
    return this.index >= this.#header.eventCount;
  }

  /** Goes on to record number `index`, which must not lie behind. */
  skipTo(index: number): void {
    if (index >= this.#header.eventCount) throw new RangeError(`the frame has no record number ${index}`);
    while (this.index < index) this.#pass(this.#end());
  }

  /** The next record as an event. */
  event(): RecordedEvent {
    const end = this.#end();
    const event = this.#decode(this.#reader(end), end);
    this.#pass(end);
    return event;
  }

  /** The first few fields of the next record: what an index is built from. */
  keys(): RecordKeys {
    const end = this.#end();
    const reader = this.#reader(end);
    reader.byte();
    const parts = reader.byte();
    reader.byte();
    const revision = reader.varint();
    const ticketId = reader.text();
    const isFirst = (parts & has.commandId) !== 0 && (parts & has.commandDigest) !== 0;
    const commandId = isFirst ? reader.text() : undefined;
    this.#pass(end);
    return { ticketId, revision, commandId };
  }

  #decode(reader: ByteReader, end: number): RecordedEvent {
    const header = this.#header;
    const type = known(eventTypeByCode[reader.byte()], 'event code');
    const parts = reader.byte();
    const flags = reader.byte();
    const revision = reader.varint();
    const ticketId = reader.text();
    const commandId = parts & has.commandId ? reader.text() : undefined;
    const commandDigest = parts & has.commandDigest ? reader.text() : undefined;
    const recordedAt = header.recordedAt + reader.varint();
    const occurredAt = parts & has.rawOccurredAt ? reader.double() : recordedAt + reader.zigzag();
    const workflow = this.#name(reader);
    const state = this.#name(reader);
    const actor = { id: this.#name(reader), role: roleOf(flags & roleMask) };
    const onBehalfOf =
      parts & has.onBehalfOf ? { role: roleOf(reader.byte()), id: this.#name(reader) } : undefined;
    const correlationId = parts & has.correlationId ? reader.text() : undefined;
    const causationId = parts & has.causationId ? reader.text() : undefined;
    const source = parts & has.source ? this.#name(reader) : undefined;
    const schemaVersion = flags & hasSchemaVersion ? reader.varint() : 1;
    const event = {
      type,
      data: reader.at === end ? {} : JSON.parse(this.#payload.toString('utf8', reader.at, end)),
      schemaVersion,
      workflow,
      state,
      occurredAt,
      actor,
      ticketId,
      revision,
      partition: 0,
      position: header.firstPosition + this.index,
      recordedAt,
    } as Writable<RecordedEvent>;
    if (onBehalfOf !== undefined) event.onBehalfOf = onBehalfOf;
    if (commandId !== undefined) event.commandId = commandId;
    if (commandDigest !== undefined) event.commandDigest = commandDigest;
    if (correlationId !== undefined) event.correlationId = correlationId;
    if (causationId !== undefined) event.causationId = causationId;
    if (source !== undefined) event.source = source;
    return event;
  }

  #name(reader: ByteReader): string {
    this.#names ??= readNames(this.#payload, this.#header.namesAt);
    return known(this.#names[reader.varint()], 'name');
  }

  #reader(end: number): ByteReader {
    const isShort = this.#payload.readUInt16LE(this.#at) <= shortRecordBytesMax;
    return new ByteReader(this.#payload, this.#at + (isShort ? 2 : 4), end);
  }

  /** Offset of the record after the next one. */
  #end(): number {
    const at = this.#at;
    const first = this.#payload.readUInt16LE(at);
    const isShort = first <= shortRecordBytesMax;
    const length = isShort ? first : (first - 0x8000) * 0x1_0000 + this.#payload.readUInt16LE(at + 2);
    const end = at + (isShort ? 2 : 4) + length;
    if (end > this.#header.namesAt) throw new RangeError("a record that ends beyond its frame's records");
    return end;
  }

  #pass(end: number): void {
    this.#at = end;
    this.index += 1;
  }
}

type Writable<T> = T extends unknown ? { -readonly [K in keyof T]: T[K] } : never;

function roleOf(code: number): Role {
  return known(roleByCode[code], 'role code');
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RangeError(`an unknown ${what}`);
  return value;
}
