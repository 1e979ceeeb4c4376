/** Part of the event log contract: outcomes, conflicts and what later writes see of earlier ones. */
import { expect, test } from 'vitest';
import type { Write } from '../../domain/ports.ts';
import {
  all,
  appendedAt,
  expectConsistent,
  impossible,
  resumed,
  type Subject,
  started,
  write,
} from './log-under-test.ts';

export function appendingContract(subject: Subject): void {
  test('gives contiguous positions, one outcome for each write, in order', async () => {
    const { log } = subject;
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
    expect(await subject.log.append([])).toEqual([]);
    expect(await subject.log.head()).toBe(0);
  });

  test('a conflict tells the actual revision and fails alone', async () => {
    const { log, clock } = subject;
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

  test('an expected revision that no ticket can have is a conflict, before and after a restart', async () => {
    const nowhere = [-1, 0.5, 1.5, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, 1e300];
    for (const value of [...nowhere, Number.POSITIVE_INFINITY, Number.NaN]) {
      const outcomes = await subject.log.append([write('A', value), write('new', value)]);
      expect(outcomes, String(value)).toEqual([
        { status: 'conflict', ticketId: 'A', actualRevision: expect.any(Number) },
        { status: 'conflict', ticketId: 'new', actualRevision: 0 },
      ]);
      if (value === 0.5) await subject.log.append([write('A', 0)]);
      if (value === 2 ** 31) await subject.restarted();
    }
    const events = await expectConsistent(subject.log);
    expect(events.map(({ ticketId, revision }) => [ticketId, revision])).toEqual([['A', 1]]);
  });

  test('later writes of a call see earlier ones', async () => {
    const { log } = subject;
    const outcomes = await log.append([write('A', 0), write('A', 1, started, resumed), write('A', 3)]);
    expect(outcomes.map((outcome) => appendedAt(outcome))).toEqual([1, 2, 4]);
    expect(await log.revisionOf('A')).toBe(4);
  });

  test('after a conflict, later writes of the call to its tickets conflict, and no others', async () => {
    const { log } = subject;
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

  test('the next call is not concerned by the conflicts of the one before, sent without waiting', async () => {
    const { log } = subject;
    const outcomes = await Promise.all([
      log.append([write('A', 0)]),
      log.append([write('A', 0), write('A', 1)]),
      log.append([write('A', 1)]),
    ]);
    expect(outcomes.flat()).toMatchObject([
      { status: 'appended', position: 1 },
      { status: 'conflict', actualRevision: 1 },
      { status: 'conflict', actualRevision: 1 },
      { status: 'appended', position: 2 },
    ]);
  });

  test('a conflict can be mended with the revision it told', async () => {
    const { log } = subject;
    await log.append([write('A', 0, started, started, started)]);
    const [outcome] = await log.append([write('A', 1)]);
    const actual = outcome?.status === 'conflict' ? outcome.actualRevision : -1;
    expect(await log.append([write('A', actual)])).toMatchObject([{ status: 'appended', position: 4 }]);
  });

  test('a call of conflicts only changes nothing', async () => {
    const { log } = subject;
    await log.append([write('A', 0)]);
    const before = await all(log);
    await log.append([write('A', 0), write('A', 1), write('B', 7), write('A', 9)]);
    expect(await expectConsistent(log)).toEqual(before);
  });

  test('a write that can not be stored is refused and leaves nothing behind', async () => {
    const { log } = subject;
    await expect(log.append([write('A', 0, started, impossible)])).rejects.toThrow(TypeError);
    await expect(log.append([{ ticketId: 'A', expectedRevision: 0, events: [] }])).rejects.toThrow(
      RangeError,
    );
    expect(await log.append([write('A', 0)])).toMatchObject([{ status: 'appended', position: 1 }]);
    expect((await log.readTicket('A')).map((event) => event.revision)).toEqual([1]);
  });

  test('of a call that can not be stored, at most the writes before the bad one are kept', async () => {
    const { log } = subject;
    const bad = [write('A', 0), write('B', 0, started, impossible), write('C', 0)];
    const [failed, next] = await Promise.allSettled([log.append(bad), log.append([write('D', 0)])]);
    expect(failed).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) });
    expect(next).toMatchObject({ status: 'fulfilled', value: [{ status: 'appended' }] });
    const tickets = (await expectConsistent(log)).map((event) => event.ticketId);
    expect([['D'], ['A', 'D']]).toContainEqual(tickets);
    await subject.restarted();
    expect((await expectConsistent(subject.log)).map((event) => event.ticketId)).toEqual(tickets);
  });
}
