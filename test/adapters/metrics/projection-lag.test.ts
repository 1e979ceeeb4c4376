/** The lag as metrics: asked for once a second at most, and absent where the database does not answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { addProjectionLag, lagAgeMsMax, lagWaitMsMax } from '../../../adapters/metrics/projection-lag.ts';
import { addProjectorMetrics } from '../../../adapters/metrics/projector-metrics.ts';
import { createRegistry, type MetricsRegistry } from '../../../adapters/metrics/registry.ts';
import type { LiveLag } from '../../../projections/live-lag.ts';

const lag: LiveLag = {
  projection: 'ticket',
  position: 90,
  lagEvents: 10,
  lagMs: 2_500,
  parked: 1,
  parkedOldestMs: 60_000,
};

/** Values by name, of the read model `ticket`. */
async function valuesOf(registry: MetricsRegistry): Promise<Record<string, number | undefined>> {
  const families = (await registry.snapshot()).filter(({ name }) => name.startsWith('docket_projection_'));
  return Object.fromEntries(
    families.map(({ name, samples }) => [
      name,
      samples.find(({ labels }) => labels.projection === 'ticket')?.value,
    ]),
  );
}

describe('the lag of the read models', () => {
  it('is told in positions, events and seconds, with one question for all of them', async () => {
    const registry = createRegistry();
    let asked = 0;
    addProjectionLag(registry, async () => {
      asked += 1;
      return [lag];
    });
    const expected = {
      docket_projection_position: 90,
      docket_projection_lag_events: 10,
      docket_projection_lag_seconds: 2.5,
      docket_projection_parked_tickets: 1,
      docket_projection_parked_oldest_seconds: 60,
    };
    expect(await valuesOf(registry)).toEqual(expected);
    expect(await valuesOf(registry)).toEqual(expected);
    expect(asked).toBe(1);
    await sleep(lagAgeMsMax + 10);
    await valuesOf(registry);
    expect(asked).toBe(2);
  });

  it('is absent while the database fails', async () => {
    const registry = createRegistry();
    addProjectionLag(registry, () => Promise.reject(new Error('no database')));
    expect(await valuesOf(registry)).toEqual({});
  });

  it('costs a scrape no more than its wait where the database hangs, which is asked only once', async () => {
    const registry = createRegistry();
    let asked = 0;
    addProjectionLag(registry, () => {
      asked += 1;
      return new Promise(() => undefined);
    });
    const startedAtMs = performance.now();
    expect(await valuesOf(registry)).toEqual({});
    expect(await valuesOf(registry)).toEqual({});
    expect(performance.now() - startedAtMs).toBeLessThan(2 * lagWaitMsMax + 400);
    expect(asked).toBe(1);
  });
});

describe('the batches of a projector', () => {
  it('are counted by their events, and their time by what it went to', async () => {
    const registry = createRegistry();
    const onBatch = addProjectorMetrics(registry);
    const progress = { partition: 0, position: 5, isLive: true };
    onBatch({ ...progress, events: 3, foldMs: 2, commitMs: 30 });
    onBatch({ ...progress, events: 65_536, foldMs: 400, commitMs: 900 });
    const families = await registry.snapshot();
    const sums = families.flatMap(({ name, samples }) =>
      samples
        .filter(({ suffix }) => suffix === '_sum')
        .map(({ labels, value }) => [name, labels.stage, Number(value.toFixed(6))]),
    );
    expect(sums).toEqual([
      ['docket_projection_batch_events', undefined, 65_539],
      ['docket_projection_batch_duration_seconds', 'fold', 0.402],
      ['docket_projection_batch_duration_seconds', 'commit', 0.93],
    ]);
  });
});
