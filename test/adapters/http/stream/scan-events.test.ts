/** A scan finds what a look at every event finds, whatever its batches are, and says how far it came. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventFilter } from '../../../../adapters/http/stream/event-filter.ts';
import { positionAt, scanEvents } from '../../../../adapters/http/stream/scan-events.ts';
import { MemoryLog } from '../../../../adapters/log/memory/memory-log.ts';
import { actor, monday9 } from '../../../support/tickets.ts';

const minuteMs = 60_000;

/** Events on three tickets, one a minute, each fourth of them from a source. */
async function logOf(count: number): Promise<MemoryLog> {
  let now = monday9;
  const log = new MemoryLog({ clock: { now: () => now } });
  const revisions = new Map<string, number>();
  for (let index = 0; index < count; index += 1) {
    const ticketId = `T-${(index * index) % 3}`;
    const revision = revisions.get(ticketId) ?? 0;
    revisions.set(ticketId, revision + 1);
    const event = {
      type: 'CommentAdded' as const,
      data: { body: String(index), public: true },
      occurredAt: now,
      schemaVersion: 1,
      workflow: index % 2 === 0 ? 'support@1' : 'supporting@1',
      state: 'new/unassigned/L0',
      actor: actor('agent'),
      source: index % 4 === 0 ? 'mail' : undefined,
    };
    await log.append([{ ticketId, expectedRevision: revision, events: [event] }]);
    now += minuteMs;
  }
  return log;
}

const count = 60;
const query = fc.record(
  {
    type: fc.constantFrom(['CommentAdded'] as const, ['TicketOpened'] as const),
    ticket: fc.constantFrom('T-0', 'T-1', 'T-2', 'T-9'),
    workflow: fc.constantFrom('support', 'supporting', 'support@1', 'sup'),
    source: fc.constantFrom('mail', 'chat'),
  },
  { requiredKeys: [] },
);

describe('scanEvents', () => {
  it('agrees with looking at every event', async () => {
    const log = await logOf(count);
    const position = fc.integer({ min: 1, max: count });
    await fc.assert(
      fc.asyncProperty(
        query,
        position,
        position,
        fc.integer({ min: 1, max: 9 }),
        async (asked, a, b, size) => {
          const scan = { partition: 0, from: a, upTo: b, filter: eventFilter(asked), batchEventsMax: size };
          const found: number[] = [];
          let next = a;
          for await (const part of scanEvents(log, scan)) {
            expect(part.events.length).toBeLessThanOrEqual(size);
            expect(part.next).toBeGreaterThan(next);
            for (const event of part.events) expect(event.position).toBeLessThan(part.next);
            next = part.next;
            found.push(...part.events.map((event) => event.position));
          }
          const expected: number[] = [];
          for await (const batch of log.read(1)) {
            for (const event of batch) {
              if (event.position < a || event.position > b) continue;
              if (asked.type !== undefined && event.type !== asked.type[0]) continue;
              if (asked.ticket !== undefined && event.ticketId !== asked.ticket) continue;
              if (asked.source !== undefined && event.source !== asked.source) continue;
              const [name] = event.workflow.split('@');
              if (asked.workflow !== undefined && ![name, event.workflow].includes(asked.workflow)) continue;
              expected.push(event.position);
            }
          }
          expect(found).toEqual(expected);
          expect(next).toBe(a > b ? a : b + 1);
        },
      ),
    );
  });
});

describe('positionAt', () => {
  it('is the first position at a time or later', async () => {
    const log = await logOf(count);
    for (let index = 0; index < count; index += 1) {
      const at = monday9 + index * minuteMs;
      expect(await positionAt(log, 0, at, count)).toBe(index + 1);
      expect(await positionAt(log, 0, at + 1, count)).toBe(index + 2);
    }
    expect(await positionAt(log, 0, 0, count)).toBe(1);
    expect(await positionAt(log, 0, monday9, 0)).toBe(1);
  });
});
