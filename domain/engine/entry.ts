/** What the parts of the engine share: a command on its way to its answer, and what it needs to get there. */
import type { Accepted, Clock, EventLog, Outcome } from '../ports.ts';
import type { SlaRules } from '../sla/policies.ts';
import type { LiveTicket, TicketCache } from '../ticket/cache.ts';
import type { Command } from '../ticket/commands.ts';
import type { TicketNumbers } from '../ticket/numbering.ts';
import { type Rejection, reject } from '../ticket/rejection.ts';
import type { TicketId } from '../ticket/values.ts';
import type { Workflows } from '../workflow/registry.ts';
import type { Submission } from './submission.ts';
import type { UnansweredCommands } from './unanswered.ts';

/** How many tickets or command ids are looked up in the log at once. */
export const lookUpsAtOnceMax = 256;

/** What an engine is given to decide with. */
export interface EngineParts {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly workflows: Workflows;
  /** The workflow of tickets that name none, by name or name@version. */
  readonly defaultWorkflow: string;
  /** What tickets are promised; left out where nobody keeps SLA clocks. */
  readonly sla?: SlaRules | undefined;
}

/** What deciding needs; the engine's parts. */
export interface RoundContext extends EngineParts {
  readonly cache: TicketCache;
  readonly numbers: TicketNumbers;
  /** Commands with an id that are decided but not answered yet, by id. */
  readonly unanswered: UnansweredCommands;
}

/** One command from the start of its round to its answer. Small: there is one for every command. */
export class Entry {
  readonly command: Command;
  readonly submission: Submission;
  /** Its place in the submission. */
  readonly index: number;
  /** How often it was decided; beyond a bound, conflicts become the answer. */
  tries = 0;
  /** The ticket: if it was in the cache when the round was prepared, and once the command has changed it. */
  ticket: LiveTicket | undefined = undefined;
  /** What was decided last, and the number of the round's write that it depends on; -1 for none. */
  outcome: Decided | undefined = undefined;
  write = -1;
  particulars: Particulars | undefined = undefined;

  constructor(command: Command, submission: Submission, index: number) {
    this.command = command;
    this.submission = submission;
    this.index = index;
  }
}

/** What only some commands have. */
export interface Particulars {
  /** Fingerprint of the body of a command with an id. */
  digest: string | undefined;
  /** Ids given to the tickets that the command opens, kept when it is decided again. */
  ticketId: TicketId | undefined;
  newTicketId: TicketId | undefined;
  /** Which of them is an automatic number. */
  numbered: TicketId | undefined;
  /** The same command, sent again before this one was answered; answered together with it. */
  again: Entry[] | undefined;
}

/** An outcome whose position is not known until it is durable. */
export type Decided = Rejection | { -readonly [K in keyof Accepted]: Accepted[K] };

export function particularsOf(entry: Entry): Particulars {
  entry.particulars ??= {
    digest: undefined,
    ticketId: undefined,
    newTicketId: undefined,
    numbered: undefined,
    again: undefined,
  };
  return entry.particulars;
}

/** The ticket to act on; undefined while a command that opens one has no number for it yet. */
export function ticketOf(entry: Entry): TicketId | undefined {
  return entry.command.ticketId ?? entry.particulars?.ticketId;
}

/** The ticket that the command opens beside its own, once it has an id. */
export function newTicketOf({ command, particulars }: Entry): TicketId | undefined {
  if (command.type === 'OpenFollowUp') return command.data.followUp ?? particulars?.newTicketId;
  if (command.type === 'SplitTicket') return command.data.splitOff ?? particulars?.newTicketId;
  return undefined;
}

/** Gives an entry, and those that were the same command sent again, their answer. */
export function answer(context: RoundContext, entry: Entry, outcome: Outcome): void {
  const { commandId } = entry.command;
  if (commandId !== undefined) context.unanswered.delete(commandId);
  entry.submission.answer(entry.index, outcome);
  const again = entry.particulars?.again;
  if (again === undefined) return;
  const repeated = outcome.status === 'accepted' ? { ...outcome, repeated: true } : outcome;
  for (const follower of again) follower.submission.answer(follower.index, repeated);
}

/** Forgets automatic ids, so that an entry which is decided again gets new ones. */
export function dropNumber(entry: Entry): void {
  const { particulars } = entry;
  if (particulars?.numbered === undefined) return;
  if (entry.command.type === 'OpenTicket') particulars.ticketId = undefined;
  else particulars.newTicketId = undefined;
  particulars.numbered = undefined;
}

/** The answer where other writers were faster at each try. */
export function contended({ workflows }: RoundContext, entry: Entry): Rejection {
  const { type: tried } = entry.command;
  const ticketId = ticketOf(entry);
  const message = `other writers changed ticket ${ticketId} at each of ${entry.tries} tries; try again`;
  return reject({ code: 'contention', message, tried, ticketId }, undefined, workflows);
}

/** Does something for each item, a bounded number at once. */
export async function inChunks<A>(items: readonly A[], work: (item: A) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += lookUpsAtOnceMax) {
    await Promise.all(items.slice(start, start + lookUpsAtOnceMax).map(work));
  }
}
