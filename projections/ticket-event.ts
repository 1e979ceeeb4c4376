/**
 * The read model `docket.ticket_event`: every event of every ticket, the whole timeline in SQL. Rows are only
 * ever appended.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import type { WorkflowState } from '../domain/workflow/table.ts';
import { appended, type Fold, type FoldContext, type Projection, type TableWrite } from './projection.ts';
import { column, optionalColumn, type Table } from './table.ts';
import { commentDocument, ginListOption, isCommentEvent } from './ticket-words.ts';

/** An event and the state that its ticket was in after it. */
export interface TimelineEntry {
  readonly event: RecordedEvent;
  readonly where: WorkflowState;
}

const required = column<TimelineEntry>;
const optional = optionalColumn<TimelineEntry>;

export const ticketEventTable: Table<TimelineEntry> = {
  name: 'ticket_event',
  meaning: 'Every event of every ticket, once: the timeline. Never changed, only appended to.',
  key: ['ticket_id', 'revision'],
  fixed: [],
  appendOnly: true,
  // Never updated: no room is kept.
  fillPercent: 100,
  indexes: {
    // For reading on from a position. Positions only grow, so this B-tree is only ever written at its end.
    ticket_event_position: 'UNIQUE (partition, position)',
    // For time ranges. Rows lie in order of commit, so a summary per block range does; it costs nothing.
    ticket_event_time:
      'USING brin (recorded_at, occurred_at) WITH (pages_per_range = 32, autosummarize = on)',
    // For full-text search in comments.
    ticket_event_words: `USING gin ((${commentDocument})) ${ginListOption} WHERE ${isCommentEvent}`,
  },
  columns: [
    required('ticket_id', 'text', 'The ticket.', ({ event }) => event.ticketId),
    required('revision', 'integer', 'Which event of the ticket: 1 is its opening.', (e) => e.event.revision),
    required('partition', 'integer', 'The partition of the log that holds it.', (e) => e.event.partition),
    required(
      'position',
      'bigint',
      'Its place in the partition, without gaps from 1.',
      (e) => e.event.position,
    ),
    required('type', 'text', 'What happened, such as TicketResolved.', (e) => e.event.type),
    required('workflow', 'text', 'The rules it was decided by, as name@version.', (e) => e.event.workflow),
    required('status', 'text', "The ticket's lifecycle state after it.", (e) => e.where.lifecycle),
    required(
      'status_category',
      'text',
      'The category of that state: new, open, pending, hold, resolved, closed or cancelled.',
      (e) => e.where.category,
    ),
    required(
      'occurred_at',
      'timestamptz',
      'Business time: when it happened. May run backwards in imported histories.',
      (e) => e.event.occurredAt,
    ),
    required(
      'recorded_at',
      'timestamptz',
      'Commit time: when the log took it. Never runs backwards within a partition.',
      (e) => e.event.recordedAt,
    ),
    required('actor_id', 'text', 'Who did it.', (e) => e.event.actor.id),
    required(
      'actor_role',
      'text',
      'As what: requester, agent, lead, system or integration.',
      (e) => e.event.actor.role,
    ),
    optional('on_behalf_of_id', 'text', 'Whom the actor stood in for.', (e) => e.event.onBehalfOf?.id),
    optional(
      'command_id',
      'text',
      'The command it came from, where the caller gave an id.',
      (e) => e.event.commandId,
    ),
    optional(
      'correlation_id',
      'text',
      'What it belongs to across tickets and systems.',
      (e) => e.event.correlationId,
    ),
    optional('source', 'text', 'Where the command came from, such as zendesk.', (e) => e.event.source),
    required('data', 'jsonb', 'What changed, by the type of the event.', (e) => e.event.data),
  ],
};

export const ticketEventProjection: Projection = {
  name: 'ticket_event',
  version: 2,
  tables: [ticketEventTable],
  start: (context) => new TicketEventFold(context),
};

class TicketEventFold implements Fold {
  readonly #workflows: Workflows;
  #entries: TimelineEntry[] = [];

  constructor({ workflows }: FoldContext) {
    this.#workflows = workflows;
  }

  missing(): readonly string[] {
    return [];
  }

  async load(): Promise<void> {}

  fold(event: RecordedEvent): void {
    this.#entries.push({ event, where: this.#workflows.stateOf(event) });
  }

  takeWrites(): readonly TableWrite[] {
    const entries = this.#entries;
    this.#entries = [];
    return [appended(ticketEventTable, entries)];
  }

  forget(): void {
    this.#entries = [];
  }
}
