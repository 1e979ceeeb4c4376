/**
 * The indexes of `docket.ticket` that lists of tickets are read from. Each of them names columns that seldom
 * change, its condition included: an event that changes none of them touches no index.
 */
import type { Table } from './table.ts';
import { priorityRank } from './ticket-priority.ts';
import { fieldsDocument, ginListOption } from './ticket-words.ts';

export const ticketListIndexes: Table<never>['indexes'] = {
  // The opening and the requester never change.
  ticket_opened: '(opened_at, ticket_id)',
  ticket_requester: '(requester, opened_at, ticket_id)',
  // What a desk has before it: few tickets beside all that ever were. Closing one takes it out.
  ticket_opened_unfinished: '(opened_at, ticket_id) WHERE NOT closed',
  ticket_priority_unfinished: `(${priorityRank('priority')}, opened_at, ticket_id) WHERE NOT closed`,
  // Touched by the events that change fields, and by no other.
  ticket_field_values: `USING gin (fields jsonb_path_ops) ${ginListOption}`,
  ticket_field_words: `USING gin ((${fieldsDocument('fields')})) ${ginListOption}`,
};
