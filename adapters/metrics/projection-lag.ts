/**
 * How far the read models are behind, as metrics. The database is asked when somebody scrapes, at most once a
 * second, and a database that does not answer in time costs the scrape no more than that: its series are then
 * absent, which alarms can tell from zero.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveLag } from '../../projections/live-lag.ts';
import type { MetricDefinition, MetricsRegistry, Reading } from './registry.ts';

/** For so long an answer stands for the ones that follow. */
export const lagAgeMsMax = 1_000;
/** A scrape waits no longer, so that it never waits as long as a scrape may take. */
export const lagWaitMsMax = 800;

const labels = { projection: 'the read model' };
const where = 'where the database answers within a second';

export const projectionLagMetrics = {
  position: {
    name: 'docket_projection_position',
    kind: 'gauge',
    help: 'Position of the last event that the rows of a read model hold.',
    labels,
    where,
  },
  lagEvents: {
    name: 'docket_projection_lag_events',
    kind: 'gauge',
    help: 'Events that are in the log but not yet in the rows of a read model.',
    labels,
    where,
  },
  lagSeconds: {
    name: 'docket_projection_lag_seconds',
    kind: 'gauge',
    help: 'Age of the oldest event that is not yet in the rows of a read model; 0 when it is caught up.',
    labels,
    where,
  },
  parked: {
    name: 'docket_projection_parked_tickets',
    kind: 'gauge',
    help: 'Tickets that a read model left behind, because an event of theirs could not be projected.',
    labels,
    where,
  },
  parkedOldest: {
    name: 'docket_projection_parked_oldest_seconds',
    kind: 'gauge',
    help: 'How long ago the first of the tickets that are left behind was; 0 when there are none.',
    labels,
    where,
  },
} as const satisfies Record<string, MetricDefinition>;

/** `read` asks the database; what it throws counts as no answer. */
export function addProjectionLag(registry: MetricsRegistry, read: () => Promise<readonly LiveLag[]>): void {
  const asked = new LatestAnswer(read);
  const add = (definition: MetricDefinition, value: (lag: LiveLag) => number) =>
    registry.value(definition, async (): Promise<Reading> => {
      const lags = await asked.answer();
      return lags?.map((lag) => [{ projection: lag.projection }, value(lag)] as const);
    });
  const { position, lagEvents, lagSeconds, parked, parkedOldest } = projectionLagMetrics;
  add(position, (lag) => lag.position);
  add(lagEvents, (lag) => lag.lagEvents);
  add(lagSeconds, (lag) => lag.lagMs / 1_000);
  add(parked, (lag) => lag.parked);
  add(parkedOldest, (lag) => lag.parkedOldestMs / 1_000);
}

/** Asks one question at a time, and lets its answer stand for a while. */
class LatestAnswer<T> {
  readonly #ask: () => Promise<T>;
  #known: { readonly value: T; readonly atMs: number } | undefined;
  #asking: Promise<T | undefined> | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** Undefined where there is none in time; a question that hangs is not asked a second time. */
  async answer(): Promise<T | undefined> {
    if (this.#known !== undefined && performance.now() - this.#known.atMs < lagAgeMsMax) {
      return this.#known.value;
    }
    this.#asking ??= this.#askNow();
    const answered = new AbortController();
    const late = sleep(lagWaitMsMax, undefined, { signal: answered.signal }).catch(() => undefined);
    const value = await Promise.race([this.#asking, late]);
    answered.abort();
    return value;
  }

  async #askNow(): Promise<T | undefined> {
    try {
      const value = await this.#ask();
      this.#known = { value, atMs: performance.now() };
      return value;
    } catch {
      return undefined;
    } finally {
      this.#asking = undefined;
    }
  }
}
