/** What the parts of the engine share: a command on its way to its answer, and what it needs to get there. */
import type { Accepted, Clock, EventLog, Outcome } from '../ports.ts';
import type { Slot, TicketCache } from '../ticket/cache.ts';
import type { Command } from '../ticket/commands.ts';
import type { TicketNumbers } from '../ticket/numbering.ts';
import type { Rejection } from '../ticket/rejection.ts';
import type { TicketId } from '../ticket/values.ts';
import type { Workflows } from '../workflow/registry.ts';

/** How many tickets or command ids are looked up in the log at once. */
export const lookUpsAtOnceMax = 256;

/**
 * Where there are other writers, so few new command ids in a round are not looked up before: the log refuses
 * one that it knows, and small rounds are short enough for the way to the log and back to count.
 */
export const idsUnsoughtMax = 32;

/** What deciding needs; the engine's parts. */
export interface RoundContext {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly workflows: Workflows;
  readonly defaultWorkflow: string;
  readonly fingerprint: (text: string) => string;
  readonly cache: TicketCache;
  readonly numbers: TicketNumbers;
  /** Commands with an id that are decided but not answered yet, by id. */
  readonly unanswered: Map<string, Entry>;
}

/** One call of `submit`: answered when all of its commands are. */
export interface Submission {
  answer(index: number, outcome: Outcome): void;
}

/** One queued command, from its submission to its answer. */
export interface Entry {
  readonly command: Command;
  readonly submission: Submission;
  /** Its place in the submission. */
  readonly index: number;
  /** How often it was decided; beyond a bound, conflicts become the answer. */
  tries: number;
  digest: string | undefined;
  /** Whether its command id was looked up in the log. */
  sought: boolean;
  /** Ids given to the tickets that the command opens, kept when it is decided again. */
  ticketId: TicketId | undefined;
  newTicketId: TicketId | undefined;
  numbered: TicketId | undefined;
  /** The ticket's place in the cache, if it was there when the round was prepared. */
  slot: Slot | undefined;
  /** What was decided last, and the number of the round's write that it depends on, if on any. */
  outcome: Decided | undefined;
  write: number | undefined;
  /** The same command, sent again before this one was answered; answered together with it. */
  again: Entry[] | undefined;
}

/** An outcome whose position is not known until it is durable. */
export type Decided = Rejection | { -readonly [K in keyof Accepted]: Accepted[K] };

/** Gives an entry, and those that were the same command sent again, their answer. */
export function answer(context: RoundContext, entry: Entry, outcome: Outcome): void {
  const { commandId } = entry.command;
  if (commandId !== undefined) context.unanswered.delete(commandId);
  entry.submission.answer(entry.index, outcome);
  if (entry.again === undefined) return;
  const again = outcome.status === 'accepted' ? { ...outcome, repeated: true } : outcome;
  for (const follower of entry.again) follower.submission.answer(follower.index, again);
}

/** Forgets automatic ids, so that an entry which is decided again gets new ones. */
export function dropNumber(entry: Entry): void {
  if (entry.numbered === undefined) return;
  if (entry.command.type === 'OpenTicket') entry.ticketId = undefined;
  else entry.newTicketId = undefined;
  entry.numbered = undefined;
}

/** Does something for each item, a bounded number at once. */
export async function inChunks<A>(items: readonly A[], work: (item: A) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += lookUpsAtOnceMax) {
    await Promise.all(items.slice(start, start + lookUpsAtOnceMax).map(work));
  }
}
