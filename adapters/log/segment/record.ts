/**
 * One event as bytes. A record needs nothing but its frame to be read:
 *
 *     u16   bytes that follow; with the top bit set, the upper half of a u32 whose lower half comes next
 *     u8    event code, u8 optional parts, u8 role (3 bits) and schema version bit
 *     varint revision
 *     text  ticketId, [commandId], [commandDigest]     what an index needs comes first
 *     varint recordedAt after the frame's, zigzag varint occurredAt after recordedAt (or an f64)
 *     name  workflow, state, actor id, [role code, onBehalfOf id]
 *     text  [correlationId], [causationId]
 *     name  [source]
 *     [varint schemaVersion]                           only where it is not 1
 *     data  as JSON, up to the end of the record; no bytes at all for `{}`
 *
 * A text is a varint of its length times four plus a form (Latin-1, UTF-16, packed hexadecimal, packed
 * UUID), then its bytes; each form gives back exactly the string it was given, lone surrogates included. A
 * name is a varint: the number of a text among the frame's names. Encoding must never write more than
 * `recordBytesMax` said it might. Reading is in record-decoder.ts.
 */
import type { NewEvent } from '../../../domain/ticket/events.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { writePackedText, writeText, writeVarint } from './byte-writer.ts';
import { eventCodes, roleCodes } from './event-codes.ts';
import type { FrameNames } from './frame-names.ts';

export const has = {
  onBehalfOf: 1,
  commandId: 2,
  commandDigest: 4,
  correlationId: 8,
  causationId: 16,
  source: 32,
  rawOccurredAt: 64,
} as const;
export const hasSchemaVersion = 1 << 3;
export const roleMask = 7;
/** Differences of times beyond this are written as they are: doubling them must stay exact. */
const timeDifferenceMax = 2 ** 50;
export const shortRecordBytesMax = 0x7fff;
const fixedBytesMax = 128;
/** Up to here a loop over characters is faster than a call into the runtime. */
const asciiLoopCharactersMax = 48;

/**
 * Everything about a record that is not the event's own; one object, reused, so that encoding allocates
 * nothing.
 */
export interface RecordContext {
  ticketId: TicketId;
  revision: number;
  recordedAt: number;
  /** By how much that is after the frame's first. */
  recordedAfterFrame: number;
  /** The frame's names; those of the event are added where they are new. */
  readonly names: FrameNames;
}

/** The event's data as it is stored; empty for `{}`. */
export function dataText(data: object): string {
  for (const _key in data) return JSON.stringify(data);
  return '';
}

/** No record of this event takes more bytes than this, beside its names. */
export function recordBytesMax(event: NewEvent, ticketId: TicketId, data: string): number {
  let characters = ticketId.length;
  characters += (event.commandId?.length ?? 0) + (event.commandDigest?.length ?? 0);
  characters += (event.correlationId?.length ?? 0) + (event.causationId?.length ?? 0);
  return fixedBytesMax + 2 * characters + 3 * data.length;
}

/** Writes the record at `at`, where there must be room for `recordBytesMax`; returns the offset after it. */
export function encodeRecord(
  bytes: Buffer,
  at: number,
  event: NewEvent,
  data: string,
  long: boolean,
  context: RecordContext,
): number {
  const code = eventCodes[event.type];
  if (code === undefined) throw new TypeError(`an event of no known type: ${String(event.type)}`);
  const { commandId, commandDigest, onBehalfOf } = event;
  const { names } = context;
  let parts = 0;
  const start = long ? at + 4 : at + 2;
  bytes[start] = code;
  let flags: number = roleCodes[event.actor.role];
  let next = writeVarint(bytes, start + 3, context.revision);
  next = writeText(bytes, next, context.ticketId);
  if (commandId !== undefined) {
    parts |= has.commandId;
    next = writePackedText(bytes, next, commandId);
  }
  if (commandDigest !== undefined) {
    parts |= has.commandDigest;
    next = writePackedText(bytes, next, commandDigest);
  }
  next = writeVarint(bytes, next, context.recordedAfterFrame);
  const difference = event.occurredAt - context.recordedAt;
  if (Number.isInteger(difference) && Math.abs(difference) < timeDifferenceMax) {
    next = writeVarint(bytes, next, difference < 0 ? -2 * difference - 1 : 2 * difference);
  } else {
    parts |= has.rawOccurredAt;
    next = bytes.writeDoubleLE(event.occurredAt, next);
  }
  next = writeVarint(bytes, next, names.ofWorkflow(event.workflow));
  next = writeVarint(bytes, next, names.number(event.state));
  next = writeVarint(bytes, next, names.ofActor(event.actor.id));
  if (onBehalfOf !== undefined) {
    parts |= has.onBehalfOf;
    bytes[next] = roleCodes[onBehalfOf.role];
    next = writeVarint(bytes, next + 1, names.number(onBehalfOf.id));
  }
  if (event.correlationId !== undefined || event.causationId !== undefined || event.source !== undefined) {
    parts |= originParts(event);
    next = writeOrigin(bytes, next, event, names);
  }
  if (event.schemaVersion !== 1) {
    flags |= hasSchemaVersion;
    next = writeVarint(bytes, next, event.schemaVersion);
  }
  next = writeData(bytes, next, data);
  bytes[start + 1] = parts;
  bytes[start + 2] = flags;
  writeLength(bytes, at, next - start, long);
  return next;
}

/** Whether a record that may take `bytesMax` bytes needs the long form of its length. */
export function needsLongLength(bytesMax: number): boolean {
  return bytesMax > shortRecordBytesMax;
}

function originParts(event: NewEvent): number {
  let parts = event.correlationId === undefined ? 0 : has.correlationId;
  if (event.causationId !== undefined) parts |= has.causationId;
  if (event.source !== undefined) parts |= has.source;
  return parts;
}

function writeOrigin(bytes: Uint8Array, at: number, event: NewEvent, names: FrameNames): number {
  let next = at;
  if (event.correlationId !== undefined) next = writePackedText(bytes, next, event.correlationId);
  if (event.causationId !== undefined) next = writePackedText(bytes, next, event.causationId);
  if (event.source !== undefined) next = writeVarint(bytes, next, names.number(event.source));
  return next;
}

function writeLength(bytes: Buffer, at: number, length: number, long: boolean): void {
  if (long) {
    bytes.writeUInt16LE(0x8000 + Math.floor(length / 0x1_0000), at);
    bytes.writeUInt16LE(length % 0x1_0000, at + 2);
  } else {
    bytes[at] = length & 0xff;
    bytes[at + 1] = length >>> 8;
  }
}

function writeData(bytes: Buffer, at: number, data: string): number {
  if (data.length > asciiLoopCharactersMax) return at + bytes.write(data, at, 'utf8');
  for (let index = 0; index < data.length; index += 1) {
    const code = data.charCodeAt(index);
    if (code > 0x7f) return at + bytes.write(data, at, 'utf8');
    bytes[at + index] = code;
  }
  return at + data.length;
}
