/** The record codec gives back exactly what it was given, for every type of event, and packs tightly. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventCodes } from '../../../adapters/log/segment/event-codes.ts';
import { type FrameHeader, frameHeaderBytes } from '../../../adapters/log/segment/format.ts';
import { FrameNames } from '../../../adapters/log/segment/frame-names.ts';
import {
  dataText,
  encodeRecord,
  needsLongLength,
  type RecordContext,
  recordBytesMax,
} from '../../../adapters/log/segment/record.ts';
import { RecordCursor } from '../../../adapters/log/segment/record-decoder.ts';
import {
  eventTypes,
  type NewEvent,
  type RecordedEvent,
  type TicketEvent,
} from '../../../domain/ticket/events.ts';
import { roles } from '../../../domain/ticket/values.ts';
import { newEvent } from '../../support/events.ts';

const recordedAt = Date.UTC(2026, 0, 1);
const anyString = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
  fc.string({ minLength: 1, maxLength: 300 }),
  // Lone surrogates are strings too.
  fc
    .array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { minLength: 1, maxLength: 20 })
    .map((codes) => String.fromCharCode(...codes)),
  fc.uuid(),
  fc.uuid().map((uuid) => uuid.toUpperCase()),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 1, maxLength: 64 }),
);
const anyActor = fc.record({ id: anyString, role: fc.constantFrom(...roles) }, { noNullPrototype: true });
const fieldValue = fc.oneof(
  anyString.map((text) => text.toWellFormed()),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.boolean(),
  fc.array(fc.string({ unit: 'binary' })),
);
const anyData = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,10}$/),
  fc.oneof(fieldValue, fc.constant(null)),
  { maxKeys: 5, noNullPrototype: true },
);
const anyTime = fc.oneof(
  fc.integer({ min: recordedAt - 1_000, max: recordedAt + 1_000 }),
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
);
const anyEvent = fc.record(
  {
    type: fc.constantFrom(...eventTypes),
    data: anyData,
    schemaVersion: fc.oneof(fc.constant(1), fc.nat()),
    workflow: anyString,
    state: anyString,
    occurredAt: anyTime,
    actor: anyActor,
    onBehalfOf: anyActor,
    commandId: anyString,
    commandDigest: anyString,
    correlationId: anyString,
    causationId: anyString,
    source: anyString,
  },
  {
    noNullPrototype: true,
    requiredKeys: ['type', 'data', 'schemaVersion', 'workflow', 'state', 'occurredAt', 'actor'],
  },
);
const anyPlace = fc.record({
  ticketId: anyString,
  revision: fc.integer({ min: 1, max: 2 ** 31 }),
  recordedAt: fc.constant(recordedAt),
  recordedAfterFrame: fc.constant(300),
});
type Place = Omit<RecordContext, 'names'>;

const simple: Place = { ticketId: 'T-100017', revision: 4, recordedAt, recordedAfterFrame: 0 };

/** The payload of a frame that holds these events of one ticket. */
function encode(events: readonly NewEvent[], place: Place) {
  const names = new FrameNames();
  const records = events.map((event, at) => {
    const data = dataText(event.data);
    const bytesMax = recordBytesMax(event, place.ticketId, data);
    const bytes = Buffer.alloc(bytesMax);
    const context = { ...place, revision: place.revision + at, names };
    const end = encodeRecord(bytes, 0, event, data, needsLongLength(bytesMax), context);
    expect(end).toBeLessThanOrEqual(bytesMax);
    return bytes.subarray(0, end);
  });
  const written = Buffer.alloc(names.bytesMax);
  const namesEnd = names.write(written, 0);
  const payload = Buffer.concat([...records, written.subarray(0, namesEnd)]);
  return { payload, recordBytes: records.map(({ length }) => length) };
}

function headerOf(place: Place, payload: Buffer, recordBytes: readonly number[]): FrameHeader {
  return {
    kind: 1,
    payloadBytes: payload.length,
    eventCount: recordBytes.length,
    firstPosition: 100,
    recordedAt: place.recordedAt - place.recordedAfterFrame,
    durableUpTo: 0,
    namesAt: recordBytes.reduce((sum, bytes) => sum + bytes, 0),
    payloadCrc: 0,
  };
}

function decode(events: readonly NewEvent[], place: Place): RecordedEvent[] {
  const { payload, recordBytes } = encode(events, place);
  const cursor = new RecordCursor(headerOf(place, payload, recordBytes), payload);
  const decoded: RecordedEvent[] = [];
  while (!cursor.done) decoded.push(cursor.event());
  return decoded;
}

describe('the record codec', () => {
  test('has a code of its own for each event type, for ever', () => {
    expect(Object.keys(eventCodes).sort()).toEqual([...eventTypes].sort());
    expect(new Set(Object.values(eventCodes)).size).toBe(eventTypes.length);
    expect(Object.values(eventCodes)).toEqual(Object.values(eventCodes).sort((left, right) => left - right));
  });

  test('gives back every event exactly', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 5 }), anyPlace, (any, place) => {
        const events = any as unknown as NewEvent[];
        const { ticketId } = place;
        const expected = events.map((event, at) => {
          const data = JSON.parse(JSON.stringify(event.data));
          const [revision, position] = [place.revision + at, 100 + at];
          return { ...event, data, ticketId, revision, partition: 0, position, recordedAt };
        });
        expect(decode(events, place)).toStrictEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  test('tells the keys of any record without those before it', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 5 }), anyPlace, (any, place) => {
        const events = any as unknown as NewEvent[];
        const { payload, recordBytes } = encode(events, place);
        for (const [at, event] of events.entries()) {
          const cursor = new RecordCursor(headerOf(place, payload, recordBytes), payload);
          cursor.skipTo(at);
          const commandId = event.commandDigest === undefined ? undefined : event.commandId;
          const { ticketId, revision } = place;
          expect(cursor.keys()).toEqual({ ticketId, revision: revision + at, commandId });
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each(eventTypes)(
    'writes a %s without data in at most 66 bytes, command id and digest included',
    (type) => {
      const event = newEvent({ type, data: {} } as TicketEvent, {
        commandId: '0192f0c1-7b3a-7000-8000-0123456789ab',
        commandDigest: 'a1b2c3d4e5f60718a1b2c3d4',
        occurredAt: recordedAt - 2_000,
        actor: { id: 'agent-17', role: 'agent' },
      });
      const [alone = 0] = encode([event], simple).recordBytes;
      expect(alone).toBeLessThanOrEqual(64);
      // With its names, and its part of the frame's header, among 100 others.
      const { payload } = encode(Array(100).fill(event), simple);
      expect((payload.length + frameHeaderBytes) / 100).toBeLessThanOrEqual(66);
    },
  );

  test('leaves undefined parts out', () => {
    const [event] = decode(
      [newEvent({ type: 'WorkStarted', data: {} }, { source: undefined, commandId: undefined })],
      simple,
    );
    expect(Object.keys(event ?? {})).not.toContain('source');
    expect(Object.keys(event ?? {})).not.toContain('commandId');
  });

  test('never reads beyond a record or a frame', () => {
    const event = newEvent({ type: 'CommentAdded', data: { body: 'x', public: true } });
    const { payload, recordBytes } = encode([event], simple);
    const header = headerOf(simple, payload, recordBytes);
    for (let length = 0; length < payload.length; length += 1) {
      const cut = payload.subarray(0, length);
      expect(() => new RecordCursor(header, cut).event(), `${length} bytes`).toThrow(RangeError);
      if (length >= header.namesAt) continue;
      expect(() => new RecordCursor({ ...header, namesAt: length }, payload).event()).toThrow(RangeError);
    }
  });
});
