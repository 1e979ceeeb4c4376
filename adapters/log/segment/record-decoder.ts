/**
 * A record's bytes back into an event; record.ts tells how they are laid out. It must never be given bytes
 * whose checksum was not compared first, and refuses what makes no sense all the same.
 */
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { Actor, TicketId } from '../../../domain/ticket/values.ts';
import { ByteReader } from './byte-reader.ts';
import { eventTypeByCode, roleByCode } from './event-codes.ts';
import type { FrameHeader } from './format.ts';
import {
  has,
  hasSchemaVersion,
  linkMask,
  linkOtherSegment,
  linkSameSegment,
  type RecordLocation,
  roleMask,
  shortRecordBytesMax,
} from './record.ts';

export interface DecodedRecord {
  readonly event: RecordedEvent;
  readonly previous: RecordLocation | undefined;
}

/** What an index keeps of a record. */
export interface RecordKeys {
  readonly ticketId: TicketId;
  readonly revision: number;
  /** Only on the record that carries the command's digest, which is the command's first. */
  readonly commandId: string | undefined;
}

/** Offset of the record after the one at `at`. */
export function recordEnd(bytes: Buffer, at: number): number {
  const first = bytes.readUInt16LE(at);
  if (first <= shortRecordBytesMax) return at + 2 + first;
  return at + 4 + (first - 0x8000) * 0x1_0000 + bytes.readUInt16LE(at + 2);
}

/** Reads record number `index` of a frame, which begins at `at` of the frame's payload. */
export function decodeRecord(
  payload: Buffer,
  at: number,
  frame: FrameHeader,
  segment: number,
  frameOffset: number,
  index: number,
): DecodedRecord {
  const end = recordEnd(payload, at);
  const reader = new ByteReader(payload, bodyStart(payload, at), end);
  const type = known(eventTypeByCode[reader.byte()], 'event code');
  const parts = reader.byte();
  const flags = reader.byte();
  const revision = reader.varint();
  const previous = readLink(reader, flags, segment, frameOffset);
  const ticketId = reader.text();
  const commandId = parts & has.commandId ? reader.text() : undefined;
  const commandDigest = parts & has.commandDigest ? reader.text() : undefined;
  const recordedAt = frame.recordedAt + reader.varint();
  const occurredAt = parts & has.rawOccurredAt ? reader.double() : recordedAt + reader.zigzag();
  const workflow = reader.sharedText();
  const state = reader.sharedText();
  const actor: Actor = { id: reader.sharedText(), role: known(roleByCode[flags & roleMask], 'role code') };
  const onBehalfOf = parts & has.onBehalfOf ? readActor(reader) : undefined;
  const correlationId = parts & has.correlationId ? reader.text() : undefined;
  const causationId = parts & has.causationId ? reader.text() : undefined;
  const source = parts & has.source ? reader.sharedText() : undefined;
  const schemaVersion = flags & hasSchemaVersion ? reader.varint() : 1;
  const event = {
    type,
    data: reader.at === end ? {} : JSON.parse(payload.toString('utf8', reader.at, end)),
    schemaVersion,
    workflow,
    state,
    occurredAt,
    actor,
    ticketId,
    revision,
    partition: 0,
    position: frame.firstPosition + index,
    recordedAt,
  } as Writable<RecordedEvent>;
  if (onBehalfOf !== undefined) event.onBehalfOf = onBehalfOf;
  if (commandId !== undefined) event.commandId = commandId;
  if (commandDigest !== undefined) event.commandDigest = commandDigest;
  if (correlationId !== undefined) event.correlationId = correlationId;
  if (causationId !== undefined) event.causationId = causationId;
  if (source !== undefined) event.source = source;
  return { event, previous };
}

/** The first few fields only: what an index is built from. */
export function decodeKeys(payload: Buffer, at: number): RecordKeys {
  const reader = new ByteReader(payload, bodyStart(payload, at), recordEnd(payload, at));
  reader.byte();
  const parts = reader.byte();
  const flags = reader.byte();
  const revision = reader.varint();
  readLink(reader, flags, 0, 0);
  const ticketId = reader.text();
  const isFirst = (parts & has.commandId) !== 0 && (parts & has.commandDigest) !== 0;
  return { ticketId, revision, commandId: isFirst ? reader.text() : undefined };
}

type Writable<T> = T extends unknown ? { -readonly [K in keyof T]: T[K] } : never;

function bodyStart(payload: Buffer, at: number): number {
  return payload.readUInt16LE(at) <= shortRecordBytesMax ? at + 2 : at + 4;
}

function readLink(
  reader: ByteReader,
  flags: number,
  segment: number,
  frameOffset: number,
): RecordLocation | undefined {
  const kind = flags & linkMask;
  if (kind === linkSameSegment) {
    return { segment, frameOffset: frameOffset - reader.varint(), index: reader.varint() };
  }
  if (kind === linkOtherSegment) {
    return { segment: reader.varint(), frameOffset: reader.varint(), index: reader.varint() };
  }
  return undefined;
}

function readActor(reader: ByteReader): Actor {
  const role = known(roleByCode[reader.byte()], 'role code');
  return { id: reader.text(), role };
}

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RangeError(`an unknown ${what}`);
  return value;
}
