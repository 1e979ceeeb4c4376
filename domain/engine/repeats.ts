/**
 * Deduplication by command id. The first answer is never stored: it is told again from the events that the
 * command left in the log, so it holds across restarts. A command that was refused, or that changed nothing,
 * left none: sent again, it is decided anew, on what the ticket is by then.
 */
import type { Accepted, CommandTrace, EventLog, Outcome } from '../ports.ts';
import { commandDigest } from '../ticket/command-digest.ts';
import type { RecordedEvent } from '../ticket/events.ts';
import { replay } from '../ticket/evolve.ts';
import { reject } from '../ticket/rejection.ts';
import type { TicketId } from '../ticket/values.ts';
import { answer, type Entry, inChunks, particularsOf, type RoundContext } from './entry.ts';

/** Leaves out entries that are answered already, or will be together with the first of their id. */
export async function withoutRepeats(
  context: RoundContext,
  entries: readonly Entry[],
): Promise<readonly Entry[]> {
  const done = new Set<Entry>();
  const suspects: Entry[] = [];
  const reused: Entry[] = [];
  for (const entry of entries) {
    const { commandId } = entry.command;
    if (commandId === undefined) continue;
    if (entry.tries > 0) {
      // It conflicted. Where there are other writers, one of them may have taken the same command meanwhile.
      if (!context.log.soleWriter) suspects.push(entry);
      continue;
    }
    const particulars = particularsOf(entry);
    particulars.digest = commandDigest(entry.command);
    const first = context.unanswered.find(commandId);
    if (first === undefined) {
      context.unanswered.add(commandId, entry);
      if (context.log.mayKnowCommand(commandId)) suspects.push(entry);
      continue;
    }
    done.add(entry);
    if (first.particulars?.digest !== particulars.digest) reused.push(entry);
    else if (isOfOneAsker(first, entry)) follow(first, entry);
    else entry.submission.answer(entry.index, underWay(context, entry));
  }
  await inChunks(suspects, async (entry) => {
    if (await answerFromLog(context, entry)) done.add(entry);
  });
  // Last, because the one before it with this id may itself be the reuse, of an id that the log knows.
  await inChunks(reused, async (entry) => {
    if (!(await answerFromLog(context, entry)))
      entry.submission.answer(entry.index, reusedId(context, entry));
  });
  return done.size === 0 ? entries : entries.filter((entry) => !done.has(entry));
}

/** Lets an entry have the answer that an earlier one of the same command will get. */
function follow(first: Entry, entry: Entry): void {
  const particulars = particularsOf(first);
  particulars.again ??= [];
  particulars.again.push(entry);
}

/** What is decided for one is not said to another: they may do and see different things. */
function isOfOneAsker(first: Entry, entry: Entry): boolean {
  return first.submission.guard?.asker === entry.submission.guard?.asker;
}

function underWay(context: RoundContext, { command }: Entry): Outcome {
  const message = `commandId ${command.commandId} is under way for somebody else; try again`;
  const { type: tried, ticketId } = command;
  return reject({ code: 'contention', message, tried, ticketId }, undefined, context.workflows);
}

async function answerFromLog(context: RoundContext, entry: Entry): Promise<boolean> {
  const { commandId } = entry.command;
  const trace = commandId === undefined ? undefined : await context.log.findCommand(commandId);
  if (commandId === undefined || trace === undefined) return false;
  const same = trace.commandDigest === entry.particulars?.digest;
  const outcome = same ? await firstAnswerFor(context, entry, trace) : reusedId(context, entry);
  if (context.unanswered.find(commandId) === entry) answer(context, entry, outcome);
  else entry.submission.answer(entry.index, outcome);
  return true;
}

function reusedId(context: RoundContext, { command }: Entry): Outcome {
  const message = `commandId ${command.commandId} was used before with another body; use a new id for a new command`;
  const refused = {
    code: 'command_id_reused',
    message,
    tried: command.type,
    ticketId: command.ticketId,
  } as const;
  return reject(refused, undefined, context.workflows);
}

/**
 * The first answer, without a state that whoever asks again may not see; and to whom the ticket may not be
 * read, that there is none. Who opens tickets need not be able to read them.
 */
async function firstAnswerFor(context: RoundContext, entry: Entry, trace: CommandTrace): Promise<Outcome> {
  const outcome = await firstAnswer(context.log, trace);
  const { guard } = entry.submission;
  if (guard?.tellsState === undefined) return outcome;
  const { ticketId } = outcome;
  const ticket = context.cache.find(ticketId) ?? replay(ticketId, await context.log.readTicket(ticketId));
  const { type: tried } = entry.command;
  if (tried !== 'OpenTicket' && ticket !== undefined && guard.reads?.(ticket) === false) {
    const refused = {
      code: 'ticket_not_found',
      message: `there is no ticket ${ticketId}`,
      tried,
      ticketId,
    } as const;
    return reject(refused, undefined, context.workflows);
  }
  return ticket !== undefined && guard.tellsState(ticket) ? outcome : { ...outcome, state: '' };
}

/** The answer that was given when the command was accepted, told again from the events it made. */
async function firstAnswer(log: EventLog, { events }: CommandTrace): Promise<Accepted> {
  const first = events[0];
  const last = events.at(-1);
  if (first === undefined || last === undefined)
    throw new Error('bug: a command is remembered without events');
  // SLA clocks may follow, but what the command did to another ticket is told by its first event.
  const opened = openedBy(first);
  const onOthers =
    opened === undefined ? (first.type === 'TicketMerged' ? 1 : 0) : await eventsOfOpening(log, opened);
  return {
    status: 'accepted',
    ticketId: last.ticketId,
    revision: last.revision,
    state: last.state,
    events: events.length + onOthers,
    position: first.position,
    newTicketId: opened,
    repeated: true,
  };
}

/** How many events the opening of a ticket made: no later command begins with the start of a clock. */
async function eventsOfOpening(log: EventLog, ticketId: TicketId): Promise<number> {
  const events = await log.readTicket(ticketId);
  const later = events.findIndex(({ type }, index) => index > 0 && type !== 'SlaStarted');
  return later === -1 ? events.length : later;
}

/** The ticket that an event says was opened beside its own. */
function openedBy(event: RecordedEvent): TicketId | undefined {
  if (event.type === 'FollowUpOpened') return event.data.followUp;
  return event.type === 'TicketSplit' ? event.data.splitOff : undefined;
}
