/**
 * Deciding where others write to the same log. A write that was decided on an old state conflicts, and is
 * decided again; a refusal, or a command that changes nothing, writes nothing and would stand. So before they
 * are answered, the tickets that they rest on are compared with the log.
 */
import type { Write } from '../ports.ts';
import { relatedTickets } from '../ticket/other-tickets.ts';
import type { TicketId } from '../ticket/values.ts';
import { type Entry, inChunks, newTicketOf, type RoundContext, ticketOf } from './entry.ts';
import { decideAll, forget, prepare } from './round.ts';

export interface DecidedRound {
  readonly entries: readonly Entry[];
  readonly writes: readonly Write[];
}

/** As `decideAll`, but no entry is left without a write because of what its ticket was before. */
export async function decideAmongWriters(
  context: RoundContext,
  entries: readonly Entry[],
): Promise<DecidedRound> {
  const writes = decideAll(context, entries);
  if (!(await mustDecideAgain(context, entries, writes))) return { entries, writes };
  for (const entry of entries) if (ticketOf(entry) !== undefined) forget(context, entry);
  const again = await prepare(context, entries);
  return { entries: again, writes: decideAll(context, again) };
}

async function mustDecideAgain(
  context: RoundContext,
  entries: readonly Entry[],
  writes: readonly Write[],
): Promise<boolean> {
  const unwritten = entries.filter((entry) => entry.write < 0);
  if (unwritten.length === 0) return false;
  // What a write of the round changes, its expected revision is checked of.
  const written = new Set(
    writes.flatMap((write) => [write, ...(write.also ?? [])].map(({ ticketId }) => ticketId)),
  );
  const tickets = new Set(unwritten.flatMap((entry) => ticketsOf(context, entry)));
  let old = false;
  await inChunks(
    [...tickets].filter((ticketId) => !written.has(ticketId)),
    async (ticketId) => {
      const remembered = context.cache.find(ticketId)?.revision;
      if (remembered === undefined) return;
      if ((await context.log.revisionOf(ticketId)) !== remembered) old = true;
    },
  );
  return old;
}

function ticketsOf(context: RoundContext, entry: Entry): TicketId[] {
  const ticketId = ticketOf(entry);
  if (ticketId === undefined) return [];
  const ticket = context.cache.find(ticketId);
  return [ticketId, ...relatedTickets(entry.command, newTicketOf(entry), ticket)];
}
