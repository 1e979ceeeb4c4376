/**
 * One round of the engine: from queued commands to the writes that go to the log in one call. Everything that
 * has to be looked up is looked up first; deciding itself is then one pass without waiting, so that the state
 * that a command is decided on can not change under it.
 */
import type { TicketPlace, Write } from '../ports.ts';
import type { Slot, TicketCache } from '../ticket/cache.ts';
import type { Command } from '../ticket/commands.ts';
import { decide } from '../ticket/decide.ts';
import type { Acceptance, StampedCommand } from '../ticket/decision.ts';
import type { NewEvent } from '../ticket/events.ts';
import { evolve, evolveInPlace, replay } from '../ticket/evolve.ts';
import { mayRelate, relatedTickets } from '../ticket/other-tickets.ts';
import { reject } from '../ticket/rejection.ts';
import type { TicketState } from '../ticket/state.ts';
import type { TicketId } from '../ticket/values.ts';
import {
  answer,
  dropNumber,
  type Entry,
  inChunks,
  newTicketOf,
  particularsOf,
  type RoundContext,
  ticketOf,
} from './entry.ts';
import { withoutRepeats } from './repeats.ts';

/**
 * Answers what needs no deciding (repeated ids, commands without a ticket), and gives the rest their ids and
 * their tickets a place in the cache. Returns the entries to decide, in order.
 */
export async function prepare(context: RoundContext, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const fresh = await withoutRepeats(context, entries);
  const named = withTickets(context, fresh);
  await numberAll(context, named);
  const missing = new Set<TicketId>();
  const relating: Entry[] = [];
  for (const entry of named) {
    const ticketId = ticketIdOf(entry);
    entry.slot = context.cache.find(ticketId);
    if (entry.slot === undefined) missing.add(ticketId);
    if (mayRelate(entry.command)) relating.push(entry);
  }
  await load(context, missing);
  await load(context, missingRelated(context, relating));
  return named;
}

/**
 * Decides prepared entries one after the other; the cache then holds their tickets as they will be. Answers
 * the writes that an entry's `write` is an index into.
 */
export function decideAll(context: RoundContext, entries: readonly Entry[]): readonly Write[] {
  const writes: Write[] = [];
  const { cache, workflows, defaultWorkflow } = context;
  const now = context.clock.now();
  for (const entry of entries) {
    entry.tries += 1;
    entry.write = -1;
    const command = stamp(entry, now);
    const slot = entry.slot?.held === true ? entry.slot : cache.find(command.ticketId);
    const ticket = slot?.ticket;
    const others = othersOf(context, command, ticket);
    const decision = decide({ ticket, at: slot?.at, command, others, workflows, defaultWorkflow });
    if (decision.status === 'rejected') {
      giveBackNumber(context, entry);
      entry.outcome = decision;
      continue;
    }
    // Taken before the decision changes the ticket where it is.
    const expectedRevision = ticket?.revision ?? 0;
    const place = apply(cache, entry, command, slot, decision);
    if (decision.events.length === 0) continue;
    entry.write = writes.length;
    const also = decision.also.length === 0 ? undefined : decision.also;
    writes.push({ ticketId: command.ticketId, expectedRevision, events: decision.events, place, also });
  }
  return writes;
}

/** Drops from the cache what a write that did not happen had made of its tickets. */
export function forget(context: RoundContext, entry: Entry): void {
  context.cache.delete(ticketIdOf(entry));
  for (const id of relatedTickets(entry.command, newTicketOf(entry), undefined)) context.cache.delete(id);
}

/** Leaves out, answered, the entries that act on a ticket and do not say which. */
function withTickets(context: RoundContext, entries: readonly Entry[]): readonly Entry[] {
  if (entries.every(namesTicket)) return entries;
  for (const entry of entries) {
    if (namesTicket(entry)) continue;
    const { type: tried } = entry.command;
    const message = `ticketId is required: ${tried} acts on a ticket that exists`;
    const refused = { code: 'invalid_command', message, tried, ticketId: undefined } as const;
    answer(context, entry, reject(refused, undefined, context.workflows));
  }
  return entries.filter(namesTicket);
}

function namesTicket({ command }: Entry): boolean {
  return command.ticketId !== undefined || command.type === 'OpenTicket';
}

/** Gives automatic numbers to the tickets that commands open without naming them. */
async function numberAll(context: RoundContext, entries: readonly Entry[]): Promise<void> {
  const unnumbered = entries.filter(needsNumber);
  if (unnumbered.length === 0) return;
  const named = new Set(entries.flatMap((entry) => [ticketOf(entry), newTicketOf(entry)]));
  const isTaken = (id: TicketId) => named.has(id) || context.cache.get(id) !== undefined;
  for (const entry of unnumbered) {
    const particulars = particularsOf(entry);
    particulars.numbered = await context.numbers.take(isTaken);
    if (entry.command.type === 'OpenTicket') particulars.ticketId = particulars.numbered;
    else particulars.newTicketId = particulars.numbered;
  }
}

function needsNumber(entry: Entry): boolean {
  const { type } = entry.command;
  if (type === 'OpenTicket') return ticketOf(entry) === undefined;
  return (type === 'OpenFollowUp' || type === 'SplitTicket') && newTicketOf(entry) === undefined;
}

function giveBackNumber(context: RoundContext, entry: Entry): void {
  const numbered = entry.particulars?.numbered;
  if (numbered === undefined) return;
  context.numbers.giveBack(numbered);
  dropNumber(entry);
}

/** Tickets that commands need to know beside their own, and that are not in the cache. */
function missingRelated(context: RoundContext, entries: readonly Entry[]): ReadonlySet<TicketId> {
  const missing = new Set<TicketId>();
  for (const entry of entries) {
    const ticket = entry.slot?.ticket ?? context.cache.get(ticketIdOf(entry));
    for (const id of relatedTickets(entry.command, newTicketOf(entry), ticket)) {
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
  const related = relatedTickets(command, command.newTicketId, ticket);
  if (related.length === 0) return noOthers;
  const others = new Map<TicketId, TicketState>();
  for (const id of related) {
    const other = context.cache.get(id);
    if (other !== undefined) others.set(id, other);
  }
  return others;
}

function ticketIdOf(entry: Entry): TicketId {
  const ticketId = ticketOf(entry);
  if (ticketId === undefined) throw new Error(`bug: ${entry.command.type} was not given a ticket id`);
  return ticketId;
}

/** The command with its ids and time settled; itself, where it came with all of them. */
function stamp(entry: Entry, now: number): StampedCommand {
  const { command, particulars } = entry;
  if (particulars === undefined && isStamped(command)) return command;
  return {
    ...command,
    ticketId: ticketIdOf(entry),
    occurredAt: command.occurredAt ?? now,
    commandDigest: particulars?.digest,
    newTicketId: newTicketOf(entry),
  };
}

function isStamped(command: Command): command is StampedCommand {
  return command.ticketId !== undefined && command.occurredAt !== undefined && !opensAnother(command);
}

function opensAnother({ type }: Command): boolean {
  return type === 'OpenFollowUp' || type === 'SplitTicket';
}

/**
 * Lets the cache hold what the decision makes of its tickets, and notes what the caller will be told.
 * Returns the ticket's place.
 */
function apply(
  cache: TicketCache,
  entry: Entry,
  command: StampedCommand,
  before: Slot | undefined,
  decision: Acceptance,
): TicketPlace {
  const slot = evolved(cache, before, decision.events, command.ticketId);
  slot.at = decision.at;
  let events = decision.events.length;
  for (const append of decision.also) {
    const other = evolved(cache, cache.find(append.ticketId), append.events, append.ticketId);
    other.at = undefined;
    events += append.events.length;
  }
  const { ticketId, revision, state } = slot.ticket;
  const newTicketId = decision.also.length > 0 ? command.newTicketId : undefined;
  entry.outcome = {
    status: 'accepted',
    ticketId,
    revision,
    state,
    events,
    position: 0,
    newTicketId,
    repeated: false,
  };
  return slot;
}

/** The cache alone holds its tickets, so they are changed where they are. */
function evolved(
  cache: TicketCache,
  before: Slot | undefined,
  events: readonly NewEvent[],
  ticketId: TicketId,
): Slot {
  let slot = before;
  for (const event of events) {
    if (slot === undefined) slot = cache.set(evolve(undefined, event, ticketId));
    else evolveInPlace(slot.ticket, event);
  }
  if (slot === undefined) throw new Error(`bug: a decision on ${ticketId} was accepted without a ticket`);
  return slot;
}

/** Brings tickets into the cache; those that do not exist stay out of it. */
async function load(context: RoundContext, missing: ReadonlySet<TicketId>): Promise<void> {
  if (missing.size === 0) return;
  await inChunks([...missing], async (id) => {
    const ticket = replay(id, await context.log.readTicket(id));
    if (ticket !== undefined) context.cache.set(ticket);
  });
}
