/** Part of the event log contract: a write that spans tickets is all or nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TicketAppend, Write } from '../../domain/ports.ts';
import { newEvent } from '../support/events.ts';
import {
  all,
  appendedAt,
  expectConsistent,
  impossible,
  range,
  resumed,
  type Subject,
  started,
  write,
} from './log-under-test.ts';

export function atomicityContract(subject: Subject): void {
  const merge = (revisionOfB: number): Write => ({
    ...write('A', 1, newEvent({ type: 'TicketMerged', data: { into: 'B' } })),
    also: [
      write('B', revisionOfB, newEvent({ type: 'TicketAbsorbed', data: { from: 'A' } })),
      write('C', 0, started, resumed),
    ],
  });

  test('a write across tickets is all or nothing', async () => {
    const { log } = subject;
    await log.append([write('A', 0), write('B', 0)]);
    expect(await log.append([merge(2)])).toEqual([{ status: 'conflict', ticketId: 'B', actualRevision: 1 }]);
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

  test('an empty list of further tickets is no further ticket', async () => {
    const { log } = subject;
    const outcomes = await log.append([
      { ...write('A', 0), also: [] },
      { ...write('A', 1), also: undefined },
    ]);
    expect(outcomes.map((outcome) => appendedAt(outcome))).toEqual([1, 2]);
  });

  test('the first part that does not fit is the one that is told, wherever it is', async () => {
    const { log } = subject;
    await log.append(['A', 'B', 'C', 'D'].map((ticketId) => write(ticketId, 0)));
    const also = (wrong: string): TicketAppend[] =>
      ['B', 'C', 'D'].map((ticketId) => write(ticketId, ticketId >= wrong ? 5 : 1));
    for (const wrong of ['B', 'C', 'D']) {
      expect(await log.append([{ ...write('A', 1), also: also(wrong) }])).toEqual([
        { status: 'conflict', ticketId: wrong, actualRevision: 1 },
      ]);
    }
    expect(await log.append([{ ...write('A', 0), also: also('B') }])).toEqual([
      { status: 'conflict', ticketId: 'A', actualRevision: 1 },
    ]);
    expect(await log.head()).toBe(4);
  });

  test('a ticket may come several times in one write, each time one revision further', async () => {
    const write3: Write = {
      ...write('A', 0, started, started),
      also: [write('B', 0), write('A', 2), write('B', 1), write('A', 3, resumed, resumed)],
    };
    expect(await subject.log.append([write3])).toMatchObject([{ status: 'appended', position: 1 }]);
    const events = await expectConsistent(await subject.restarted());
    expect(events.map(({ ticketId, revision }) => `${ticketId}${revision}`)).toEqual(
      'A1 A2 B1 A3 B2 A4 A5'.split(' '),
    );
  });

  test('a ticket that comes again with a wrong revision fails the whole write', async () => {
    const { log } = subject;
    for (const wrong of [0, 1, 3]) {
      const twice: Write = { ...write('A', 0, started, started), also: [write('B', 0), write('A', wrong)] };
      expect(await log.append([twice])).toMatchObject([{ status: 'conflict', ticketId: 'A' }]);
    }
    expect(await log.head()).toBe(0);
    expect(await log.append([write('A', 0), write('B', 0)])).toMatchObject([
      { position: 1 },
      { position: 2 },
    ]);
  });

  test('may span hundreds of tickets, in the order in which they are named', async () => {
    const ids = range(0, 499).map((number) => `T-${number}`);
    const also = ids.map((ticketId, index) => write(ticketId, 0, ...Array(1 + (index % 3)).fill(started)));
    await subject.log.append([{ ...write('first', 0), also }, write('last', 0)]);
    const events = await expectConsistent(await subject.restarted());
    const expected = also.flatMap(({ ticketId, events: own }) => own.map(() => ticketId));
    expect(events.map(({ ticketId }) => ticketId)).toEqual(['first', ...expected, 'last']);
    const late: Write = { ...write('first', 1), also: [...also.map((part) => write(part.ticketId, 1))] };
    expect(await subject.log.append([late])).toMatchObject([{ status: 'conflict', ticketId: 'T-1' }]);
    expect(await subject.log.head()).toBe(events.length);
  });

  test('what can not be stored in a further part leaves nothing of the others', async () => {
    const { log } = subject;
    const none: TicketAppend = { ticketId: 'C', expectedRevision: 0, events: [] };
    const bad: Write = { ...write('A', 0), also: [write('B', 0), write('C', 0, started, impossible)] };
    await expect(log.append([bad])).rejects.toThrow(TypeError);
    await expect(log.append([{ ...write('A', 0), also: [write('B', 0), none] }])).rejects.toThrow(RangeError);
    expect(await log.head()).toBe(0);
    await log.append([write('C', 0), write('B', 0)]);
    expect((await expectConsistent(await subject.restarted())).map(({ ticketId }) => ticketId)).toEqual([
      'C',
      'B',
    ]);
  });

  test('any mixture of parts is appended whole, or told as a conflict and not at all', async () => {
    const part = fc.record({
      number: fc.nat(4),
      wrong: fc.constantFrom(0, 0, 0, 0, 0, 1, -1),
      size: fc.nat(2),
    });
    const writes = fc.array(fc.array(part, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(writes, async (plan) => {
        run += 1;
        const { log } = subject;
        const before = await log.head();
        const known = new Map<string, number>();
        const at = (ticketId: string) => known.get(ticketId) ?? 0;
        const expected: string[] = [];
        for (const parts of plan) {
          const revisions = new Map(known);
          let fits = true;
          const [first, ...also] = parts.map(({ number, wrong, size }) => {
            const ticketId = `run${run}/${number}`;
            const revision = revisions.get(ticketId) ?? 0;
            fits &&= wrong === 0;
            revisions.set(ticketId, revision + 1 + size);
            return write(ticketId, revision + wrong, ...Array(1 + size).fill(started));
          });
          if (first === undefined) continue;
          const [outcome] = await log.append([{ ...first, also }]);
          expect(outcome?.status).toBe(fits ? 'appended' : 'conflict');
          if (outcome?.status === 'conflict') expect(outcome.actualRevision).toBe(at(outcome.ticketId));
          if (!fits) continue;
          for (const each of [first, ...also]) expected.push(...each.events.map(() => each.ticketId));
          for (const [ticketId, revision] of revisions) known.set(ticketId, revision);
        }
        expect((await all(log, before + 1)).map(({ ticketId }) => ticketId)).toEqual(expected);
        for (const [ticketId, revision] of known) expect(await log.revisionOf(ticketId)).toBe(revision);
      }),
      { numRuns: 20 },
    );
    await expectConsistent(await subject.restarted());
  });
}
