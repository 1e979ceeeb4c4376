/** The record codec gives back exactly what it was given, for every type of event, and packs tightly. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventCodes } from '../../../adapters/log/segment/event-codes.ts';
import type { FrameHeader } from '../../../adapters/log/segment/format.ts';
import {
  dataText,
  encodeRecord,
  needsLongLength,
  type RecordContext,
  recordBytesMax,
} from '../../../adapters/log/segment/record.ts';
import { decodeKeys, decodeRecord, recordEnd } from '../../../adapters/log/segment/record-decoder.ts';
import { eventTypes, type NewEvent, type TicketEvent } from '../../../domain/ticket/events.ts';
import { roles } from '../../../domain/ticket/values.ts';
import { newEvent } from './samples.ts';

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
  segment: fc.integer({ min: 1, max: 2 ** 50 }),
  frameOffset: fc.integer({ min: 10_000, max: 2 ** 31 }),
  frameRecordedAt: fc.constant(recordedAt - 300),
  recordedAt: fc.constant(recordedAt),
  previousSegment: fc.constant(0),
  previousFrameOffset: fc.integer({ min: 64, max: 10_000 }),
  previousIndex: fc.integer({ min: 0, max: 65_534 }),
});

function encode(event: NewEvent, context: RecordContext): Buffer {
  const data = dataText(event.data);
  const bytesMax = recordBytesMax(event, context.ticketId, data);
  const bytes = Buffer.alloc(bytesMax);
  const end = encodeRecord(bytes, 0, event, data, needsLongLength(bytesMax), context);
  expect(end).toBeLessThanOrEqual(bytesMax);
  expect(recordEnd(bytes, 0)).toBe(end);
  return bytes.subarray(0, end);
}

function headerOf(context: RecordContext): FrameHeader {
  const { frameRecordedAt } = context;
  return {
    kind: 1,
    payloadBytes: 0,
    eventCount: 10,
    firstPosition: 100,
    recordedAt: frameRecordedAt,
    durableUpTo: 0,
    payloadCrc: 0,
  };
}

const simple: RecordContext = {
  ticketId: 'T-100017',
  revision: 4,
  segment: 1,
  frameOffset: 40_000_000,
  frameRecordedAt: recordedAt,
  recordedAt,
  previousSegment: 1,
  previousFrameOffset: 20_000_000,
  previousIndex: 120,
};

describe('the record codec', () => {
  test('has a code of its own for each event type, for ever', () => {
    expect(Object.keys(eventCodes).sort()).toEqual([...eventTypes].sort());
    expect(new Set(Object.values(eventCodes)).size).toBe(eventTypes.length);
    expect(Object.values(eventCodes)).toEqual(Object.values(eventCodes).map((_, index) => index + 1));
  });

  test('gives back every event exactly', () => {
    fc.assert(
      fc.property(anyEvent, anyPlace, fc.constantFrom('none', 'same', 'other'), (any, place, link) => {
        const event = any as unknown as NewEvent;
        const previousSegment = { none: 0, same: place.segment, other: place.segment + 1 }[link];
        const context = { ...place, previousSegment };
        const bytes = encode(event, context);
        const { event: decoded, previous } = decodeRecord(
          bytes,
          0,
          headerOf(context),
          context.segment,
          context.frameOffset,
          7,
        );
        const { ticketId, revision } = context;
        const data = JSON.parse(JSON.stringify(event.data));
        expect(decoded).toStrictEqual({
          ...event,
          data,
          ticketId,
          revision,
          partition: 0,
          position: 107,
          recordedAt,
        });
        const { previousFrameOffset: frameOffset, previousIndex: index } = context;
        expect(previous).toEqual(
          link === 'none' ? undefined : { segment: previousSegment, frameOffset, index },
        );
        const commandId = event.commandDigest === undefined ? undefined : event.commandId;
        expect(decodeKeys(bytes, 0)).toEqual({ ticketId, revision, commandId });
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(eventTypes)(
    'writes a %s without data in at most 96 bytes, command id and digest included',
    (type) => {
      const event = newEvent({ type, data: {} } as TicketEvent, {
        commandId: '0192f0c1-7b3a-7000-8000-0123456789ab',
        commandDigest: 'a1b2c3d4e5f60718a1b2c3d4',
        occurredAt: recordedAt - 2_000,
        actor: { id: 'agent-17', role: 'agent' },
      });
      expect(encode(event, simple).length).toBeLessThanOrEqual(96);
    },
  );

  test('leaves undefined parts out', () => {
    const bytes = encode(
      newEvent({ type: 'WorkStarted', data: {} }, { source: undefined, commandId: undefined }),
      simple,
    );
    const { event } = decodeRecord(bytes, 0, headerOf(simple), 1, simple.frameOffset, 0);
    expect(Object.keys(event)).not.toContain('source');
    expect(Object.keys(event)).not.toContain('commandId');
  });

  test('never reads beyond a record', () => {
    const bytes = encode(newEvent({ type: 'CommentAdded', data: { body: 'x', public: true } }), simple);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() =>
        decodeRecord(bytes.subarray(0, length), 0, headerOf(simple), 1, simple.frameOffset, 0),
      ).toThrow(RangeError);
    }
  });
});
