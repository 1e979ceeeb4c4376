/**
 * The read models `docket.throughput_second`, `_minute`, `_hour` and `_day`: committed transitions per
 * window, by commit time (see domain/metrics/throughput.ts). A batch is counted by the second first and
 * rolled up from there, so a further window costs nothing per event.
 */
import {
  keptSince,
  type ThroughputWindow,
  throughputRetentionMs,
  throughputWindows,
  windowStart,
} from '../domain/metrics/throughput.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import { lifecycleOf } from '../domain/ticket/evolve.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import { expired, type Fold, type Projection, type TableWrite } from './projection.ts';
import { column, rowOf, type Table } from './table.ts';

export interface ThroughputCount {
  readonly windowStart: EpochMs;
  readonly workflow: string;
  readonly type: string;
  readonly state: string;
  transitions: number;
}

export const windowNames = Object.keys(throughputWindows).filter(isThroughputWindow);

export const throughputTables: Readonly<Record<ThroughputWindow, Table<ThroughputCount>>> = {
  second: throughputTable('second'),
  minute: throughputTable('minute'),
  hour: throughputTable('hour'),
  day: throughputTable('day'),
};

export const throughputProjection: Projection = {
  name: 'throughput',
  version: 2,
  tables: windowNames.map((window) => throughputTables[window]),
  start: () => new ThroughputFold(),
};

export function isThroughputWindow(name: string): name is ThroughputWindow {
  return Object.hasOwn(throughputWindows, name);
}

/** Counts by window, workflow, type of event and the state that it led to. */
export class ThroughputCounts {
  readonly window: ThroughputWindow;
  readonly #counts = new Map<EpochMs, Map<string, ThroughputCount>>();

  constructor(window: ThroughputWindow) {
    this.window = window;
  }

  add(event: Pick<RecordedEvent, 'recordedAt' | 'workflow' | 'type' | 'state'>): void {
    this.#add(event.recordedAt, event.workflow, event.type, lifecycleOf(event.state), 1);
  }

  /** Adds counts of shorter windows. */
  addAll(counts: Iterable<ThroughputCount>): void {
    for (const each of counts) {
      this.#add(each.windowStart, each.workflow, each.type, each.state, each.transitions);
    }
  }

  /** In order of the table's key, so that two projectors never lock rows in opposite orders. */
  sorted(): readonly ThroughputCount[] {
    const counts = this.#counts.values().flatMap((each) => each.values());
    return [...counts].sort((left, right) => left.windowStart - right.windowStart || byKey(left, right));
  }

  #add(at: EpochMs, workflow: string, type: string, state: string, transitions: number): void {
    const start = windowStart(this.window, at);
    let counts = this.#counts.get(start);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(start, counts);
    }
    const key = `${workflow}\n${type}\n${state}`;
    const count = counts.get(key);
    if (count === undefined) counts.set(key, { windowStart: start, workflow, type, state, transitions });
    else count.transitions += transitions;
  }
}

class ThroughputFold implements Fold {
  #seconds = new ThroughputCounts('second');
  /** Commit time of the last event. */
  #last: EpochMs | undefined;
  /** The hour that rows were last removed for. */
  #expiredAt: EpochMs | undefined;

  missing(): readonly string[] {
    return [];
  }

  async load(): Promise<void> {}

  fold(event: RecordedEvent): void {
    this.#seconds.add(event);
    this.#last = event.recordedAt;
  }

  takeWrites(): readonly TableWrite[] {
    const seconds = this.#seconds.sorted();
    this.#seconds = new ThroughputCounts('second');
    return [...windowNames.map((window) => countsOf(window, seconds)), ...this.#expired()];
  }

  forget(): void {
    this.#seconds = new ThroughputCounts('second');
    this.#expiredAt = undefined;
  }

  /** Once an hour of the log's time, and at every start. */
  #expired(): readonly TableWrite[] {
    if (this.#last === undefined) return [];
    const [at, hour] = [this.#last, windowStart('hour', this.#last)];
    if (hour === this.#expiredAt) return [];
    this.#expiredAt = hour;
    return windowNames.flatMap((window) => {
      const since = keptSince(window, at);
      return since === undefined ? [] : [expired(throughputTables[window], since)];
    });
  }
}

function countsOf(window: ThroughputWindow, seconds: readonly ThroughputCount[]): TableWrite {
  const counts = new ThroughputCounts(window);
  counts.addAll(seconds);
  const sorted = counts.sorted();
  const table = throughputTables[window];
  const rows = sorted.values().map((count) => rowOf(table.columns, count));
  return { kind: 'count', table, rowCount: sorted.length, rows };
}

function throughputTable(window: ThroughputWindow): Table<ThroughputCount> {
  const required = column<ThroughputCount>;
  return {
    name: `throughput_${window}`,
    meaning:
      `Committed transitions per ${window}, by commit time. Every event in the log is one committed transition,` +
      ` the opening of a ticket included. ${keptFor(window)}`,
    key: ['window_start', 'workflow', 'type', 'state'],
    fixed: [],
    fillPercent: 70,
    indexes: {},
    columns: [
      required('window_start', 'timestamptz', `Beginning of the ${window}, in UTC.`, (e) => e.windowStart),
      required('workflow', 'text', 'The rules it was decided by, as name@version.', (e) => e.workflow),
      required('type', 'text', 'The type of event, such as TicketResolved.', (e) => e.type),
      required('state', 'text', 'The lifecycle state that it led to.', (e) => e.state),
      required('transitions', 'bigint', 'How many were committed in the window.', (e) => e.transitions),
    ],
  };
}

function byKey(left: ThroughputCount, right: ThroughputCount): number {
  return (
    compare(left.workflow, right.workflow) ||
    compare(left.type, right.type) ||
    compare(left.state, right.state)
  );
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function keptFor(window: ThroughputWindow): string {
  const days = throughputRetentionMs[window] / throughputWindows.day;
  return Number.isFinite(days) ? `Kept for ${days} days of commit time.` : 'Kept for good.';
}
