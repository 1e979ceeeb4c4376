/** Part of the event log contract: the order of calls that nobody waited for, and commit times. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppendOutcome, TicketAppend, Write } from '../../domain/ports.ts';
import { all, appendedAt, expectConsistent, range, type Subject, started, write } from './log-under-test.ts';

const hour = 3_600_000;

/** The outcomes that the port's sentences lead to, worked out the slow way. */
class Expected {
  readonly revisions = new Map<string, number>();
  position: number;

  constructor(position: number) {
    this.position = position;
  }

  call(writes: readonly Write[]): object[] {
    const lost = new Set<string>();
    return writes.map((each) => this.#write([each, ...(each.also ?? [])], lost));
  }

  #write(parts: readonly TicketAppend[], lost: Set<string>): object {
    const after = new Map(this.revisions);
    for (const { ticketId, expectedRevision, events } of parts) {
      const revision = after.get(ticketId) ?? 0;
      if (lost.has(ticketId) || revision !== expectedRevision) {
        for (const part of parts) lost.add(part.ticketId);
        return { status: 'conflict', ticketId, actualRevision: this.revisions.get(ticketId) ?? 0 };
      }
      after.set(ticketId, revision + events.length);
    }
    const position = this.position + 1;
    for (const [ticketId, revision] of after) this.revisions.set(ticketId, revision);
    for (const { events } of parts) this.position += events.length;
    return { status: 'appended', position };
  }
}

const anyPart = fc.record({
  ticket: fc.nat(5),
  off: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1),
  size: fc.nat(2),
});
const anyCalls = fc.array(fc.array(fc.array(anyPart, { minLength: 1, maxLength: 2 }), { maxLength: 4 }), {
  minLength: 300,
  maxLength: 300,
});

type Part = typeof anyPart extends fc.Arbitrary<infer P> ? P : never;

/** Writes of a caller who takes each of its writes to succeed, and is wrong about some revisions. */
function writesOf(
  call: readonly (readonly Part[])[],
  prefix: string,
  revisions: ReadonlyMap<string, number>,
): Write[] {
  const assumed = new Map(revisions);
  return call.flatMap((parts) => {
    const [first, ...also] = parts.map(({ ticket, off, size }) => {
      const ticketId = `${prefix}${ticket}`;
      const revision = (assumed.get(ticketId) ?? 0) + off;
      assumed.set(ticketId, revision + size + 1);
      return write(ticketId, revision, ...Array(size + 1).fill(started));
    });
    return first === undefined ? [] : [{ ...first, also }];
  });
}

export function orderContract(subject: Subject): void {
  test('calls made at the same time all succeed, in the order they were made', async () => {
    const { log } = subject;
    const calls = range(0, 199).map((index) => log.append([write('A', index), write(`T${index}`, 0)]));
    const outcomes = await Promise.all(calls);
    expect(outcomes.map(([first]) => appendedAt(first))).toEqual(calls.map((_, index) => index * 2 + 1));
    expect((await log.readTicket('A')).map((event) => event.revision)).toEqual(
      calls.map((_, index) => index + 1),
    );
  });

  test('hundreds of calls without waiting, with conflicts, come out as if made one by one', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(anyCalls, async (plan) => {
        run += 1;
        const { log } = subject;
        const expected = new Expected(await log.head());
        const answered: number[] = [];
        const calls = plan.map(async (parts, index) => {
          const writes = writesOf(parts, `run${run}/`, expected.revisions);
          const outcomes = expected.call(writes);
          expect(await log.append(writes)).toMatchObject(outcomes);
          if (outcomes.length > 0) answered.push(index);
        });
        await Promise.all(calls);
        expect(answered).toEqual([...answered].sort((left, right) => left - right));
        expect((await expectConsistent(log)).length).toBe(expected.position);
      }),
      { numRuns: 3 },
    );
  });

  test('recordedAt never runs backwards, even when the clock does', async () => {
    const { clock } = subject;
    const [first] = await subject.log.append([write('A', 0)]);
    clock.time -= hour;
    const [second] = await subject.log.append([write('A', 1)]);
    const log = await subject.restarted();
    const [third] = await log.append([write('A', 2)]);
    clock.time += 2 * hour;
    await log.append([write('A', 3)]);
    const times = (await all(log)).map((event) => event.recordedAt);
    expect(times).toEqual([...times].sort((left, right) => left - right));
    expect(times[3]).toBe(clock.time);
    const told = [first, second, third].map(
      (outcome) => outcome?.status === 'appended' && outcome.recordedAt,
    );
    expect(told).toEqual(times.slice(0, 3));
  });

  test('recordedAt is the latest time the clock has shown, however it jumps', async () => {
    const jumps = fc.array(fc.constantFrom(-hour, hour, -1, 0, 1, 250), { minLength: 10, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(jumps, fc.nat(9), async (steps, restartAt) => {
        const { clock } = subject;
        await subject.log.append([write(`first ${await subject.log.head()}`, 0)]);
        const begin = await subject.log.head();
        let latest = (await all(subject.log, begin)).at(-1)?.recordedAt ?? clock.time;
        const told: AppendOutcome[] = [];
        const expected: number[] = [];
        for (const [index, jump] of steps.entries()) {
          clock.time += jump;
          latest = Math.max(latest, clock.time);
          if (index === restartAt) await subject.restarted();
          const head = await subject.log.head();
          told.push(...(await subject.log.append([write(`at ${head}`, 0), write(`beside ${head}`, 0)])));
          expected.push(latest, latest);
        }
        expect(told.map((outcome) => outcome.status === 'appended' && outcome.recordedAt)).toEqual(expected);
        expect((await all(subject.log, begin + 1)).map((event) => event.recordedAt)).toEqual(expected);
      }),
      { numRuns: 3 },
    );
  });
}
