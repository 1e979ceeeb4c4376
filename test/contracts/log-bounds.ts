/** Part of the event log contract: how much one write, one call and one log may hold. */
import { expect, test } from 'vitest';
import type { NewEvent } from '../../domain/ticket/events.ts';
import { newEvent } from '../support/events.ts';
import {
  all,
  expectConsistent,
  range,
  type Subject,
  started,
  write,
  writeEventsEveryLogTakes,
} from './log-under-test.ts';

const mebibyte = 1024 * 1024;

function comment(characters: number, letter = 'x'): NewEvent {
  return newEvent({ type: 'CommentAdded', data: { body: letter.repeat(characters), public: false } });
}

export function boundsContract(subject: Subject): void {
  test(`one write takes ${writeEventsEveryLogTakes} events`, async () => {
    const events = Array<NewEvent>(writeEventsEveryLogTakes).fill(started);
    const outcomes = await subject.log.append([
      write('A', 0),
      write('B', 0, ...events),
      write('B', events.length),
    ]);
    expect(outcomes).toMatchObject([{ position: 1 }, { position: 2 }, { position: 2 + events.length }]);
    const log = await subject.restarted();
    expect(await log.revisionOf('B')).toBe(events.length + 1);
    const positions = (await all(log, events.length - 3)).map((event) => event.position);
    expect(positions).toEqual(range(events.length - 3, events.length + 2));
  });

  test('counts the events of all parts of a write', async () => {
    const half = Array<NewEvent>(32_767).fill(started);
    const also = [write('B', 0, ...half), write('C', 0)];
    await subject.log.append([{ ...write('A', 0, ...half), also }]);
    expect(await subject.log.head()).toBe(65_535);
    expect(await subject.log.revisionOf('C')).toBe(1);
  });

  test('a write of more events than the log can keep together is a RangeError, and no trace', async (context) => {
    const { writeEventsMax } = subject.bounds;
    if (writeEventsMax === undefined) return context.skip('this log states no bound');
    expect(writeEventsMax).toBeGreaterThanOrEqual(writeEventsEveryLogTakes);
    const { log } = subject;
    const events = Array<NewEvent>(writeEventsMax).fill(started);
    await log.append([write('before', 0)]);
    await expect(log.append([write('A', 0, ...events, started)])).rejects.toThrow(RangeError);
    const spread = { ...write('A', 0, ...events), also: [write('B', 0)] };
    await expect(log.append([spread])).rejects.toThrow(RangeError);
    await log.append([write('A', 0), write('B', 0)]);
    const tickets = (await expectConsistent(await subject.restarted())).map(({ ticketId }) => ticketId);
    expect(tickets).toEqual(['before', 'A', 'B']);
  });

  test('a write of more bytes than the log can keep together is a RangeError, and no trace', async (context) => {
    const { writeBytesMax } = subject.bounds;
    if (writeBytesMax === undefined) return context.skip('this log states no bound');
    const { log } = subject;
    const part = comment(writeBytesMax / 8);
    await log.append([write('before', 0)]);
    await expect(log.append([write('A', 0, ...Array(8).fill(part))])).rejects.toThrow(RangeError);
    const spread = { ...write('A', 0, ...Array(7).fill(part)), also: [write('B', 0, part)] };
    await expect(log.append([spread])).rejects.toThrow(RangeError);
    expect(await log.append([write('A', 0, ...Array(7).fill(part)), write('B', 0)])).toMatchObject([
      { status: 'appended', position: 2 },
      { status: 'appended', position: 9 },
    ]);
    expect(await (await subject.restarted()).head()).toBe(9);
    expect((await subject.log.readTicket('B')).map(({ position }) => position)).toEqual([9]);
  });

  test('several events of a mebibyte fit into one write, between small ones', async () => {
    const events = ['a', 'b', 'ü', '日'].map((letter) => comment(mebibyte, letter));
    const also = [write('B', 0), write('C', 0, ...events.slice(0, 1), started)];
    await subject.log.append([write('A', 0), { ...write('A', 1, ...events), also }, write('A', 5)]);
    const log = await subject.restarted();
    const stored = (await log.readTicket('A')).map(({ data }) => data);
    expect(stored).toEqual([{}, ...events.map(({ data }) => data), {}]);
    expect((await log.readTicket('C')).map(({ data }) => data)).toEqual([events[0]?.data, {}]);
    expect((await all(log, 1, 1)).map(({ position }) => position)).toEqual(range(1, 9));
  });

  test('one call takes thousands of writes', async () => {
    const writes = range(0, 2_999).map((index) => write(`T-${index % 300}`, Math.floor(index / 300)));
    const outcomes = await subject.log.append(writes);
    expect(outcomes.map((outcome) => outcome.status === 'appended' && outcome.position)).toEqual(
      range(1, 3_000),
    );
    const log = await subject.restarted();
    expect((await log.readTicket('T-299')).map(({ revision }) => revision)).toEqual(range(1, 10));
    expect(await log.head()).toBe(3_000);
  });
}
