/**
 * The read model `docket.ticket_interval` and the tables that are counted from the same intervals: backlog,
 * workload, moves between statuses, handovers. This file only carries rows; what they say is decided in
 * ticket-interval-state.ts.
 */
import type { Calendars } from '../domain/metrics/calendars.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import type { Category } from '../domain/workflow/transition.ts';
import {
  appended,
  changedRows,
  type Fold,
  type FoldContext,
  type Projection,
  type TableWrite,
} from './projection.ts';
import type { Queries } from './sql.ts';
import {
  agentWorkloadTable,
  backlogChangeDayTable,
  backlogChangeMonthTable,
  backlogChangeTable,
  groupWorkloadTable,
  handoverDayTable,
  statusMoveDayTable,
} from './ticket-interval-count-tables.ts';
import { IntervalCounts } from './ticket-interval-counts.ts';
import {
  foldIntervals,
  type IntervalBatch,
  noIntervals,
  restoreInterval,
  type TicketIntervals,
} from './ticket-interval-state.ts';
import { type Dimension, type TicketInterval, ticketIntervalTable } from './ticket-interval-table.ts';
import { TicketStates } from './ticket-states.ts';

/** A row as it is read back. */
interface IntervalRow {
  readonly ticket_id: TicketId;
  readonly dimension: Dimension;
  readonly revision: number;
  readonly value: string | null;
  readonly status_category: Category | null;
  readonly next_value: string | null;
  readonly begun_at: EpochMs;
  readonly ended_at: EpochMs | null;
  readonly ms: number | null;
  readonly business_ms: number | null;
  readonly workflow: string;
  readonly assigned_group: string | null;
  readonly priority: string | null;
  readonly position: number;
}

export const ticketIntervalProjection: Projection = {
  name: 'ticket_interval',
  version: 1,
  tables: [
    ticketIntervalTable,
    backlogChangeTable,
    backlogChangeDayTable,
    backlogChangeMonthTable,
    agentWorkloadTable,
    groupWorkloadTable,
    statusMoveDayTable,
    handoverDayTable,
  ],
  usesCalendars: true,
  start: (context) => new TicketIntervalFold(context),
};

class TicketIntervalFold implements Fold {
  readonly #workflows: Workflows;
  readonly #calendars: Calendars;
  readonly #table: string;
  readonly #tickets: TicketStates<TicketIntervals>;
  #batch = emptyBatch(1);

  constructor({ workflows, calendars, nameOf, ticketsMax }: FoldContext) {
    this.#tickets = new TicketStates(ticketsMax);
    this.#workflows = workflows;
    this.#calendars = calendars;
    this.#table = nameOf(ticketIntervalTable);
  }

  missing(events: readonly RecordedEvent[]): readonly TicketId[] {
    return this.#tickets.missing(events);
  }

  /** Running intervals, and those that tell who had the ticket before and which calendars it has followed. */
  async load(queries: Queries, ticketIds: readonly TicketId[]): Promise<void> {
    const text = `SELECT * FROM ${this.#table}
WHERE ticket_id = ANY($1::text[]) AND (ended_at IS NULL OR dimension IN ('assignee', 'group'))
ORDER BY ticket_id, revision`;
    let ticket: TicketIntervals | undefined;
    for (const row of await queries.query<IntervalRow>(text, [ticketIds])) {
      if (ticket?.ticketId !== row.ticket_id) {
        ticket = noIntervals(row.ticket_id, this.#calendars);
        this.#tickets.set(row.ticket_id, ticket);
      }
      restoreInterval(ticket, intervalOf(row), this.#calendars);
    }
  }

  fold(event: RecordedEvent): void {
    const { ticketId, revision } = event;
    const where = this.#workflows.stateOf(event);
    let ticket = this.#tickets.find(ticketId);
    const reached = ticket?.revision ?? 0;
    if (revision <= reached || (reached === 0 && revision !== 1)) {
      throw new Error(`its revision is ${revision}, but the ticket's intervals are at revision ${reached}`);
    }
    if (ticket === undefined) {
      ticket = noIntervals(ticketId, this.#calendars);
      this.#tickets.set(ticketId, ticket);
    }
    foldIntervals(ticket, event, where, this.#calendars, this.#batch);
  }

  takeWrites(): readonly TableWrite[] {
    const { number, begun, ended, counts } = this.#batch;
    this.#batch = emptyBatch(number + 1);
    this.#tickets.endBatch();
    return [
      appended(ticketIntervalTable, begun),
      changedRows(ticketIntervalTable, ended),
      ...counts.writes(),
    ];
  }

  forget(): void {
    this.#tickets.forget();
    this.#batch = emptyBatch(this.#batch.number + 1);
  }
}

function emptyBatch(number: number): IntervalBatch {
  return { number, begun: [], ended: [], counts: new IntervalCounts() };
}

function intervalOf(row: IntervalRow): TicketInterval {
  return {
    ticketId: row.ticket_id,
    dimension: row.dimension,
    revision: row.revision,
    value: row.value ?? undefined,
    category: row.status_category ?? undefined,
    nextValue: row.next_value ?? undefined,
    begunAt: row.begun_at,
    endedAt: row.ended_at ?? undefined,
    ms: row.ms ?? 0,
    businessMs: row.business_ms ?? 0,
    workflow: row.workflow,
    group: row.assigned_group ?? undefined,
    priority: row.priority ?? undefined,
    position: row.position,
    batch: 0,
  };
}
