/** The segment log and the memory log give the same answers to any sequence of calls, restarts included. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import type { Write } from '../../../domain/ports.ts';
import { newEvent } from '../../support/events.ts';
import { temporaryFolder } from './folders.ts';
import { clock, readAll } from './samples.ts';

const anyTicket = fc.integer({ min: 0, max: 7 }).map((number) => `T-${number}`);
const anyPart = fc.record({
  ticketId: anyTicket,
  behind: fc.constantFrom(0, 0, 0, 0, 1),
  events: fc.integer({ min: 1, max: 3 }),
});
type Part = typeof anyPart extends fc.Arbitrary<infer P> ? P : never;
const anyWrite = fc.record({
  part: anyPart,
  also: fc.oneof(
    { weight: 4, arbitrary: fc.array(anyPart, { maxLength: 0 }) },
    fc.array(anyPart, { maxLength: 2 }),
  ),
});
const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      calls: fc.array(fc.array(anyWrite, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant('reopen' as const) },
);

test('the segment log agrees with the memory log', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { maxLength: 25 }),
      fc.constantFrom(300, 1_500, 1_000_000),
      async (steps, segmentBytesMax) => {
        const folder = await temporaryFolder();
        let log = await openSegmentLog({ folder, clock, segmentBytesMax });
        const model = new MemoryLog({ clock });
        let commands = 0;
        const revisions = new Map<string, number>();
        const partOf = ({ ticketId, behind, events }: Part) => {
          const expectedRevision = Math.max(0, (revisions.get(ticketId) ?? 0) - behind);
          revisions.set(ticketId, expectedRevision + events);
          commands += 1;
          const commandId = `c-${commands}`;
          const first = newEvent({ type: 'WorkStarted', data: {} }, { commandId, commandDigest: 'ab' });
          const rest = Array.from({ length: events - 1 }, () =>
            newEvent({ type: 'TicketResumed', data: {} }),
          );
          return { ticketId, expectedRevision, events: [first, ...rest] };
        };
        for (const step of steps) {
          if (step === 'reopen') {
            await log.close();
            log = await openSegmentLog({ folder, clock, segmentBytesMax });
            continue;
          }
          const calls = step.calls.map((writes) =>
            writes.map(
              ({ part, also }): Write => ({ ...partOf(part), also: also.map((other) => partOf(other)) }),
            ),
          );
          const outcomes = await Promise.all(calls.map((writes) => log.append(writes)));
          expect(outcomes).toEqual(await Promise.all(calls.map((writes) => model.append(writes))));
          for (const ticketId of revisions.keys()) revisions.set(ticketId, await model.revisionOf(ticketId));
        }
        expect(await readAll(log)).toEqual(await readAll(model));
        for (const ticketId of revisions.keys()) {
          expect(await log.readTicket(ticketId)).toEqual(await model.readTicket(ticketId));
        }
        for (let command = 1; command <= commands; command += 1) {
          expect(await log.findCommand(`c-${command}`)).toEqual(await model.findCommand(`c-${command}`));
        }
        await log.close();
      },
    ),
    { numRuns: 50 },
  );
});
