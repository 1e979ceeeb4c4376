/**
 * The read model `docket.ticket_resolution`: how long each ticket took, and where the time went. What the
 * figures mean is defined in domain/metrics/resolution.ts and nowhere else. A row is written only when a
 * figure changes, so comments and field changes cost nothing here.
 */
import { foldResolution, type ResolutionTimes, resolutionVersion } from '../domain/metrics/resolution.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import { type Category, categories } from '../domain/workflow/transition.ts';
import {
  appended,
  changedRows,
  type Fold,
  type FoldContext,
  type Projection,
  type TableWrite,
} from './projection.ts';
import type { Queries } from './sql.ts';
import { type Column, column, optionalColumn, type Table } from './table.ts';
import { TicketMemory } from './ticket-memory.ts';
import type { View } from './view.ts';

export interface ResolutionEntry {
  readonly ticketId: TicketId;
  readonly times: ResolutionTimes;
}

/** A row as it is read back. */
export interface ResolutionRow extends Readonly<Record<`${Category}_ms`, number>> {
  readonly ticket_id: TicketId;
  readonly opened_at: EpochMs;
  readonly first_assigned_at: EpochMs | null;
  readonly first_resolved_at: EpochMs | null;
  readonly last_resolved_at: EpochMs | null;
  readonly closed_at: EpochMs | null;
  readonly reopen_count: number;
  readonly category: Category;
  readonly since: EpochMs;
}

const required = column<ResolutionEntry>;
const optional = optionalColumn<ResolutionEntry>;

export const ticketResolutionTable: Table<ResolutionEntry> = {
  name: 'ticket_resolution',
  meaning:
    'How long each ticket took, by business time: one row per ticket. Sums hold closed intervals only; the view' +
    ' ticket_resolution_now adds the running one.',
  key: ['ticket_id'],
  fixed: ['opened_at'],
  fillPercent: 60,
  indexes: {},
  columns: [
    required('ticket_id', 'text', 'The ticket.', (e) => e.ticketId),
    required('opened_at', 'timestamptz', 'When it was opened.', (e) => e.times.openedAt),
    optional(
      'first_assigned_at',
      'timestamptz',
      'When it first got an assignee.',
      (e) => e.times.firstAssignedAt,
    ),
    optional(
      'first_resolved_at',
      'timestamptz',
      'When it first went from unresolved to resolved, or straight to closed.',
      (e) => e.times.firstResolvedAt,
    ),
    optional(
      'last_resolved_at',
      'timestamptz',
      'When it last did so, even if it was reopened since.',
      (e) => e.times.lastResolvedAt,
    ),
    optional('closed_at', 'timestamptz', 'When it was closed.', (e) => e.times.closedAt),
    required(
      'reopen_count',
      'integer',
      'How often it went back to unresolved; one that is reopened right now counts.',
      (e) => e.times.reopenCount,
    ),
    required('category', 'text', 'The category it is in now.', (e) => e.times.category),
    required(
      'since',
      'timestamptz',
      'Since when: the beginning of the running interval.',
      (e) => e.times.since,
    ),
    ...categories.map(timeInCategory),
  ],
};

export const ticketResolutionProjection: Projection = {
  name: 'ticket_resolution',
  version: resolutionVersion,
  tables: [ticketResolutionTable],
  start: (context) => new ResolutionFold(context),
};

/** The times after one more event. Throws where earlier events of the ticket are missing. */
export function foldResolutionEntry(
  before: ResolutionEntry | undefined,
  event: RecordedEvent,
  workflows: Workflows,
): ResolutionEntry {
  if (before === undefined && event.revision !== 1) {
    throw new Error(`its revision is ${event.revision}, but the ticket has no row yet`);
  }
  const { category } = workflows.stateOf(event);
  return { ticketId: event.ticketId, times: foldResolution(before?.times, event, category) };
}

/** What a row says, in the domain's words. */
export function entryOfResolutionRow(row: ResolutionRow): ResolutionEntry {
  const times: ResolutionTimes = {
    openedAt: row.opened_at,
    firstAssignedAt: row.first_assigned_at ?? undefined,
    firstResolvedAt: row.first_resolved_at ?? undefined,
    lastResolvedAt: row.last_resolved_at ?? undefined,
    closedAt: row.closed_at ?? undefined,
    reopenCount: row.reopen_count,
    category: row.category,
    since: row.since,
    msInCategory: {
      new: row.new_ms,
      open: row.open_ms,
      pending: row.pending_ms,
      hold: row.hold_ms,
      resolved: row.resolved_ms,
      closed: row.closed_ms,
      cancelled: row.cancelled_ms,
    },
  };
  return { ticketId: row.ticket_id, times };
}

class ResolutionFold implements Fold {
  readonly #workflows: Workflows;
  readonly #table: string;
  readonly #memory: TicketMemory<ResolutionEntry>;

  constructor({ workflows, nameOf, ticketsMax }: FoldContext) {
    this.#memory = new TicketMemory(ticketsMax);
    this.#workflows = workflows;
    this.#table = nameOf(ticketResolutionTable);
  }

  missing(events: readonly RecordedEvent[]): readonly TicketId[] {
    return this.#memory.missing(events);
  }

  async load(queries: Queries, ticketIds: readonly TicketId[]): Promise<void> {
    const text = `SELECT * FROM ${this.#table} WHERE ticket_id = ANY($1::text[])`;
    for (const row of await queries.query<ResolutionRow>(text, [ticketIds])) {
      this.#memory.remember(row.ticket_id, entryOfResolutionRow(row));
    }
  }

  fold(event: RecordedEvent): void {
    this.#memory.update(event.ticketId, (before) => {
      const after = foldResolutionEntry(before, event, this.#workflows);
      return before !== undefined && sameFigures(before.times, after.times) ? before : after;
    });
  }

  takeWrites(): readonly TableWrite[] {
    const { created, changed } = this.#memory.endBatch();
    return [appended(ticketResolutionTable, created), changedRows(ticketResolutionTable, changed)];
  }

  forget(): void {
    this.#memory.forget();
  }
}

/** Every figure but the first assignment changes only together with the category. */
function sameFigures(before: ResolutionTimes, after: ResolutionTimes): boolean {
  return before.category === after.category && before.firstAssignedAt === after.firstAssignedAt;
}

function timeInCategory(category: Category): Column<ResolutionEntry> {
  const meaning = `Milliseconds in the category ${category}, over its closed intervals.`;
  return required(`${category}_ms`, 'bigint', meaning, (e) => e.times.msInCategory[category]);
}

/** Times as an analyst wants them, up to the moment of the query. */
export const ticketResolutionNow = resolutionNow();

function resolutionNow(): View {
  const running = categories.map(
    (category) =>
      `${category}_ms + CASE WHEN category = '${category}' THEN running_ms ELSE 0 END AS ${category}_ms`,
  );
  const columns: Readonly<Record<string, string>> = {
    ticket_id: 'The ticket.',
    opened_at: 'When it was opened.',
    first_assigned_at: 'When it first got an assignee.',
    first_resolved_at: 'When it was first resolved, or closed straight away.',
    last_resolved_at: 'When it was last resolved.',
    closed_at: 'When it was closed.',
    reopen_count: 'How often it went back to unresolved.',
    category: 'The category it is in now.',
    since: 'Since when.',
    first_resolution_ms: 'Milliseconds from opening to the first resolution.',
    full_resolution_ms: 'Milliseconds from opening to the last resolution; NULL while it is unresolved.',
    unresolved_ms: 'Milliseconds in new, open, pending and hold together.',
    requester_wait_ms: 'Milliseconds the requester waited for the desk: new, open and hold.',
    agent_wait_ms: 'Milliseconds the desk waited for the requester: pending.',
    ...Object.fromEntries(
      categories.map((category) => [
        `${category}_ms`,
        `Milliseconds in the category ${category}, the running interval up to now() included.`,
      ]),
    ),
  };
  return {
    kind: 'view',
    name: 'ticket_resolution_now',
    meaning:
      'Resolution times up to the moment of the query: ticket_resolution with the running interval added.',
    columns,
    query: `WITH running AS (
  SELECT *, greatest(0, floor(extract(epoch FROM now() - since) * 1000))::bigint AS running_ms
  FROM docket.ticket_resolution
), summed AS (
  SELECT ticket_id, opened_at, first_assigned_at, first_resolved_at, last_resolved_at, closed_at,
    reopen_count, category, since, ${running.join(',\n    ')}
  FROM running
)
SELECT *,
  (extract(epoch FROM first_resolved_at - opened_at) * 1000)::bigint AS first_resolution_ms,
  CASE WHEN category IN ('resolved', 'closed')
    THEN (extract(epoch FROM last_resolved_at - opened_at) * 1000)::bigint END AS full_resolution_ms,
  new_ms + open_ms + pending_ms + hold_ms AS unresolved_ms,
  new_ms + open_ms + hold_ms AS requester_wait_ms,
  pending_ms AS agent_wait_ms
FROM summed`,
  };
}
