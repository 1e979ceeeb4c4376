/**
 * The read model `docket.ticket_metrics`: what domain/metrics says of each ticket, one row each. A row is
 * written only when a figure changes, so that what changes none costs nothing here.
 */
import type { Calendars } from '../domain/metrics/calendars.ts';
import type { Rating } from '../domain/metrics/satisfaction.ts';
import {
  foldTicketMetrics,
  type TicketMetrics,
  ticketMetricsVersion,
} from '../domain/metrics/ticket-metrics.ts';
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
import { TicketMemory } from './ticket-memory.ts';
import { ticketMetricsTable } from './ticket-metrics-table.ts';

/** A row as it is read back. */
export interface TicketMetricsRow {
  readonly ticket_id: TicketId;
  readonly workflow: string;
  readonly status: string;
  readonly status_category: Category;
  readonly priority: string | null;
  readonly category: string | null;
  readonly assigned_group: string | null;
  readonly assignee: string | null;
  readonly requester: string | null;
  readonly opened_by_desk: boolean;
  readonly opened_at: EpochMs;
  readonly first_assigned_at: EpochMs | null;
  readonly first_resolved_at: EpochMs | null;
  readonly last_resolved_at: EpochMs | null;
  readonly closed_at: EpochMs | null;
  readonly status_since: EpochMs;
  readonly reopen_count: number;
  readonly rework_count: number;
  readonly first_reply_at: EpochMs | null;
  readonly first_reply_ms: number | null;
  readonly first_reply_business_ms: number | null;
  readonly last_reply_at: EpochMs | null;
  readonly agent_replies: number;
  readonly requester_replies: number;
  readonly unanswered_since: EpochMs | null;
  readonly next_reply_count: number;
  readonly next_reply_ms: number;
  readonly next_reply_business_ms: number;
  readonly next_reply_max_ms: number | null;
  readonly first_resolution_ms: number | null;
  readonly first_resolution_business_ms: number | null;
  readonly full_resolution_ms: number | null;
  readonly full_resolution_business_ms: number | null;
  readonly new_ms: number;
  readonly open_ms: number;
  readonly pending_ms: number;
  readonly hold_ms: number;
  readonly resolved_ms: number;
  readonly closed_ms: number;
  readonly cancelled_ms: number;
  readonly new_business_ms: number;
  readonly open_business_ms: number;
  readonly pending_business_ms: number;
  readonly hold_business_ms: number;
  readonly assignee_stations: number;
  readonly group_stations: number;
  readonly assignees: readonly string[];
  readonly groups: readonly string[];
  readonly assignee_handoffs: number;
  readonly group_handoffs: number;
  readonly assignee_returns: number;
  readonly group_returns: number;
  readonly waited: boolean;
  readonly first_follow_up_at: EpochMs | null;
  readonly status_path: string;
  readonly first_rating: Rating | null;
  readonly last_rating: Rating | null;
  readonly first_rated_at: EpochMs | null;
  readonly last_rated_at: EpochMs | null;
  readonly rating_changes: number;
  readonly revision: number;
  readonly visited_statuses: string;
  readonly last_assignee: string | null;
  readonly assignee_before_last: string | null;
  readonly last_group: string | null;
  readonly group_before_last: string | null;
  readonly changed_at: EpochMs;
  readonly calendar_since: EpochMs;
  readonly carried_business_ms: number;
  readonly carried_status_business_ms: number;
  readonly carried_unanswered_business_ms: number;
}

export const ticketMetricsProjection: Projection = {
  name: 'ticket_metrics',
  version: ticketMetricsVersion,
  tables: [ticketMetricsTable],
  usesCalendars: true,
  start: (context) => new MetricsFold(context),
};

/**
 * The figures after one more event; the same object where it changes none. Throws where earlier events of the
 * ticket are missing, or where the event was counted before.
 */
export function foldMetrics(
  before: TicketMetrics | undefined,
  event: RecordedEvent,
  workflows: Workflows,
  calendars: Calendars,
): TicketMetrics {
  const { revision } = event;
  if (before === undefined && revision !== 1) {
    throw new Error(`its revision is ${revision}, but the ticket has no row yet`);
  }
  if (before !== undefined && revision <= before.revision) {
    throw new Error(`its revision is ${revision}, but the ticket's row counts up to ${before.revision}`);
  }
  return foldTicketMetrics(before, event, workflows.stateOf(event), calendars);
}

/** What a row says, in the domain's words. */
export function metricsOfRow(row: TicketMetricsRow): TicketMetrics {
  return {
    ticketId: row.ticket_id,
    revision: row.revision,
    opening: { at: row.opened_at, byDesk: row.opened_by_desk, requester: row.requester ?? undefined },
    clock: row.changed_at,
    labels: {
      workflow: row.workflow,
      priority: row.priority ?? undefined,
      category: row.category ?? undefined,
    },
    statusTime: statusTimeOf(row),
    resolution: {
      firstAssignedAt: row.first_assigned_at ?? undefined,
      firstResolvedAt: row.first_resolved_at ?? undefined,
      lastResolvedAt: row.last_resolved_at ?? undefined,
      closedAt: row.closed_at ?? undefined,
      reopenCount: row.reopen_count,
      firstMs: row.first_resolution_ms ?? undefined,
      firstBusinessMs: row.first_resolution_business_ms ?? undefined,
      fullMs: row.full_resolution_ms ?? undefined,
      fullBusinessMs: row.full_resolution_business_ms ?? undefined,
    },
    replies: repliesOf(row),
    assignees: {
      current: row.assignee ?? undefined,
      last: row.last_assignee ?? undefined,
      beforeLast: row.assignee_before_last ?? undefined,
      count: row.assignee_stations,
      handoffs: row.assignee_handoffs,
      returns: row.assignee_returns,
      distinct: row.assignees,
    },
    groups: {
      current: row.assigned_group ?? undefined,
      last: row.last_group ?? undefined,
      beforeLast: row.group_before_last ?? undefined,
      count: row.group_stations,
      handoffs: row.group_handoffs,
      returns: row.group_returns,
      distinct: row.groups,
    },
    satisfaction: {
      first: row.first_rating ?? undefined,
      last: row.last_rating ?? undefined,
      firstRatedAt: row.first_rated_at ?? undefined,
      lastRatedAt: row.last_rated_at ?? undefined,
      changes: row.rating_changes,
    },
    firstFollowUpAt: row.first_follow_up_at ?? undefined,
    carried: {
      calendarSince: row.calendar_since,
      sinceOpening: row.carried_business_ms,
      inStatus: row.carried_status_business_ms,
      unanswered: row.carried_unanswered_business_ms,
    },
  };
}

function statusTimeOf(row: TicketMetricsRow): TicketMetrics['statusTime'] {
  return {
    status: row.status,
    category: row.status_category,
    since: row.status_since,
    reworkCount: row.rework_count,
    waited: row.waited,
    path: row.status_path,
    visited: row.visited_statuses,
    newMs: row.new_ms,
    openMs: row.open_ms,
    pendingMs: row.pending_ms,
    holdMs: row.hold_ms,
    resolvedMs: row.resolved_ms,
    closedMs: row.closed_ms,
    cancelledMs: row.cancelled_ms,
    newBusinessMs: row.new_business_ms,
    openBusinessMs: row.open_business_ms,
    pendingBusinessMs: row.pending_business_ms,
    holdBusinessMs: row.hold_business_ms,
  };
}

function repliesOf(row: TicketMetricsRow): TicketMetrics['replies'] {
  return {
    firstReplyAt: row.first_reply_at ?? undefined,
    firstReplyMs: row.first_reply_ms ?? undefined,
    firstReplyBusinessMs: row.first_reply_business_ms ?? undefined,
    lastReplyAt: row.last_reply_at ?? undefined,
    agentReplies: row.agent_replies,
    requesterReplies: row.requester_replies,
    unansweredSince: row.unanswered_since ?? undefined,
    nextReplyCount: row.next_reply_count,
    nextReplyMs: row.next_reply_ms,
    nextReplyBusinessMs: row.next_reply_business_ms,
    nextReplyMaxMs: row.next_reply_max_ms ?? undefined,
  };
}

class MetricsFold implements Fold {
  readonly #workflows: Workflows;
  readonly #calendars: Calendars;
  readonly #table: string;
  readonly #memory: TicketMemory<TicketMetrics>;

  constructor({ workflows, calendars, nameOf, ticketsMax }: FoldContext) {
    this.#memory = new TicketMemory(ticketsMax);
    this.#workflows = workflows;
    this.#calendars = calendars;
    this.#table = nameOf(ticketMetricsTable);
  }

  missing(events: readonly RecordedEvent[]): readonly TicketId[] {
    return this.#memory.missing(events);
  }

  async load(queries: Queries, ticketIds: readonly TicketId[]): Promise<void> {
    const text = `SELECT * FROM ${this.#table} WHERE ticket_id = ANY($1::text[])`;
    for (const row of await queries.query<TicketMetricsRow>(text, [ticketIds])) {
      this.#memory.remember(row.ticket_id, metricsOfRow(row));
    }
  }

  fold(event: RecordedEvent): void {
    this.#memory.update(event.ticketId, (before) =>
      foldMetrics(before, event, this.#workflows, this.#calendars),
    );
  }

  takeWrites(): readonly TableWrite[] {
    const { created, changed } = this.#memory.endBatch();
    return [appended(ticketMetricsTable, created), changedRows(ticketMetricsTable, changed)];
  }

  forget(): void {
    this.#memory.forget();
  }
}
