/** The log's own count: events by their time of commit, and whether the answers agree with it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countingOf, eventsIn, eventsPerRequestMax } from '../../../scripts/load/counting.ts';
import type { LogUnderTest } from '../../../scripts/load/place.ts';

/** Made of times alone; real logs are counted in run.test.ts. */
function logOfTimes(times: readonly number[], batch: number): LogUnderTest {
  return {
    head: async () => times.length,
    async *recordedTimes(after, upTo) {
      for (let from = after; from < upTo; from += batch)
        yield times.slice(from, Math.min(from + batch, upTo));
    },
    close: async () => undefined,
  };
}

describe('events in windows', () => {
  it('are those whose time lies in them, whatever the batches', async () => {
    const sorted = fc.array(fc.nat(1_000), { maxLength: 200 }).map((list) => list.toSorted((a, b) => a - b));
    const bounds = fc
      .uniqueArray(fc.nat(1_000), { minLength: 2, maxLength: 12 })
      .map((list) => list.toSorted((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(sorted, bounds, fc.integer({ min: 1, max: 50 }), async (times, edges, batch) => {
        const windows = [];
        for (let index = 0; index + 1 < edges.length; index += 2) {
          windows.push({ fromMs: edges[index] ?? 0, toMs: edges[index + 1] ?? 0 });
        }
        const counts = await eventsIn(logOfTimes(times, batch), { after: 0, upTo: times.length }, windows);
        const expected = windows.map(
          ({ fromMs, toMs }) => times.filter((time) => time >= fromMs && time <= toMs).length,
        );
        expect(counts).toEqual(expected);
      }),
    );
  });

  it('leave out what was in the log before', async () => {
    const log = logOfTimes([10, 10, 10, 10], 3);
    expect(await eventsIn(log, { after: 3, upTo: 4 }, [{ fromMs: 0, toMs: 20 }])).toEqual([1]);
  });
});

describe('the answers and the log', () => {
  const counted = { logBefore: 100, logAfter: 200, answersLost: 0, measuredEvents: 50, measuredSeconds: 5 };

  it('agree where the log grew by what was acknowledged', () => {
    expect(countingOf({ ...counted, acknowledged: 100 })).toEqual({
      logBefore: 100,
      logAfter: 200,
      acknowledged: 100,
      unexplained: 0,
      equal: true,
      logPerSecond: 10,
    });
  });

  it('disagree where an acknowledged event is missing, whatever else was lost', () => {
    expect(countingOf({ ...counted, acknowledged: 101, answersLost: 5 })).toMatchObject({
      unexplained: -1,
      equal: false,
    });
  });

  it('disagree where nobody explains an event, and agree where a lost answer does', () => {
    expect(countingOf({ ...counted, acknowledged: 99 }).equal).toBe(false);
    expect(countingOf({ ...counted, acknowledged: 99, answersLost: 1 }).equal).toBe(true);
    const tooMany = { ...counted, acknowledged: 99 - eventsPerRequestMax, answersLost: 1 };
    expect(countingOf(tooMany).equal).toBe(false);
  });
});
