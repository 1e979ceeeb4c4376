/**
 * Which events of the log a caller asks for. Only what is never hidden from those who may read a ticket can
 * be asked by: its id, its workflow, and the type and source of an event; so a filter can not tell what a
 * field holds.
 */
import { type EventType, eventTypes, type RecordedEvent } from '../../../domain/ticket/events.ts';
import { nameSchema, type TicketId, ticketIdSchema } from '../../../domain/ticket/values.ts';
import { wordList } from '../query-values.ts';

/** The members of a query that choose events; all that are given must fit. */
export const filterQuery = {
  type: wordList(eventTypes)
    .optional()
    .meta({ description: 'Only events of these types, joined by commas.' }),
  ticket: ticketIdSchema.optional().meta({ description: 'Only events of this ticket.' }),
  workflow: nameSchema.optional().meta({
    description: 'Only events decided by this workflow: `name@version`, or `name` for all of its versions.',
  }),
  source: nameSchema.optional().meta({ description: 'Only events that came from this source.' }),
};

export interface FilterQuery {
  readonly type?: readonly EventType[] | undefined;
  readonly ticket?: TicketId | undefined;
  readonly workflow?: string | undefined;
  readonly source?: string | undefined;
}

export interface EventFilter {
  /** Equal for filters that let the same events pass; empty for the one that lets all pass. */
  readonly key: string;
  readonly ticketId: TicketId | undefined;
  passes(event: RecordedEvent): boolean;
}

export function eventFilter({ type, ticket, workflow, source }: FilterQuery): EventFilter {
  const types = type === undefined ? undefined : new Set(type);
  const words = [types === undefined ? undefined : [...types].sort(), ticket, workflow, source];
  return {
    key: words.every((word) => word === undefined) ? '' : JSON.stringify(words),
    ticketId: ticket,
    passes: (event) =>
      (types === undefined || types.has(event.type)) &&
      (ticket === undefined || event.ticketId === ticket) &&
      (source === undefined || event.source === source) &&
      (workflow === undefined || event.workflow === workflow || event.workflow.startsWith(`${workflow}@`)),
  };
}
