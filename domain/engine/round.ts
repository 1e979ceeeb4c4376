/**
 * One round of the engine: from queued commands to the writes that go to the log in one call. Everything that
 * has to be looked up is looked up first; deciding itself is then one pass without waiting, so that the state
 * that a command is decided on can not change under it.
 */
import type { Write } from '../ports.ts';
import type { Slot, TicketCache } from '../ticket/cache.ts';
import type { Command } from '../ticket/commands.ts';
import { decide } from '../ticket/decide.ts';
import type { Acceptance, StampedCommand } from '../ticket/decision.ts';
import type { NewEvent } from '../ticket/events.ts';
import { evolve, evolveInPlace, replay } from '../ticket/evolve.ts';
import { mayRelate, relatedTickets } from '../ticket/other-tickets.ts';
import { type Rejection, reject } from '../ticket/rejection.ts';
import type { TicketState } from '../ticket/state.ts';
import type { TicketId } from '../ticket/values.ts';
import { answer, type Decided, dropNumber, type Entry, inChunks, type RoundContext } from './entry.ts';
import { withoutRepeats } from './repeats.ts';

/**
 * Answers what needs no deciding (repeated ids, commands without a ticket), and gives the rest their ids and
 * their tickets a place in the cache. Returns the entries to decide, in order.
 */
export async function prepare(context: RoundContext, entries: readonly Entry[]): Promise<readonly Entry[]> {
  context.cache.beginRound();
  const fresh = await withoutRepeats(context, entries);
  const named = fresh.filter((entry) => nameTickets(context, entry));
  await numberAll(context, named);
  const missing = new Set<TicketId>();
  for (const entry of named) {
    const ticketId = ticketIdOf(entry);
    entry.slot = context.cache.find(ticketId);
    if (entry.slot === undefined) missing.add(ticketId);
  }
  await load(context, missing);
  await load(context, missingRelated(context, named));
  return named;
}

/**
 * Decides prepared entries one after the other; the cache then holds their tickets as they will be. Answers
 * the writes that an entry's `write` is an index into.
 */
export function decideAll(context: RoundContext, entries: readonly Entry[]): readonly Write[] {
  const writes: Write[] = [];
  const now = context.clock.now();
  for (const entry of entries) {
    entry.tries += 1;
    entry.write = undefined;
    const command = stamp(entry, now);
    const slot = entry.slot?.held === true ? entry.slot : context.cache.find(command.ticketId);
    const ticket = slot?.ticket;
    const decision = decide({
      ticket,
      command,
      others: othersOf(context, command, ticket),
      workflows: context.workflows,
      defaultWorkflow: context.defaultWorkflow,
    });
    if (decision.status === 'rejected') {
      if (entry.numbered !== undefined) context.numbers.giveBack(entry.numbered);
      dropNumber(entry);
      entry.outcome = decision;
      continue;
    }
    // Taken before the decision changes the ticket where it is.
    const expectedRevision = ticket?.revision ?? 0;
    entry.outcome = apply(context.cache, command, slot, decision);
    if (decision.events.length === 0) continue;
    entry.write = writes.length;
    const also = decision.also.length === 0 ? undefined : decision.also;
    writes.push({ ticketId: command.ticketId, expectedRevision, events: decision.events, also });
  }
  return writes;
}

/**
 * Settles the ids of the ticket to act on and of one to be opened; false where the command names no ticket.
 */
function nameTickets(context: RoundContext, entry: Entry): boolean {
  const { command } = entry;
  entry.ticketId ??= command.ticketId;
  if (command.type === 'OpenFollowUp') entry.newTicketId ??= command.data.followUp;
  if (command.type === 'SplitTicket') entry.newTicketId ??= command.data.splitOff;
  if (entry.ticketId !== undefined || command.type === 'OpenTicket') return true;
  const message = `ticketId is required: ${command.type} acts on a ticket that exists`;
  const refused = { code: 'invalid_command', message, tried: command.type, ticketId: undefined } as const;
  answer(context, entry, reject(refused, undefined, context.workflows));
  return false;
}

/** Gives automatic numbers to the tickets that commands open without naming them. */
async function numberAll(context: RoundContext, entries: readonly Entry[]): Promise<void> {
  const unnumbered = entries.filter(needsNumber);
  if (unnumbered.length === 0) return;
  const named = new Set(entries.flatMap((entry) => [entry.ticketId, entry.newTicketId]));
  const isTaken = (id: TicketId) => named.has(id) || context.cache.get(id) !== undefined;
  for (const entry of unnumbered) {
    entry.numbered = await context.numbers.take(isTaken);
    if (entry.command.type === 'OpenTicket') entry.ticketId = entry.numbered;
    else entry.newTicketId = entry.numbered;
  }
}

function needsNumber({ command, ticketId, newTicketId }: Entry): boolean {
  if (command.type === 'OpenTicket') return ticketId === undefined;
  return (command.type === 'OpenFollowUp' || command.type === 'SplitTicket') && newTicketId === undefined;
}

/** Drops from the cache what a write that did not happen had made of its tickets. */
export function forget(context: RoundContext, entry: Entry): void {
  context.cache.delete(ticketIdOf(entry));
  for (const id of relatedTickets(entry.command, entry.newTicketId, undefined)) context.cache.delete(id);
}

/** Tickets that commands need to know beside their own, and that are not in the cache. */
function missingRelated(context: RoundContext, entries: readonly Entry[]): ReadonlySet<TicketId> {
  const missing = new Set<TicketId>();
  for (const entry of entries) {
    if (!mayRelate(entry.command)) continue;
    const ticket = entry.slot?.ticket ?? context.cache.get(ticketIdOf(entry));
    for (const id of relatedTickets(entry.command, entry.newTicketId, ticket)) {
      if (context.cache.get(id) === undefined) missing.add(id);
    }
  }
  return missing;
}

const noOthers: ReadonlyMap<TicketId, TicketState> = new Map();

function othersOf(
  context: RoundContext,
  command: StampedCommand,
  ticket: TicketState | undefined,
): ReadonlyMap<TicketId, TicketState> {
  if (!mayRelate(command)) return noOthers;
  const others = new Map<TicketId, TicketState>();
  for (const id of relatedTickets(command, command.newTicketId, ticket)) {
    const other = context.cache.get(id);
    if (other !== undefined) others.set(id, other);
  }
  return others;
}

function ticketIdOf({ command, ticketId }: Entry): TicketId {
  if (ticketId === undefined) throw new Error(`bug: ${command.type} was not given a ticket id`);
  return ticketId;
}

/** The command with its ids and time settled; itself, where it came with all of them. */
function stamp(entry: Entry, now: number): StampedCommand {
  const { command, digest, newTicketId } = entry;
  if (digest === undefined && newTicketId === undefined && isStamped(command)) return command;
  return {
    ...command,
    ticketId: ticketIdOf(entry),
    occurredAt: command.occurredAt ?? now,
    commandDigest: digest,
    newTicketId,
  };
}

function isStamped(command: Command): command is StampedCommand {
  return command.ticketId !== undefined && command.occurredAt !== undefined;
}

/** Lets the cache hold what the decision makes of its tickets, and answers what the caller will be told. */
function apply(
  cache: TicketCache,
  command: StampedCommand,
  slot: Slot | undefined,
  decision: Acceptance,
): Exclude<Decided, Rejection> {
  const ticket = evolved(cache, slot?.ticket, decision.events, command.ticketId);
  let events = decision.events.length;
  for (const append of decision.also) {
    evolved(cache, cache.get(append.ticketId), append.events, append.ticketId);
    events += append.events.length;
  }
  const { ticketId, revision, state } = ticket;
  const newTicketId = decision.also.length > 0 ? command.newTicketId : undefined;
  return { status: 'accepted', ticketId, revision, state, events, position: 0, newTicketId, repeated: false };
}

/** The cache alone holds its tickets, so they are changed where they are. */
function evolved(
  cache: TicketCache,
  before: TicketState | undefined,
  events: readonly NewEvent[],
  ticketId: TicketId,
): TicketState {
  let ticket = before;
  for (const event of events) {
    if (ticket === undefined) {
      ticket = evolve(undefined, event, ticketId);
      cache.set(ticket);
    } else evolveInPlace(ticket, event);
  }
  if (ticket === undefined) throw new Error(`bug: a decision on ${ticketId} was accepted without a ticket`);
  return ticket;
}

/** Brings tickets into the cache; those that do not exist stay out of it. */
async function load(context: RoundContext, missing: ReadonlySet<TicketId>): Promise<void> {
  if (missing.size === 0) return;
  await inChunks([...missing], async (id) => {
    const ticket = replay(id, await context.log.readTicket(id));
    if (ticket !== undefined) context.cache.set(ticket);
  });
}
