/**
 * The read model `docket.ticket`: every ticket as it is now. A row holds all of the domain's `TicketState`
 * but what its SLA clocks need (they have rows of their own), so that a projector which starts anew goes on
 * from its rows; `evolve` is the only place that knows what an event does to a ticket.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import { evolve } from '../domain/ticket/evolve.ts';
import type { HoldReason, Link, TicketState } from '../domain/ticket/state.ts';
import type { Actor, EpochMs, Fields, TicketId } from '../domain/ticket/values.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import type { CompiledWorkflow, WorkflowState } from '../domain/workflow/table.ts';
import {
  appended,
  changedRows,
  type Fold,
  type FoldContext,
  type Projection,
  type TableWrite,
} from './projection.ts';
import type { Queries } from './sql.ts';
import { column, optionalColumn, type Table } from './table.ts';
import { ticketListIndexes } from './ticket-list-indexes.ts';
import { TicketMemory } from './ticket-memory.ts';

/** A ticket after one of its events. */
export interface TicketEntry {
  readonly ticket: TicketState;
  readonly workflow: CompiledWorkflow;
  readonly where: WorkflowState;
  readonly updatedAt: EpochMs;
  readonly partition: number;
  readonly position: number;
}

/** A row as it is read back. */
export interface TicketRow {
  readonly ticket_id: TicketId;
  readonly workflow: string;
  readonly state: string;
  readonly hold_reason: HoldReason | null;
  readonly hold_until: EpochMs | null;
  readonly hold_timer_id: string | null;
  readonly assignee: string | null;
  readonly assigned_group: string | null;
  readonly offered_to: string | null;
  readonly offer_expires_at: EpochMs | null;
  readonly requester: string | null;
  readonly fields: Fields;
  readonly links: readonly Link[];
  readonly resolution_code: string | null;
  readonly resolved_at: EpochMs | null;
  readonly merged_into: TicketId | null;
  readonly opened_at: EpochMs;
  readonly opened_by_id: string;
  readonly opened_by_role: Actor['role'];
  readonly updated_at: EpochMs;
  readonly revision: number;
  readonly partition: number;
  readonly position: number;
}

const required = column<TicketEntry>;
const optional = optionalColumn<TicketEntry>;

export const ticketTable: Table<TicketEntry> = {
  name: 'ticket',
  meaning: 'Every ticket as it is now: one row per ticket, changed with each of its events.',
  key: ['ticket_id'],
  // A ticket never leaves its partition, and how it was opened is history.
  fixed: ['requester', 'opened_at', 'opened_by_id', 'opened_by_role', 'partition'],
  // Every event rewrites its ticket's row. Indexed columns change seldom, so with room on the page the new
  // version mostly stays beside the old one and no index is touched (a heap-only update).
  fillPercent: 60,
  // These are partial: only the few updates that set, move or clear a timer touch them.
  indexes: {
    ticket_hold_due: '(hold_until, ticket_id) WHERE hold_until IS NOT NULL AND hold_timer_id IS NOT NULL',
    ticket_offer_due: '(offer_expires_at, ticket_id) WHERE offer_expires_at IS NOT NULL',
    ticket_close_due: '(resolved_at, ticket_id) WHERE resolved_at IS NOT NULL AND NOT closed',
    ...ticketListIndexes,
  },
  columns: [
    required('ticket_id', 'text', 'The ticket.', ({ ticket }) => ticket.ticketId),
    required('workflow', 'text', 'The rules it lives under, as name@version.', (e) => e.ticket.workflow),
    required(
      'state',
      'text',
      'Its whole configuration: one state per region, as open/assigned/L0.',
      (e) => e.ticket.state,
    ),
    required(
      'status',
      'text',
      'Its lifecycle state, by the name its workflow gives it.',
      (e) => e.where.lifecycle,
    ),
    required(
      'status_category',
      'text',
      'The category of the status: new, open, pending, hold, resolved, closed or cancelled.',
      (e) => e.where.category,
    ),
    required(
      'closed',
      'boolean',
      'Whether the work is over for good (closed, cancelled or merged).',
      (e) => e.where.final,
    ),
    optional('assignment', 'text', 'Who has it: unassigned, queued, offered, assigned.', (e) =>
      regionState(e, 'assignment'),
    ),
    optional(
      'escalation',
      'text',
      'How high it was raised, L0 to L3; NULL where a workflow has no levels.',
      (e) => regionState(e, 'escalation'),
    ),
    optional(
      'hold_reason',
      'text',
      'Why it waits, while it is pending or on hold.',
      (e) => e.ticket.hold?.reason,
    ),
    optional('hold_until', 'timestamptz', 'When waiting ends by itself.', (e) => e.ticket.hold?.until),
    optional(
      'hold_timer_id',
      'text',
      'The only timer that may end the present hold.',
      (e) => e.ticket.hold?.timerId,
    ),
    optional('assignee', 'text', 'The agent who has it.', (e) => e.ticket.assignee),
    optional('assigned_group', 'text', 'The group it is queued for or belongs to.', (e) => e.ticket.group),
    optional(
      'offered_to',
      'text',
      'The agent it is offered to, until taken or declined.',
      (e) => e.ticket.offer?.agent,
    ),
    optional(
      'offer_expires_at',
      'timestamptz',
      'When the present offer lapses.',
      (e) => e.ticket.offer?.expiresAt,
    ),
    optional('requester', 'text', 'Who asked for it.', (e) => e.ticket.requester),
    optional('subject', 'text', 'The field subject, as text.', (e) => fieldText(e, 'subject')),
    optional('priority', 'text', 'The field priority, as text.', (e) => fieldText(e, 'priority')),
    optional('category', 'text', 'The field category, as text: what the ticket is about.', (e) =>
      fieldText(e, 'category'),
    ),
    required('fields', 'jsonb', 'All fields by name, the promoted ones included.', (e) => e.ticket.fields),
    required(
      'links',
      'jsonb',
      'Other tickets it is linked to: a list of {ticket, relation}.',
      (e) => e.ticket.links,
    ),
    optional(
      'resolution_code',
      'text',
      'How it was resolved; NULL again once it is reopened.',
      (e) => e.ticket.resolutionCode,
    ),
    optional(
      'resolved_at',
      'timestamptz',
      'When it was last resolved; NULL again once it is reopened.',
      (e) => e.ticket.resolvedAt,
    ),
    optional('merged_into', 'text', 'The ticket it was merged into.', (e) => e.ticket.mergedInto),
    required('opened_at', 'timestamptz', 'Business time of its opening.', (e) => e.ticket.openedAt),
    required('opened_by_id', 'text', 'Who opened it.', (e) => e.ticket.openedBy.id),
    required(
      'opened_by_role',
      'text',
      'As what: requester, agent, lead, system or integration.',
      (e) => e.ticket.openedBy.role,
    ),
    required('updated_at', 'timestamptz', 'Business time of its last event.', (e) => e.updatedAt),
    required('revision', 'integer', 'How many events it has.', (e) => e.ticket.revision),
    required('partition', 'integer', 'The partition of the log that holds its events.', (e) => e.partition),
    required('position', 'bigint', 'Position of its last event in the partition.', (e) => e.position),
  ],
};

export const ticketProjection: Projection = {
  name: 'ticket',
  version: 2,
  tables: [ticketTable],
  start: (context) => new TicketFold(context),
};

/** The ticket after one more event. Throws where the event is not the ticket's next. */
export function foldTicket(
  before: TicketEntry | undefined,
  event: RecordedEvent,
  workflows: Workflows,
): TicketEntry {
  const revision = before?.ticket.revision ?? 0;
  if (event.revision !== revision + 1) {
    throw new Error(`its revision is ${event.revision}, but the ticket's row is at revision ${revision}`);
  }
  const ticket = evolve(before?.ticket, event, event.ticketId);
  return entryOf(ticket, event.occurredAt, event, workflows);
}

/** What a row says, in the domain's words. */
export function entryOfRow(row: TicketRow, workflows: Workflows): TicketEntry {
  const { offered_to: agent, offer_expires_at: expiresAt, hold_reason: reason } = row;
  const ticket: TicketState = {
    ticketId: row.ticket_id,
    workflow: row.workflow,
    revision: row.revision,
    state: row.state,
    openedAt: row.opened_at,
    openedBy: { id: row.opened_by_id, role: row.opened_by_role },
    requester: row.requester ?? undefined,
    assignee: row.assignee ?? undefined,
    group: row.assigned_group ?? undefined,
    offer: agent === null || expiresAt === null ? undefined : { agent, expiresAt },
    hold:
      reason === null
        ? undefined
        : { reason, until: row.hold_until ?? undefined, timerId: row.hold_timer_id ?? undefined },
    resolvedAt: row.resolved_at ?? undefined,
    resolutionCode: row.resolution_code ?? undefined,
    mergedInto: row.merged_into ?? undefined,
    links: row.links,
    fields: row.fields,
  };
  return entryOf(ticket, row.updated_at, row, workflows);
}

function entryOf(
  ticket: TicketState,
  updatedAt: EpochMs,
  place: { readonly partition: number; readonly position: number },
  workflows: Workflows,
): TicketEntry {
  return {
    ticket,
    workflow: workflows.get(ticket.workflow),
    where: workflows.stateOf(ticket),
    updatedAt,
    partition: place.partition,
    position: place.position,
  };
}

class TicketFold implements Fold {
  readonly #workflows: Workflows;
  readonly #table: string;
  readonly #memory: TicketMemory<TicketEntry>;

  constructor({ workflows, nameOf, ticketsMax }: FoldContext) {
    this.#memory = new TicketMemory(ticketsMax);
    this.#workflows = workflows;
    this.#table = nameOf(ticketTable);
  }

  missing(events: readonly RecordedEvent[]): readonly TicketId[] {
    return this.#memory.missing(events);
  }

  async load(queries: Queries, ticketIds: readonly TicketId[]): Promise<void> {
    const text = `SELECT * FROM ${this.#table} WHERE ticket_id = ANY($1::text[])`;
    for (const row of await queries.query<TicketRow>(text, [ticketIds])) {
      this.#memory.remember(row.ticket_id, entryOfRow(row, this.#workflows));
    }
  }

  fold(event: RecordedEvent): void {
    this.#memory.update(event.ticketId, (before) => foldTicket(before, event, this.#workflows));
  }

  takeWrites(): readonly TableWrite[] {
    const { created, changed } = this.#memory.endBatch();
    return [appended(ticketTable, created), changedRows(ticketTable, changed)];
  }

  forget(): void {
    this.#memory.forget();
  }
}

function regionState(entry: TicketEntry, name: string): string | undefined {
  const index = entry.workflow.regions.findIndex((region) => region.name === name);
  return entry.where.values[index];
}

function fieldText(entry: TicketEntry, name: string): string | undefined {
  const value = entry.ticket.fields[name];
  if (value === undefined || typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(', ') : String(value);
}
