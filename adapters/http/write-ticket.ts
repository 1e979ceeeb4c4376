/**
 * One command of one request: under which conditions it is decided, and what its outcome looks like as an
 * answer. Shared by all routes that write to a single ticket.
 */
import { z } from 'zod';
import type { CommandSink, Outcome, TicketReader } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { Rejection } from '../../domain/ticket/rejection.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { type HttpAnswer, jsonHeaders, problemAnswer } from './answer.ts';
import { etagOf } from './entity-tag.ts';
import { replayedHeader } from './idempotency.ts';
import { idempotencyKeyCharactersMax } from './idempotency-key.ts';
import type { HttpLimits } from './limits.ts';
import { acceptedText } from './outcome-text.ts';
import { expectedRevisionOf } from './preconditions.ts';
import { problem, problemOfRejection, RequestRefused } from './problem.ts';
import type { Caller } from './route.ts';

/** What a command can be refused with, whichever route it came by. */
export const refusals = [
  'invalid_command',
  'illegal_transition',
  'role_not_permitted',
  'condition_unmet',
  'ticket_exists',
  'ticket_not_found',
  'revision_conflict',
  'command_id_reused',
  'workflow_unknown',
  'access_denied',
  'actor_not_permitted',
  'contention',
  'idempotency_in_flight',
  'idempotency_key_reused',
] as const;

const idempotencyMeaning = `\
A string that names this request, new for each, of 1 to ${idempotencyKeyCharactersMax} characters, in quotes \
or without. Sent again with the same key, the request gets its first answer and nothing is done twice: the \
whole answer for`;

export function idempotencyHeaders({ idempotencyMsMax }: Pick<HttpLimits, 'idempotencyMsMax'>) {
  const hours = idempotencyMsMax / 3_600_000;
  const description = `${idempotencyMeaning} ${hours} hours, what was accepted for as long as the log is kept.`;
  const examples = ['"8e03978e-40d5-43dd-bc93-6894a57f9324"'];
  return { 'idempotency-key': z.string().optional().meta({ description, examples }) };
}

export const conditionHeaders = {
  'if-match': z
    .string()
    .optional()
    .meta({
      description: 'The revisions of the ticket to change, as its ETag says; 412 at any other.',
      examples: ['"7"'],
      pattern: '^(\\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$',
    }),
};

/** Headers of an answer to a command on a ticket. */
export const writtenHeaders = {
  etag: 'The revision that the command left the ticket at, for If-Match.',
  [replayedHeader]: '`true` where this answer was given before under the same Idempotency-Key.',
};

interface Conditions {
  readonly ifMatch: string | undefined;
  /** From the Idempotency-Key, where there is one. */
  readonly commandId: string | undefined;
}

interface Parts {
  readonly sink: CommandSink;
  readonly tickets: TicketReader;
}

/**
 * Decides a command of a request. Throws `RequestRefused` where its headers contradict it. It is no async
 * function because its callers are, and each of those costs every request a promise and a turn of its own.
 */
export function writeTicket(
  command: Command,
  caller: Caller,
  { ifMatch, commandId }: Conditions,
  { sink, tickets }: Parts,
): Promise<Outcome> {
  const keyed = commandId === undefined ? command : withCommandId(command, commandId);
  const ticketId = command.ticketId;
  const submit = (conditional: Command) =>
    sink.submit([conditional], caller.guard, caller.requestId).then(onlyOutcome);
  if (ifMatch === undefined || ticketId === undefined) return submit(keyed);
  return expectedRevisionOf(ifMatch, ticketId, tickets).then((expected) =>
    submit(withRevision(keyed, expected)),
  );
}

function onlyOutcome([outcome]: readonly Outcome[]): Outcome {
  if (outcome === undefined) throw new Error('bug: a command got no outcome');
  return outcome;
}

/** The answer to a request of which this is the outcome. */
export function answerOutcome(outcome: Outcome, { ifMatch, commandId }: Conditions): HttpAnswer {
  if (outcome.status === 'rejected') return answerRejection(outcome, { ifMatch, commandId });
  const replayed = commandId !== undefined && outcome.repeated ? { [replayedHeader]: 'true' } : {};
  return {
    status: 200,
    headers: { ...jsonHeaders, etag: etagOf(outcome.revision), ...replayed },
    body: acceptedText(outcome),
  };
}

function answerRejection(rejection: Rejection, { ifMatch, commandId }: Conditions): HttpAnswer {
  const { code, ticketId, tried, state, revision, legal } = rejection;
  if (code === 'revision_conflict' && ifMatch !== undefined) {
    const detail = `ticket ${ticketId} is at revision ${revision ?? 'another'}, which If-Match does not name`;
    const found = problem('precondition_failed', detail, { ticketId, tried, state, revision, legal });
    return problemAnswer(found, revision === undefined ? {} : { etag: etagOf(revision) });
  }
  if (code === 'command_id_reused' && commandId !== undefined) {
    const detail = 'this Idempotency-Key was used before with another request; use a new key for a new one';
    return problemAnswer(problem('idempotency_key_reused', detail, { ticketId, tried }));
  }
  return problemAnswer(problemOfRejection(rejection));
}

function withCommandId(command: Command, commandId: string): Command {
  if (command.commandId === undefined) return { ...command, commandId };
  const detail = 'commandId and Idempotency-Key say the same: send one of them';
  throw new RequestRefused(problem('request_invalid', detail));
}

function withRevision(command: Command, expectedRevision: number | undefined): Command {
  if (expectedRevision === undefined) return command;
  if (command.expectedRevision === undefined || command.expectedRevision === expectedRevision) {
    return { ...command, expectedRevision };
  }
  const detail = 'expectedRevision and If-Match name different revisions: send one of them';
  throw new RequestRefused(problem('request_invalid', detail));
}

/** Where a ticket is. */
export function addressOf(ticketId: TicketId): string {
  return `/v1/tickets/${encodeURIComponent(ticketId)}`;
}
