/**
 * Deduplication by command id. The first answer is never stored: it is rebuilt from the events that the
 * command left in the log, so it holds across restarts. A command that was refused left none and is decided
 * anew.
 */
import type { EventLog, Outcome } from '../ports.ts';
import { commandBody } from '../ticket/command-body.ts';
import { reject } from '../ticket/rejection.ts';
import type { TicketId } from '../ticket/values.ts';
import { answer, type Entry, inChunks, type RoundContext } from './entry.ts';

/** Leaves out entries that are answered already, or will be together with the first of their id. */
export async function withoutRepeats(
  context: RoundContext,
  entries: readonly Entry[],
): Promise<readonly Entry[]> {
  const done = new Set<Entry>();
  const unseen: Entry[] = [];
  for (const entry of entries) {
    const { commandId } = entry.command;
    if (commandId === undefined || entry.tries > 0) continue;
    entry.digest = context.fingerprint(commandBody(entry.command));
    const first = context.unanswered.get(commandId);
    // An entry may come by twice before it is decided: then it is its own first.
    if (first === undefined || first === entry) {
      context.unanswered.set(commandId, entry);
      unseen.push(entry);
      continue;
    }
    done.add(entry);
    if (first.digest === entry.digest) first.again.push(entry);
    else entry.submission.answer(entry.index, reusedId(context, entry));
  }
  await inChunks(unseen, async (entry) => {
    if (await answerFromLog(context, entry)) done.add(entry);
  });
  return done.size === 0 ? entries : entries.filter((entry) => !done.has(entry));
}

async function answerFromLog(context: RoundContext, entry: Entry): Promise<boolean> {
  const { commandId } = entry.command;
  const trace = commandId === undefined ? undefined : await context.log.findCommand(commandId);
  if (commandId === undefined || trace === undefined) return false;
  const same = trace.commandDigest === entry.digest;
  const outcome = same ? await firstAnswer(context.log, commandId, trace) : reusedId(context, entry);
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

/** The answer that was given when the command was accepted, rebuilt from the ticket's history. */
async function firstAnswer(
  log: EventLog,
  commandId: string,
  trace: { readonly ticketId: TicketId; readonly position: number },
): Promise<Outcome> {
  const history = await log.readTicket(trace.ticketId);
  const own = history.filter((event) => event.commandId === commandId);
  const last = own.at(-1);
  if (last === undefined)
    throw new Error(`bug: command ${commandId} is indexed but not in its ticket's history`);
  const opened =
    last.type === 'FollowUpOpened'
      ? last.data.followUp
      : last.type === 'TicketSplit'
        ? last.data.splitOff
        : undefined;
  const onOthers = opened !== undefined || last.type === 'TicketMerged' ? 1 : 0;
  return {
    status: 'accepted',
    ticketId: trace.ticketId,
    revision: last.revision,
    state: last.state,
    events: own.length + onOthers,
    position: trace.position,
    newTicketId: opened,
    repeated: true,
  };
}
