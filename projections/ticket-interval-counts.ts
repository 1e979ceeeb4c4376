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
  backlogChangeMonthTable,
  backlogChangeTable,
  groupWorkloadTable,
  type Handovers,
  handoverDayTable,
  type StatusMoves,
  statusMoveDayTable,
  type Workload,
} from './ticket-interval-count-tables.ts';

export class IntervalCounts {
  readonly #backlog = new Sums<BacklogChange>();
  readonly #agents = new Sums<Workload>();
  readonly #groups = new Sums<Workload>();
  readonly #moves = new Sums<StatusMoves>();
  readonly #handovers = new Sums<Handovers>();

  /** A ticket enters (+1) or leaves (-1) a corner of the backlog. */
  backlog(
    at: EpochMs,
    workflow: string,
    group: string,
    priority: string,
    category: Category,
    change: 1 | -1,
  ): void {
    addBacklog(this.#backlog, slotStart(at), workflow, group, priority, category, change);
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
    group: string,
    from: string,
    to: string,
    ms: number,
    businessMs: number,
  ): void {
    const dayStart = windowStart('day', at);
    const sums = this.#moves.at(workflow).at(group).at(from).at(to);
    const sum = sums.get(dayStart);
    if (sum === undefined) {
      sums.set(dayStart, { dayStart, workflow, group, from, to, moves: 1, ms, businessMs });
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
    const sums = this.#handovers.at(dimension).at(workflow).at(from).at(to);
    const sum = sums.get(dayStart);
    if (sum === undefined) {
      const handovers = 1;
      sums.set(dayStart, {
        dayStart,
        dimension,
        workflow,
        from,
        to,
        handovers,
        returns,
        ms,
        businessMs,
      });
      return;
    }
    sum.handovers += 1;
    sum.returns += returns;
    sum.ms += ms;
    sum.businessMs += businessMs;
  }

  /** One for each table, whether there is anything for it or not. */
  writes(): readonly TableWrite[] {
    const backlogOfDays = rolledUp(this.#backlog, (slot) => windowStart('day', slot));
    return [
      added(backlogChangeTable, this.#backlog),
      added(backlogChangeDayTable, backlogOfDays),
      added(backlogChangeMonthTable, rolledUp(backlogOfDays, monthStart)),
      added(agentWorkloadTable, this.#agents),
      added(groupWorkloadTable, this.#groups),
      added(statusMoveDayTable, this.#moves),
      added(handoverDayTable, this.#handovers),
    ];
  }
}

/**
 * Rows by the parts of their key, one level each, and by the time in it (0 where there is none) in the end.
 * To put a key together as one text would take longer than all the rest.
 */
class Sums<Row> {
  #rows: Map<EpochMs, Row> | undefined;
  #below: Map<string, Sums<Row>> | undefined;

  at(part: string): Sums<Row> {
    this.#below ??= new Map();
    let sums = this.#below.get(part);
    if (sums === undefined) {
      sums = new Sums();
      this.#below.set(part, sums);
    }
    return sums;
  }

  get(time: EpochMs): Row | undefined {
    return this.#rows?.get(time);
  }

  set(time: EpochMs, row: Row): void {
    this.#rows ??= new Map();
    this.#rows.set(time, row);
  }

  /** In one order always, so that two projectors never lock rows in opposite orders. */
  sorted(into: Row[] = []): readonly Row[] {
    if (this.#rows !== undefined) {
      for (const [, row] of [...this.#rows].sort(([left], [right]) => left - right)) into.push(row);
    }
    if (this.#below === undefined) return into;
    for (const part of [...this.#below.keys()].sort()) this.at(part).sorted(into);
    return into;
  }
}

function addBacklog(
  backlog: Sums<BacklogChange>,
  start: EpochMs,
  workflow: string,
  group: string,
  priority: string,
  category: Category,
  change: number,
): void {
  const sums = backlog.at(workflow).at(group).at(priority).at(category);
  const sum = sums.get(start);
  if (sum === undefined) sums.set(start, { windowStart: start, workflow, group, priority, category, change });
  else sum.change += change;
}

function addWorkload(
  workloads: Sums<Workload>,
  holder: string,
  workflow: string,
  category: Category,
  change: number,
): void {
  const sums = workloads.at(holder).at(workflow).at(category);
  const sum = sums.get(0);
  if (sum === undefined) sums.set(0, { holder, workflow, category, tickets: change });
  else sum.tickets += change;
}

/** Longer windows from the shorter ones that they consist of. */
function rolledUp(windows: Sums<BacklogChange>, startOf: (at: EpochMs) => EpochMs): Sums<BacklogChange> {
  const longer = new Sums<BacklogChange>();
  for (const each of windows.sorted()) {
    const start = startOf(each.windowStart);
    addBacklog(longer, start, each.workflow, each.group, each.priority, each.category, each.change);
  }
  return longer;
}

function monthStart(at: EpochMs): EpochMs {
  const start = new Date(at);
  start.setUTCDate(1);
  return start.setUTCHours(0, 0, 0, 0);
}

function added<Row>(table: Table<Row>, sums: Sums<Row>): TableWrite {
  const sorted = sums.sorted();
  const rows = sorted.values().map((row) => rowOf(table.columns, row));
  return { kind: 'count', table, rowCount: sorted.length, rows };
}
