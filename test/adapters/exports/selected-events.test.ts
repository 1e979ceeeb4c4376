/** Which events an export holds, and what it says of their tickets, against a slow reading of the log. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SelectedEvent, SelectedEvents } from '../../../adapters/exports/selected-events.ts';
import type { EventSelection } from '../../../adapters/exports/selection.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { randomHistory } from '../../projections/histories.ts';
import { intoPartitions, select } from './exporting.ts';

const partitions = 3;
const events = intoPartitions(randomHistory({ seed: 11, events: 1_500, liveTickets: 40 }), partitions);
const times = events.map((event) => event.occurredAt).toSorted((left, right) => left - right);
const tickets = [...new Set(events.map((event) => event.ticketId))];

async function all(selected: SelectedEvents): Promise<readonly SelectedEvent[]> {
  const found: SelectedEvent[] = [];
  for await (const batch of selected.batches()) found.push(...batch);
  return found;
}

/** Mostly not given: each condition takes events away, and what is left of none shows nothing. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const within = (list: readonly number[]) => maybe(fc.nat(list.length - 1).map((index) => list[index] ?? 0));
const arbitrarySelection: fc.Arbitrary<EventSelection> = fc.record({
  from: within(times.slice(0, 1_000)),
  to: within(times.slice(500)),
  time: fc.constantFrom('occurred' as const, 'recorded' as const),
  fromPosition: maybe(fc.integer({ min: 1, max: 400 })),
  toPosition: maybe(fc.integer({ min: 100, max: 520 })),
  workflow: maybe(fc.constantFrom('support', 'incident@1', 'supp', 'nope')),
  tickets: maybe(fc.subarray(tickets, { minLength: 1 }).map((some) => new Set(some))),
});

function naively(selection: EventSelection): readonly RecordedEvent[] {
  return events
    .filter((event) => {
      const at = selection.time === 'occurred' ? event.occurredAt : event.recordedAt;
      const name = event.workflow.split('@')[0];
      return (
        at >= (selection.from ?? -Infinity) &&
        at < (selection.to ?? Infinity) &&
        event.position >= (selection.fromPosition ?? 1) &&
        event.position <= (selection.toPosition ?? Infinity) &&
        (selection.workflow === undefined || [name, event.workflow].includes(selection.workflow)) &&
        (selection.tickets === undefined || selection.tickets.has(event.ticketId))
      );
    })
    .toSorted((left, right) => left.partition - right.partition || left.position - right.position);
}

describe('selected events', () => {
  it('are those that meet every condition, with group and case, however little is remembered', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySelection, fc.constantFrom(2, 10, 400_000), async (selection, memory) => {
        const selected = await select(events, { selection, partitions, casesRememberedMax: memory });
        const found = await all(selected);
        const expected = naively(selection);
        expect(found.map(({ event }) => event)).toEqual(expected);

        const firsts = new Map<string, SelectedEvent>();
        for (const each of found) {
          const { event, group, caseKey, firstOfCase } = each;
          const history = events.filter(
            ({ ticketId, revision }) => ticketId === event.ticketId && revision <= event.revision,
          );
          expect(group).toBe(replay(event.ticketId, history)?.group);
          expect(firstOfCase).toBe(!firsts.has(event.ticketId));
          const first = firsts.get(event.ticketId) ?? each;
          firsts.set(event.ticketId, first);
          expect(caseKey).toBe(first.caseKey);
        }
        const keys = [...firsts.values()].map(({ caseKey }) => caseKey);
        expect(keys).toEqual([...new Set(keys)].toSorted((left, right) => left - right));
        expect(selected.counts).toEqual({ events: expected.length, cases: firsts.size });
      }),
      { numRuns: 20, examples: [[{ time: 'occurred' }, 2]] },
    );
  }, 60_000);

  it('do not hold what the log gained after the beginning', async () => {
    const growing = [...intoPartitions(events, 1)];
    const late = growing.splice(1_000);
    const selected = await select(growing);
    growing.push(...late);
    const found = await all(selected);
    expect(found).toHaveLength(1_000);
    expect(selected.ranges).toEqual([{ partition: 0, from: 1, to: 1_000 }]);
    const known = await selected.history(late[0]?.ticketId ?? '');
    expect(known.every(({ position }) => position <= 1_000)).toBe(true);
  });

  it('end with the reason of the signal', async () => {
    const controller = new AbortController();
    const selected = await select(intoPartitions(events, 1), { signal: controller.signal });
    const reading = (async () => {
      for await (const _ of selected.batches()) controller.abort(new Error('stop here'));
    })();
    await expect(reading).rejects.toThrow('stop here');
  });
});
