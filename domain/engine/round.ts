/**
 * One round of the engine: from queued commands to the writes that go to the log in one call. Everything that
 * has to be looked up is looked up first; deciding itself is then one pass without waiting, so that the state
 * that a command is decided on can not change under it.
 */
import type { CommandGuard } from '../access/guard.ts';
import type { Write } from '../ports.ts';
import type { LiveTicket, TicketCache } from '../ticket/cache.ts';
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

/** How often a round looks for other automatic numbers, where faster writers take one after another. */
const numberTriesMax = 16;

/**
 * Answers what needs no deciding (repeated ids, commands without a ticket), and gives the rest their ids and
 * their tickets a place in the cache. Returns the entries to decide, in order.
 */
export async function prepare(context: RoundContext, entries: readonly Entry[]): Promise<readonly Entry[]> {
  context.cache.beginRound();
  let named = await withoutRepeats(context, entries);
  for (let tries = 1; ; tries += 1) {
    if (!named.every(namesTicket)) named = await withTickets(context, named);
    await place(context, named);
    const beaten = context.log.soleWriter ? [] : named.filter((entry) => isBeaten(context, entry));
    if (beaten.length === 0 || tries >= numberTriesMax) return named;
    beaten.forEach(dropNumber);
  }
}

/** Brings the entries' tickets into the cache, and those that they need to know beside their own. */
async function place(context: RoundContext, named: readonly Entry[]): Promise<void> {
  const ticketIds = new Array<TicketId>(named.length);
  for (let index = 0; index < named.length; index += 1) ticketIds[index] = ticketIdOf(named[index]);
  const tickets = context.cache.findAll(ticketIds);
  const missing = new Set<TicketId>();
  const relating: Entry[] = [];
  for (let index = 0; index < named.length; index += 1) {
    const entry = named[index];
    if (entry === undefined) continue;
    const ticket = tickets[index];
    entry.ticket = ticket;
    if (ticket === undefined) missing.add(ticketIdOf(entry));
    if (mayRelate(entry.command)) relating.push(entry);
  }
  if (missing.size > 0) await load(context, missing);
  if (relating.length > 0) await load(context, missingRelated(context, relating));
}

/** Whether another writer has opened a ticket with the automatic number since it was found to be free. */
function isBeaten({ cache }: RoundContext, { particulars }: Entry): boolean {
  const numbered = particulars?.numbered;
  return numbered !== undefined && cache.find(numbered) !== undefined;
}

/**
 * Decides prepared entries one after the other; the cache then holds their tickets as they will be. Answers
 * the writes that an entry's `write` is an index into.
 */
export function decideAll(context: RoundContext, entries: readonly Entry[]): readonly Write[] {
  const writes: Write[] = [];
  const { cache, workflows, defaultWorkflow, sla } = context;
  const now = context.clock.now();
  for (const entry of entries) {
    entry.tries += 1;
    entry.write = -1;
    const command = stamp(entry, now);
    const ticket = entry.ticket?.held === true ? entry.ticket : cache.find(command.ticketId);
    const others = othersOf(context, command, ticket);
    const { guard } = entry.submission;
    const denied = guard?.refuse(command, ticket, others);
    if (denied !== undefined) {
      giveBackNumber(context, entry);
      entry.outcome = denied;
      continue;
    }
    const decision = decide({ ticket, at: ticket?.at, command, others, workflows, defaultWorkflow, sla });
    if (decision.status === 'rejected') {
      giveBackNumber(context, entry);
      entry.outcome = guard === undefined ? decision : guard.conceal(decision, ticket);
      continue;
    }
    // Taken before the decision changes the ticket where it is.
    const expectedRevision = ticket?.revision ?? 0;
    const { events, also } = decision;
    const place = apply(cache, entry, command, ticket, decision, guard);
    if (events.length === 0) continue;
    entry.write = writes.length;
    entry.ticket = place;
    const { ticketId } = command;
    writes.push({ ticketId, expectedRevision, events, place, also: also.length === 0 ? undefined : also });
  }
  return writes;
}

/** Drops from the cache what a write that did not happen had made of its tickets. */
export function forget(context: RoundContext, entry: Entry): void {
  context.cache.delete(ticketIdOf(entry));
  for (const id of relatedTickets(entry.command, newTicketOf(entry), undefined)) context.cache.delete(id);
}

/** Whether the tickets that the command is about have ids already, as nearly always. */
function namesTicket(entry: Entry): boolean {
  return entry.command.ticketId !== undefined && !opensAnother(entry.command);
}

/**
 * Gives automatic numbers to the tickets that commands open without naming them. Leaves out, answered, the
 * entries that act on a ticket and do not say which.
 */
async function withTickets(context: RoundContext, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const named = entries.filter((entry) => {
    const { ticketId, type: tried } = entry.command;
    if (ticketId !== undefined || tried === 'OpenTicket') return true;
    const message = `ticketId is required: ${tried} acts on a ticket that exists`;
    const refused = { code: 'invalid_command', message, tried, ticketId } as const;
    answer(context, entry, reject(refused, undefined, context.workflows));
    return false;
  });
  const unnumbered = named.filter(needsNumber);
  if (unnumbered.length === 0) return named;
  const taken = new Set(named.flatMap((entry) => [ticketOf(entry), newTicketOf(entry)]));
  const isTaken = (id: TicketId) => taken.has(id) || context.cache.find(id) !== undefined;
  for (const entry of unnumbered) {
    const particulars = particularsOf(entry);
    particulars.numbered = await context.numbers.take(isTaken);
    if (entry.command.type === 'OpenTicket') particulars.ticketId = particulars.numbered;
    else particulars.newTicketId = particulars.numbered;
  }
  return named;
}

function needsNumber(entry: Entry): boolean {
  if (entry.command.type === 'OpenTicket') return ticketOf(entry) === undefined;
  return opensAnother(entry.command) && newTicketOf(entry) === undefined;
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
    const ticket = entry.ticket ?? context.cache.find(ticketIdOf(entry));
    for (const id of relatedTickets(entry.command, newTicketOf(entry), ticket)) {
      if (context.cache.find(id) === undefined) missing.add(id);
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
    const other = context.cache.find(id);
    if (other !== undefined) others.set(id, other);
  }
  return others;
}

function ticketIdOf(entry: Entry | undefined): TicketId {
  const ticketId = entry === undefined ? undefined : ticketOf(entry);
  if (ticketId === undefined) throw new Error(`bug: ${entry?.command.type} was not given a ticket id`);
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
 * Returns the ticket.
 */
function apply(
  cache: TicketCache,
  entry: Entry,
  command: StampedCommand,
  before: LiveTicket | undefined,
  { events, also, at }: Acceptance,
  guard: CommandGuard | undefined,
): LiveTicket {
  const ticket = evolved(cache, before, events, command.ticketId);
  ticket.at = at;
  let count = events.length;
  for (const append of also) {
    const other = evolved(cache, cache.find(append.ticketId), append.events, append.ticketId);
    other.at = undefined;
    count += append.events.length;
  }
  entry.outcome = {
    status: 'accepted',
    ticketId: command.ticketId,
    revision: ticket.revision,
    state: guard?.tellsState?.(ticket) === false ? '' : ticket.state,
    events: count,
    position: 0,
    newTicketId: also.length > 0 ? command.newTicketId : undefined,
    repeated: false,
  };
  return ticket;
}

/** The cache alone holds its tickets, so they are changed where they are. */
function evolved(
  cache: TicketCache,
  before: LiveTicket | undefined,
  events: readonly NewEvent[],
  ticketId: TicketId,
): LiveTicket {
  let ticket = before;
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index];
    if (event === undefined) continue;
    if (ticket === undefined) ticket = cache.add(evolve(undefined, event, ticketId));
    else evolveInPlace(ticket, event);
  }
  if (ticket === undefined) throw new Error(`bug: a decision on ${ticketId} was accepted without a ticket`);
  return ticket;
}

/** Brings tickets into the cache; those that do not exist stay out of it. */
async function load(context: RoundContext, missing: ReadonlySet<TicketId>): Promise<void> {
  await inChunks([...missing], async (id) => {
    const events = await context.log.readTicket(id);
    const ticket = replay(id, events);
    if (ticket === undefined) return;
    const live = context.cache.add(ticket);
    live.durableRevision = live.revision;
    live.durablePosition = events.at(-1)?.position ?? 0;
  });
}
