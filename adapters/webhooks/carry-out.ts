/**
 * Gives the commands of one delivery to the engine, each on what the ticket is after the one before. Whatever
 * order deliveries come in, what holds on a ticket at the end is what the newest of them says.
 *
 * It must be called for one delivery of a ticket at a time.
 */
import type { CommandGuard } from '../../domain/access/guard.ts';
import { errorTable, Fault } from '../../domain/errors.ts';
import type { CommandSink, EventReader, TicketReader } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { Rejection } from '../../domain/ticket/rejection.ts';
import type { EpochMs } from '../../domain/ticket/values.ts';
import type { LetterProblem } from './delivery-events.ts';
import type { Letters } from './letters.ts';
import { commandOf, MappingProblem, type Reading, slotOf } from './mapping.ts';

export interface CarryOutParts {
  readonly sink: CommandSink;
  readonly tickets: TicketReader;
  readonly reader: Pick<EventReader, 'readTicket'>;
  readonly letters: Pick<Letters, 'confirmed' | 'confirm'>;
}

export interface CarriedOut {
  /** New events in the log. */
  readonly events: number;
  /** Commands that something newer made needless. */
  readonly superseded: number;
  /** Why not all of it could be carried out; the first reason. */
  readonly problem: LetterProblem | undefined;
  /** Whether the reason is that the ticket does not exist. */
  readonly early: boolean;
}

/** Throws `Fault`: some of the commands may then have been carried out, and will not be again. */
export async function carryOut(
  reading: Reading,
  guard: CommandGuard,
  { sink, tickets, reader, letters }: CarryOutParts,
): Promise<CarriedOut> {
  const { ticketId, at } = reading;
  const newest = await newestOfSlots(reading, reader, letters);
  const changed = new Set<string>();
  let events = 0;
  let superseded = 0;
  let problem: LetterProblem | undefined;
  for (const compiled of reading.commands) {
    const slot = slotOf(reading, compiled.rule.slot);
    const isLatest = compiled.rule.order === 'latest';
    if (isLatest && at < (newest.get(slot) ?? at)) {
      superseded += 1;
      continue;
    }
    const ticket = await tickets.current(ticketId);
    const command = orProblem(() => commandOf(reading, compiled, ticket));
    if (command === undefined) continue;
    if ('code' in command) {
      problem ??= command;
      continue;
    }
    const [outcome] = await sink.submit([command], guard);
    if (outcome === undefined) throw new Error('bug: a command was not answered');
    if (outcome.status === 'accepted') {
      if (!outcome.repeated) events += outcome.events;
      if (isLatest && outcome.events > 0) changed.add(slot);
      continue;
    }
    if (errorTable[outcome.code].retry) throw new Fault('overloaded', outcome.message);
    problem ??= problemOf(outcome);
    if (outcome.code === 'ticket_not_found') return { events, superseded, problem, early: true };
  }
  if (problem === undefined) await confirmOthers(reading, { newest, changed }, letters);
  return { events, superseded, problem, early: false };
}

/** The reason for a letter, from a rule that does not fit what was delivered. */
export function mappingProblem({ message }: MappingProblem): LetterProblem {
  return { code: 'webhook_unreadable', message: message.slice(0, problemCharactersMax), legal: [] };
}

const problemCharactersMax = 4_000;

function orProblem(map: () => Command | undefined): Command | LetterProblem | undefined {
  try {
    return map();
  } catch (error) {
    if (error instanceof MappingProblem) return mappingProblem(error);
    throw error;
  }
}

function problemOf({ code, message, tried, state, legal }: Rejection): LetterProblem {
  return {
    code,
    message: message.slice(0, problemCharactersMax),
    tried,
    ...(state === undefined ? {} : { state }),
    legal: legal.map(({ command }) => command),
  };
}

/**
 * Up to when each slot of the rule is known: by the events that its commands left on the ticket, which carry
 * the slot as correlation id, and by deliveries that said what was so already.
 */
export async function newestOfSlots(
  reading: Reading,
  reader: CarryOutParts['reader'],
  letters: Pick<Letters, 'confirmed'>,
): Promise<ReadonlyMap<string, EpochMs>> {
  const slots = new Set<string>();
  for (const { rule } of reading.commands) {
    if (rule.order === 'latest') slots.add(slotOf(reading, rule.slot));
  }
  const newest = new Map<string, EpochMs>();
  const see = (slot: string, at: EpochMs) => newest.set(slot, Math.max(at, newest.get(slot) ?? at));
  for (const slot of slots) {
    const confirmed = letters.confirmed(reading.ticketId, slot);
    if (confirmed !== undefined) see(slot, confirmed);
  }
  if (slots.size === 0) return newest;
  for (const { correlationId, type, occurredAt } of await reader.readTicket(reading.ticketId)) {
    // Clocks follow a command under its ids, but at times of their own.
    if (correlationId === undefined || !slots.has(correlationId) || type.startsWith('Sla')) continue;
    see(correlationId, occurredAt);
  }
  return newest;
}

/** What changed nothing left no event to be seen by; older deliveries must not undo it all the same. */
async function confirmOthers(
  { commands, source, ticketId, at }: Reading,
  { newest, changed }: { newest: ReadonlyMap<string, EpochMs>; changed: ReadonlySet<string> },
  letters: CarryOutParts['letters'],
): Promise<void> {
  const slots = new Set<string>();
  for (const { rule } of commands) {
    if (rule.order === 'latest') slots.add(slotOf({ source }, rule.slot));
  }
  for (const slot of slots) {
    if (!changed.has(slot) && at > (newest.get(slot) ?? Number.NEGATIVE_INFINITY)) {
      await letters.confirm(ticketId, slot, at);
    }
  }
}
