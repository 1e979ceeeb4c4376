/**
 * Which answers of a round may not be given because they rest on something that did not happen. A refusal, or
 * a command that changed nothing, has no write that could conflict; it stands or falls with the writes of its
 * round that touch the same tickets.
 *
 * It must not repeat more than need be: what is decided again is decided after all that the round has
 * appended, and commands of one ticket must keep their order.
 */
import type { AppendOutcome } from '../ports.ts';
import { relatedTickets } from '../ticket/other-tickets.ts';
import type { TicketId } from '../ticket/values.ts';
import { type Entry, newTicketOf, type RoundContext, ticketOf } from './entry.ts';

/** The entries without a write that must be decided again. To be asked before the cache forgets anything. */
export function unfounded(
  context: RoundContext,
  entries: readonly Entry[],
  outcomes: readonly AppendOutcome[],
): ReadonlySet<Entry> {
  const found = new Set<Entry>();
  const appended = new Set<TicketId>();
  const conflicting = new Set<TicketId>();
  for (const entry of entries) {
    const status = outcomes[entry.write]?.status;
    if (status === undefined) continue;
    for (const id of ticketsWritten(entry)) (status === 'appended' ? appended : conflicting).add(id);
  }
  const lost = new Set<TicketId>();
  for (const entry of entries) {
    const status = outcomes[entry.write]?.status;
    if (status === 'conflict') for (const id of ticketsWritten(entry)) lost.add(id);
    if (status !== undefined) continue;
    // Where a ticket's first write was appended, what was known of the ticket until then was right.
    const rests = ticketsKnown(context, entry);
    if (rests.some((id) => lost.has(id) || (conflicting.has(id) && !appended.has(id)))) found.add(entry);
  }
  return found;
}

function ticketsWritten(entry: Entry): readonly TicketId[] {
  const { command } = entry;
  const other = command.type === 'MergeTicket' ? command.data.into : newTicketOf(entry);
  return [ticketOf(entry), other].filter((id) => id !== undefined);
}

function ticketsKnown(context: RoundContext, entry: Entry): readonly TicketId[] {
  const ticketId = ticketOf(entry);
  if (ticketId === undefined) return [];
  const ticket = context.cache.find(ticketId);
  return [ticketId, ...relatedTickets(entry.command, newTicketOf(entry), ticket)];
}
