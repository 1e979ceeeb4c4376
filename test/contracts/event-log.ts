/**
 * What every event log must do, whatever it stores its events in. An adapter's test calls
 * `eventLogContract` with a way to open an empty log; `reopen` (for logs that outlive a close) must open the
 * same log again after `close`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../domain/errors.ts';
import type { AppendOutcome, Clock, EventLog, Write } from '../../domain/ports.ts';
import type { NewEvent, RecordedEvent, TicketEvent } from '../../domain/ticket/events.ts';

export interface LogUnderTest {
  readonly log: EventLog;
  readonly reopen?: () => Promise<EventLog>;
  close(): Promise<void>;
}

/** A clock that a test sets. */
export class SetClock implements Clock {
  time = Date.UTC(2026, 0, 1);
  now(): number {
    return this.time;
  }
}

export function newEvent(event: TicketEvent, envelope: Partial<NewEvent> = {}): NewEvent {
  return {
    schemaVersion: 1,
    workflow: 'support@1',
    state: 'open/assigned/L0',
    occurredAt: Date.UTC(2025, 11, 31),
    actor: { id: 'ada', role: 'agent' },
    ...envelope,
    ...event,
  } as NewEvent;
}

const started = newEvent({ type: 'WorkStarted', data: {} });
const resumed = newEvent({ type: 'TicketResumed', data: {} });

function write(ticketId: string, expectedRevision: number, ...events: NewEvent[]): Write {
  return { ticketId, expectedRevision, events: events.length === 0 ? [started] : events };
}

async function all(log: EventLog, from = 1, batchEventsMax?: number): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  const options = batchEventsMax === undefined ? {} : { batchEventsMax };
  for await (const batch of log.read(from, options)) events.push(...batch);
  return events;
}

function appendedAt(outcome: AppendOutcome | undefined): number {
  if (outcome?.status !== 'appended') throw new Error(`not appended: ${JSON.stringify(outcome)}`);
  return outcome.position;
}

async function faultOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

export function eventLogContract(name: string, open: (clock: Clock) => Promise<LogUnderTest>): void {
  describe(`event log contract: ${name}`, () => {
    const clock = new SetClock();
    let subject: LogUnderTest;
    let log: EventLog;

    beforeEach(async () => {
      clock.time = Date.UTC(2026, 0, 1);
      subject = await open(clock);
      log = subject.log;
    });
    afterEach(() => subject.close());

    /** The log after a restart, or as it is where it does not outlive one. */
    const restarted = async () => {
      if (subject.reopen !== undefined) log = await subject.reopen();
      return log;
    };

    describe('appending', () => {
      test('gives contiguous positions, one outcome for each write, in order', async () => {
        const outcomes = await log.append([write('A', 0, started, resumed), write('B', 0), write('A', 2)]);
        expect(outcomes.map((outcome) => appendedAt(outcome))).toEqual([1, 3, 4]);
        const events = await all(log);
        expect(events.map((event) => event.position)).toEqual([1, 2, 3, 4]);
        expect(events.map((event) => [event.ticketId, event.revision])).toEqual([
          ['A', 1],
          ['A', 2],
          ['B', 1],
          ['A', 3],
        ]);
      });

      test('of nothing gives no outcomes', async () => {
        expect(await log.append([])).toEqual([]);
        expect(await log.head()).toBe(0);
      });

      test('a conflict tells the actual revision and fails alone', async () => {
        await log.append([write('A', 0, started, resumed)]);
        const outcomes = await log.append([write('B', 0), write('A', 1), write('C', 0), write('D', 1)]);
        expect(outcomes).toEqual([
          { status: 'appended', position: 3, recordedAt: clock.time },
          { status: 'conflict', ticketId: 'A', actualRevision: 2 },
          { status: 'appended', position: 4, recordedAt: clock.time },
          { status: 'conflict', ticketId: 'D', actualRevision: 0 },
        ]);
        expect(await log.head()).toBe(4);
      });

      test('later writes of a call see earlier ones', async () => {
        const outcomes = await log.append([write('A', 0), write('A', 1, started, resumed), write('A', 3)]);
        expect(outcomes.map((outcome) => appendedAt(outcome))).toEqual([1, 2, 4]);
        expect(await log.revisionOf('A')).toBe(4);
      });

      test('after a conflict, later writes of the call to its tickets conflict, and no others', async () => {
        const spanning: Write = { ...write('B', 5), also: [write('C', 0)] };
        const outcomes = await log.append([
          write('A', 0),
          write('A', 0),
          write('A', 1),
          spanning,
          write('C', 0),
          { ...write('D', 0), also: [write('C', 0)] },
          write('D', 0),
          write('E', 0),
        ]);
        expect(outcomes).toMatchObject([
          { status: 'appended', position: 1 },
          { status: 'conflict', ticketId: 'A', actualRevision: 1 },
          { status: 'conflict', ticketId: 'A', actualRevision: 1 },
          { status: 'conflict', ticketId: 'B', actualRevision: 0 },
          { status: 'conflict', ticketId: 'C', actualRevision: 0 },
          { status: 'conflict', ticketId: 'C', actualRevision: 0 },
          { status: 'conflict', ticketId: 'D', actualRevision: 0 },
          { status: 'appended', position: 2 },
        ]);
        expect(await log.append([write('A', 1)])).toMatchObject([{ status: 'appended', position: 3 }]);
      });

      test('a write across tickets is all or nothing', async () => {
        await log.append([write('A', 0), write('B', 0)]);
        const merge = (revisionOfB: number): Write => ({
          ...write('A', 1, newEvent({ type: 'TicketMerged', data: { into: 'B' } })),
          also: [
            {
              ticketId: 'B',
              expectedRevision: revisionOfB,
              events: [newEvent({ type: 'TicketAbsorbed', data: { from: 'A' } })],
            },
            { ticketId: 'C', expectedRevision: 0, events: [started, resumed] },
          ],
        });
        expect(await log.append([merge(2)])).toEqual([
          { status: 'conflict', ticketId: 'B', actualRevision: 1 },
        ]);
        expect(await log.head()).toBe(2);
        expect(await log.revisionOf('C')).toBe(0);
        const outcomes = await log.append([merge(1), write('C', 2)]);
        expect(outcomes.map((outcome) => appendedAt(outcome))).toEqual([3, 7]);
        expect((await all(log, 3)).map((event) => `${event.ticketId}${event.revision}`)).toEqual([
          'A2',
          'B2',
          'C1',
          'C2',
          'C3',
        ]);
      });

      test('calls made at the same time all succeed, in the order they were made', async () => {
        const calls = Array.from({ length: 200 }, (_, index) =>
          log.append([write('A', index), write(`T${index}`, 0)]),
        );
        const outcomes = await Promise.all(calls);
        expect(outcomes.map(([first]) => appendedAt(first))).toEqual(calls.map((_, index) => index * 2 + 1));
        expect((await log.readTicket('A')).map((event) => event.revision)).toEqual(
          calls.map((_, index) => index + 1),
        );
      });

      test('recordedAt never runs backwards, even when the clock does', async () => {
        const [first] = await log.append([write('A', 0)]);
        clock.time -= 3_600_000;
        const [second] = await log.append([write('A', 1)]);
        log = await restarted();
        const [third] = await log.append([write('A', 2)]);
        clock.time += 7_200_000;
        await log.append([write('A', 3)]);
        const times = (await all(log)).map((event) => event.recordedAt);
        expect(times).toEqual([...times].sort((left, right) => left - right));
        expect(times[3]).toBe(clock.time);
        const told = [first, second, third].map(
          (outcome) => outcome?.status === 'appended' && outcome.recordedAt,
        );
        expect(told).toEqual(times.slice(0, 3));
      });

      test('a write that can not be stored is refused and leaves nothing behind', async () => {
        const impossible = { ...started, data: { count: 1n } } as unknown as NewEvent;
        await expect(log.append([write('A', 0, started, impossible)])).rejects.toThrow(TypeError);
        await expect(log.append([{ ticketId: 'A', expectedRevision: 0, events: [] }])).rejects.toThrow(
          RangeError,
        );
        expect(await log.append([write('A', 0)])).toMatchObject([{ status: 'appended', position: 1 }]);
        expect((await log.readTicket('A')).map((event) => event.revision)).toEqual([1]);
      });
    });

    describe('what is stored', () => {
      test('comes back exactly, with optional parts absent where they were', async () => {
        const full = newEvent(
          {
            type: 'TicketOpened',
            data: { fields: { subject: 'Grüße 🚀 日本語', urgency: 2, vip: true, tags: ['a', 'ü'] } },
          },
          {
            onBehalfOf: { id: 'Łukasz 🙂', role: 'requester' },
            commandId: 'c-1',
            commandDigest: 'd'.repeat(64),
            correlationId: '0192f0c1-7b3a-7000-8000-0123456789ab',
            causationId: 'zendesk:4711',
            source: 'zendesk',
            schemaVersion: 7,
            occurredAt: -1,
          },
        );
        const bare = newEvent(
          { type: 'TicketAssigned', data: { agent: 'bo', group: null } },
          { source: undefined },
        );
        await log.append([write('T-1', 0, full, bare)]);
        const { source: _source, ...stored } = bare;
        const common = { ticketId: 'T-1', partition: 0, recordedAt: clock.time };
        const expected = [
          { ...full, ...common, revision: 1, position: 1 },
          { ...stored, ...common, revision: 2, position: 2 },
        ];
        expect(await all(log)).toStrictEqual(expected);
        expect(await (await restarted()).readTicket('T-1')).toStrictEqual(expected);
      });

      test('comes back exactly, whatever characters it has', async () => {
        const odd = [
          '\0',
          '\ud800',
          'a\udc00b',
          '\ufdd0',
          '\ufdd00000',
          '\\u0000',
          '\uffff\u{10ffff}',
          'e\u0301',
        ];
        for (const [index, text] of odd.entries()) {
          const actor = { id: text, role: 'agent' as const };
          const origin = { commandId: `id ${text}`, correlationId: text, causationId: text, source: text };
          const event = newEvent(
            { type: 'CommentAdded', data: { body: text, public: true } },
            { ...origin, actor, onBehalfOf: actor, commandDigest: text, state: text, workflow: text },
          );
          await log.append([write(`T${text}`, 0, event)]);
          const common = { ticketId: `T${text}`, partition: 0, recordedAt: clock.time };
          const expected = { ...event, ...common, revision: 1, position: index + 1 };
          expect(await log.readTicket(`T${text}`)).toStrictEqual([expected]);
          const trace = { commandDigest: text, events: [expected] };
          expect(await log.findCommand(`id ${text}`)).toStrictEqual(trace);
          expect(await log.revisionOf(`T${text}`)).toBe(1);
        }
      });

      test('may be large', async () => {
        const body = 'größer als ein Rahmen '.repeat(60_000);
        const large = newEvent({ type: 'CommentAdded', data: { body, public: false } });
        await log.append([write('A', 0), write('A', 1, large, large), write('A', 3)]);
        const events = await (await restarted()).readTicket('A');
        expect(events.map((event) => event.revision)).toEqual([1, 2, 3, 4]);
        expect(events[2]?.data).toEqual(large.data);
      });

      test('does not change when the caller changes the event afterwards', async () => {
        const event = newEvent({ type: 'TicketOpened', data: { fields: { subject: 'before' } } });
        await log.append([write('A', 0, event)]);
        Object.assign(event.data, { fields: { subject: 'after' } });
        expect((await log.readTicket('A'))[0]?.data).toEqual({ fields: { subject: 'before' } });
      });
    });

    describe('reading', () => {
      test('from any position, in batches of at most as many as asked for', async () => {
        for (let call = 0; call < 10; call += 1) {
          await log.append(Array.from({ length: 5 }, (_, index) => write(`T${call}-${index}`, 0)));
        }
        const positions = Array.from({ length: 50 }, (_, index) => index + 1);
        for (const from of [1, 2, 26, 50, 51, 99]) {
          expect((await all(log, from)).map((event) => event.position)).toEqual(positions.slice(from - 1));
        }
        const sizes: number[] = [];
        for await (const batch of log.read(3, { batchEventsMax: 7 })) sizes.push(batch.length);
        expect(sizes.every((size) => size >= 1 && size <= 7)).toBe(true);
        expect((await all(log, 3, 7)).map((event) => event.position)).toEqual(positions.slice(2));
      });

      test('of an empty log gives nothing; position 0 and other partitions are refused', async () => {
        expect(await all(log)).toEqual([]);
        await expect(all(log, 0)).rejects.toThrow(RangeError);
        await expect(log.head(log.partitions)).rejects.toThrow(RangeError);
      });

      test('goes on live, until it is aborted', async () => {
        await log.append([write('A', 0)]);
        const abort = new AbortController();
        const seen: number[] = [];
        const following = (async () => {
          for await (const batch of log.read(1, { live: true, signal: abort.signal })) {
            seen.push(...batch.map((event) => event.position));
            if (seen.length === 4) abort.abort();
          }
        })();
        await sleep(20);
        await log.append([write('A', 1), write('A', 2)]);
        await log.append([write('A', 3)]);
        await following;
        expect(seen).toEqual([1, 2, 3, 4]);
      });

      test('live ends when it is aborted while it waits, and when the log is closed', async () => {
        const abort = new AbortController();
        const aborted = log.read(1, { live: true, signal: abort.signal })[Symbol.asyncIterator]().next();
        const closed = log.read(1, { live: true })[Symbol.asyncIterator]().next();
        await sleep(10);
        abort.abort();
        expect((await aborted).done).toBe(true);
        await log.close();
        expect((await closed).done).toBe(true);
      });

      test('a ticket gives its events in order; an unknown one none', async () => {
        await log.append([
          write('A', 0),
          write('B', 0),
          write('A', 1, resumed),
          write('B', 1),
          write('A', 2),
        ]);
        const revisions = (await log.readTicket('A')).map((event) => [
          event.revision,
          event.position,
          event.type,
        ]);
        expect(revisions).toEqual([
          [1, 1, 'WorkStarted'],
          [2, 3, 'TicketResumed'],
          [3, 5, 'WorkStarted'],
        ]);
        expect(await log.readTicket('nobody')).toEqual([]);
      });

      test('head is the last position', async () => {
        expect(await log.head()).toBe(0);
        await log.append([write('A', 0, started, started)]);
        expect(await log.head()).toBe(2);
        expect(await (await restarted()).head()).toBe(2);
      });

      test('revisionOf is the last revision', async () => {
        expect(await log.revisionOf('A')).toBe(0);
        await log.append([write('A', 0, started, started)]);
        expect(await log.revisionOf('A')).toBe(2);
        expect(await (await restarted()).revisionOf('A')).toBe(2);
        expect(await log.append([write('A', 1)])).toMatchObject([{ status: 'conflict', actualRevision: 2 }]);
      });
    });

    test('commands are remembered with their events, after a restart too', async () => {
      const first = newEvent({ type: 'TicketOpened', data: {} }, { commandId: 'c-1', commandDigest: 'abc' });
      const second = newEvent({ type: 'WorkStarted', data: {} }, { commandId: 'c-1' });
      const also = [write('C', 0, second)];
      await log.append([write('A', 0), { ...write('B', 0, started, first, second), also }, write('B', 3)]);
      const trace = { commandDigest: 'abc', events: (await log.readTicket('B')).slice(1, 3) };
      expect(trace.events.map(({ revision, position }) => [revision, position])).toEqual([
        [2, 3],
        [3, 4],
      ]);
      expect(await log.findCommand('c-1')).toEqual(trace);
      expect(await log.findCommand('c-2')).toBeUndefined();
      log = await restarted();
      expect(await log.findCommand('c-1')).toEqual(trace);
      expect(await log.findCommand('c-2')).toBeUndefined();
    });

    test('where there are other writers, a command id is accepted once', async () => {
      if (log.soleWriter) return;
      const begin = (commandId: string) =>
        newEvent({ type: 'TicketOpened', data: {} }, { commandId, commandDigest: 'abc' });
      await log.append([write('A', 0, begin('c-1'))]);
      const outcomes = await log.append([
        write('B', 0, begin('c-1')),
        write('B', 0),
        write('C', 0, begin('c-2')),
        write('D', 0, begin('c-2')),
        { ...write('E', 0), also: [write('F', 0, begin('c-1'))] },
        write('F', 0),
        write('G', 0, begin('c-3')),
      ]);
      expect(outcomes).toMatchObject([
        { status: 'conflict', ticketId: 'B', actualRevision: 0 },
        { status: 'conflict', ticketId: 'B', actualRevision: 0 },
        { status: 'appended', position: 2 },
        { status: 'conflict', ticketId: 'D', actualRevision: 0 },
        { status: 'conflict', ticketId: 'E', actualRevision: 0 },
        { status: 'conflict', ticketId: 'F', actualRevision: 0 },
        { status: 'appended', position: 3 },
      ]);
      const calls = await Promise.all([
        log.append([write('H', 0, begin('c-4'))]),
        log.append([write('I', 0, begin('c-4'))]),
      ]);
      expect(calls.map(([outcome]) => outcome?.status)).toEqual(['appended', 'conflict']);
      expect((await log.findCommand('c-4'))?.events.map((event) => event.ticketId)).toEqual(['H']);
      expect(await log.revisionOf('I')).toBe(0);
    });

    test('a closed log refuses everything', async () => {
      await log.append([write('A', 0)]);
      await log.close();
      await log.close();
      expect(await faultOf(() => log.append([write('A', 1)]))).toBe('log_closed');
      expect(await faultOf(() => all(log))).toBe('log_closed');
      expect(await faultOf(() => log.readTicket('A'))).toBe('log_closed');
      expect(await faultOf(() => log.head())).toBe('log_closed');
      expect(await faultOf(() => log.revisionOf('A'))).toBe('log_closed');
      expect(await faultOf(() => log.findCommand('c-1'))).toBe('log_closed');
    });
  });
}
