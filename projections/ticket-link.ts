/**
 * The read model `docket.ticket_link`: which tickets belong together, each link as told by the ticket that
 * holds it. Rows are only ever appended; a link that is told by both tickets is a row of each.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { Link } from '../domain/ticket/state.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import { appended, type Fold, type Projection, type TableWrite } from './projection.ts';
import { column, type Table } from './table.ts';

export interface LinkRow {
  readonly ticketId: TicketId;
  readonly revision: number;
  readonly relation: Link['relation'] | 'merged_into';
  readonly linkedTicket: TicketId;
  readonly linkedAt: EpochMs;
  readonly linkedBy: string;
  readonly position: number;
}

const required = column<LinkRow>;

export const ticketLinkTable: Table<LinkRow> = {
  name: 'ticket_link',
  meaning: 'Links from one ticket to another. Never changed, only appended to.',
  key: ['ticket_id', 'revision'],
  fixed: [],
  // Never updated: no room is kept.
  fillPercent: 100,
  indexes: {
    // For the links to a ticket; those from it are found by the key.
    ticket_link_linked_ticket: '(linked_ticket)',
  },
  columns: [
    required('ticket_id', 'text', 'The ticket that holds the link.', (e) => e.ticketId),
    required('revision', 'integer', 'The event of the ticket that made it.', (e) => e.revision),
    required(
      'relation',
      'text',
      'What the linked ticket is to it: related, parent, child, duplicate, causes, caused_by, follow_up_of,' +
        ' follow_up, split_from, split_off, merged (it took that ticket in) or merged_into.',
      (e) => e.relation,
    ),
    required('linked_ticket', 'text', 'The other ticket.', (e) => e.linkedTicket),
    required('linked_at', 'timestamptz', 'Business time of the link.', (e) => e.linkedAt),
    required('linked_by', 'text', 'Who made it.', (e) => e.linkedBy),
    required('position', 'bigint', 'Position of the event in its partition of the log.', (e) => e.position),
  ],
};

export const ticketLinkProjection: Projection = {
  name: 'ticket_link',
  version: 1,
  tables: [ticketLinkTable],
  start: () => new TicketLinkFold(),
};

class TicketLinkFold implements Fold {
  #rows: LinkRow[] = [];

  missing(): readonly string[] {
    return [];
  }

  async load(): Promise<void> {}

  fold(event: RecordedEvent): void {
    const link = linkOf(event);
    if (link === undefined) return;
    const { ticketId, revision, occurredAt: linkedAt, actor, position } = event;
    const { relation, linkedTicket } = link;
    this.#rows.push({ ticketId, revision, relation, linkedTicket, linkedAt, linkedBy: actor.id, position });
  }

  takeWrites(): readonly TableWrite[] {
    const rows = this.#rows;
    this.#rows = [];
    return [appended(ticketLinkTable, rows)];
  }

  forget(): void {
    this.#rows = [];
  }
}

/** The link that an event makes, if it makes one: the same ones that `evolve` keeps, and `merged_into`. */
function linkOf(event: RecordedEvent): Pick<LinkRow, 'relation' | 'linkedTicket'> | undefined {
  switch (event.type) {
    case 'TicketOpened': {
      const { followUpOf, splitFrom } = event.data;
      if (followUpOf !== undefined) return { relation: 'follow_up_of', linkedTicket: followUpOf };
      return splitFrom === undefined ? undefined : { relation: 'split_from', linkedTicket: splitFrom };
    }
    case 'TicketLinked':
      return { relation: event.data.relation, linkedTicket: event.data.ticket };
    case 'TicketAbsorbed':
      return { relation: 'merged', linkedTicket: event.data.from };
    case 'TicketMerged':
      return { relation: 'merged_into', linkedTicket: event.data.into };
    case 'FollowUpOpened':
      return { relation: 'follow_up', linkedTicket: event.data.followUp };
    case 'TicketSplit':
      return { relation: 'split_off', linkedTicket: event.data.splitOff };
    default:
      return undefined;
  }
}
