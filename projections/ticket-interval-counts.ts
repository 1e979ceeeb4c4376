/**
 * Sums up what a batch adds to the tables of ticket-interval-count-tables.ts, so that each of their rows is
 * written once per batch, however many tickets have a part in it. It must never leave out a row whose sum is
 * 0: which rows there are would then depend on where batches end.
 */
import { slotStart } from '../domain/metrics/backlog.ts';
import { windowStart } from '../domain/metrics/throughput.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import type { Category } from '../domain/workflow/transition.ts';
import type { TableWrite } from './projection.ts';
import { rowOf, type Table } from './table.ts';
import {
  agentWorkloadTable,
  type BacklogChange,
  backlogChangeDayTable,
  backlogChangeTable,
  groupWorkloadTable,
  type Handovers,
  handoverDayTable,
  type StatusMoves,
  statusMoveDayTable,
  type Workload,
} from './ticket-interval-count-tables.ts';

/** Rows by key; parts of a key are joined by U+0000, which no stored text has. */
type Sums<Row> = Map<string, Row>;

export class IntervalCounts {
  readonly #backlog: Sums<BacklogChange> = new Map();
  readonly #agents: Sums<Workload> = new Map();
  readonly #groups: Sums<Workload> = new Map();
  readonly #moves: Sums<StatusMoves> = new Map();
  readonly #handovers: Sums<Handovers> = new Map();

  /** A ticket enters (+1) or leaves (-1) a corner of the backlog. */
  backlog(
    at: EpochMs,
    workflow: string,
    group: string | undefined,
    priority: string | undefined,
    category: Category,
    change: 1 | -1,
  ): void {
    addBacklog(this.#backlog, slotStart(at), workflow, group ?? '', priority ?? '', category, change);
  }

  agent(agent: string, workflow: string, category: Category, change: 1 | -1): void {
    addWorkload(this.#agents, agent, workflow, category, change);
  }

  group(group: string, workflow: string, category: Category, change: 1 | -1): void {
    addWorkload(this.#groups, group, workflow, category, change);
  }

  /** A ticket goes to another status, after so long in the last one. */
  move(
    at: EpochMs,
    workflow: string,
    group: string | undefined,
    from: string,
    to: string,
    ms: number,
    businessMs: number,
  ): void {
    const dayStart = windowStart('day', at);
    const key = `${dayStart}\0${workflow}\0${group ?? ''}\0${from}\0${to}`;
    const sum = this.#moves.get(key);
    if (sum === undefined) {
      this.#moves.set(key, { dayStart, workflow, group: group ?? '', from, to, moves: 1, ms, businessMs });
      return;
    }
    sum.moves += 1;
    sum.ms += ms;
    sum.businessMs += businessMs;
  }

  /** A ticket goes from one holder to another, whom it may have come from (`returned`). */
  handover(
    at: EpochMs,
    dimension: Handovers['dimension'],
    workflow: string,
    from: string,
    to: string,
    returned: boolean,
    ms: number,
    businessMs: number,
  ): void {
    const dayStart = windowStart('day', at);
    const returns = returned ? 1 : 0;
    const key = `${dayStart}\0${dimension}\0${workflow}\0${from}\0${to}`;
    const sum = this.#handovers.get(key);
    if (sum === undefined) {
      const handovers = 1;
      const row = { dayStart, dimension, workflow, from, to, handovers, returns, ms, businessMs };
      this.#handovers.set(key, row);
      return;
    }
    sum.handovers += 1;
    sum.returns += returns;
    sum.ms += ms;
    sum.businessMs += businessMs;
  }

  /** One for each table, whether there is anything for it or not. */
  writes(): readonly TableWrite[] {
    return [
      added(backlogChangeTable, this.#backlog),
      added(backlogChangeDayTable, perDay(this.#backlog)),
      added(agentWorkloadTable, this.#agents),
      added(groupWorkloadTable, this.#groups),
      added(statusMoveDayTable, this.#moves),
      added(handoverDayTable, this.#handovers),
    ];
  }
}

function addBacklog(
  sums: Sums<BacklogChange>,
  start: EpochMs,
  workflow: string,
  group: string,
  priority: string,
  category: Category,
  change: number,
): void {
  const key = `${start}\0${workflow}\0${group}\0${priority}\0${category}`;
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, { windowStart: start, workflow, group, priority, category, change });
  else sum.change += change;
}

function addWorkload(
  sums: Sums<Workload>,
  holder: string,
  workflow: string,
  category: Category,
  change: number,
): void {
  const key = `${holder}\0${workflow}\0${category}`;
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, { holder, workflow, category, tickets: change });
  else sum.tickets += change;
}

/** Days from the slots that they consist of. */
function perDay(slots: Sums<BacklogChange>): Sums<BacklogChange> {
  const days: Sums<BacklogChange> = new Map();
  for (const each of slots.values()) {
    const day = windowStart('day', each.windowStart);
    addBacklog(days, day, each.workflow, each.group, each.priority, each.category, each.change);
  }
  return days;
}

/** Sorted, so that two projectors never lock rows in opposite orders. */
function added<Row>(table: Table<Row>, sums: Sums<Row>): TableWrite {
  const sorted = [...sums].sort(([left], [right]) => (left < right ? -1 : 1));
  const rows = sorted.values().map(([, row]) => rowOf(table.columns, row));
  return { kind: 'count', table, rowCount: sorted.length, rows };
}
