/**
 * Deduplication by command id. The first answer is never stored: it is told again from the events that the
 * command left in the log, so it holds across restarts. A command that was refused, or that changed nothing,
 * left none: sent again, it is decided anew, on what the ticket is by then.
 */
import type { CommandTrace, Outcome } from '../ports.ts';
import { commandBody } from '../ticket/command-body.ts';
import type { RecordedEvent } from '../ticket/events.ts';
import { reject } from '../ticket/rejection.ts';
import type { TicketId } from '../ticket/values.ts';
import { answer, type Entry, idsUnsoughtMax, inChunks, type RoundContext } from './entry.ts';

/** Leaves out entries that are answered already, or will be together with the first of their id. */
export async function withoutRepeats(
  context: RoundContext,
  entries: readonly Entry[],
): Promise<readonly Entry[]> {
  const done = new Set<Entry>();
  const unseen: Entry[] = [];
  for (const entry of entries) {
    const { commandId } = entry.command;
    if (commandId === undefined) continue;
    if (entry.tries > 0) {
      // It conflicted. Where there are other writers, one of them may have taken the same command meanwhile.
      if (!context.log.soleWriter) unseen.push(entry);
      continue;
    }
    entry.digest = context.fingerprint(commandBody(entry.command));
    const first = context.unanswered.get(commandId);
    if (first === undefined) {
      context.unanswered.set(commandId, entry);
      unseen.push(entry);
      continue;
    }
    done.add(entry);
    if (first.digest === entry.digest) {
      first.again ??= [];
      first.again.push(entry);
    } else entry.submission.answer(entry.index, reusedId(context, entry));
  }
  const isRetry = unseen.some((entry) => entry.tries > 0);
  if (!context.log.soleWriter && !isRetry && unseen.length <= idsUnsoughtMax) unseen.length = 0;
  await inChunks(unseen, async (entry) => {
    entry.sought = true;
    if (await answerFromLog(context, entry)) done.add(entry);
  });
  return done.size === 0 ? entries : entries.filter((entry) => !done.has(entry));
}

async function answerFromLog(context: RoundContext, entry: Entry): Promise<boolean> {
  const { commandId } = entry.command;
  const trace = commandId === undefined ? undefined : await context.log.findCommand(commandId);
  if (commandId === undefined || trace === undefined) return false;
  const same = trace.commandDigest === entry.digest;
  const outcome = same ? firstAnswer(trace) : reusedId(context, entry);
  answer(context, entry, outcome);
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

/** The answer that was given when the command was accepted, told again from the events it made. */
function firstAnswer({ events }: CommandTrace): Outcome {
  const first = events[0];
  const last = events.at(-1);
  if (first === undefined || last === undefined)
    throw new Error('bug: a command is remembered without events');
  const opened = openedBy(last);
  const onOthers = opened !== undefined || last.type === 'TicketMerged' ? 1 : 0;
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

/** The ticket that an event says was opened beside its own. */
function openedBy(event: RecordedEvent): TicketId | undefined {
  if (event.type === 'FollowUpOpened') return event.data.followUp;
  return event.type === 'TicketSplit' ? event.data.splitOff : undefined;
}
