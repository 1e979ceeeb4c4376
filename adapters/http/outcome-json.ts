/**
 * Outcomes as JSON: the domain's own shape, without what is undefined. A malformed command, which the domain
 * never sees, is a rejection that also names its mistakes.
 */
import { z } from 'zod';
import { type ErrorCode, errorTable, type RejectionCode } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/ports.ts';
import { type Command, commandTypes } from '../../domain/ticket/commands.ts';
import { roleSchema, ticketIdSchema } from '../../domain/ticket/values.ts';
import type { InputError } from './input-errors.ts';
import type { CommandRefused } from './read-command.ts';

export const legalCommandSchema = z.object({
  command: z.enum(commandTypes),
  to: z.array(z.string()),
  by: z.array(roleSchema),
  needs: z.array(z.string()),
});

/** What an accepted command answers. */
export const acceptedSchema = z.object({
  status: z.literal('accepted'),
  ticketId: ticketIdSchema,
  revision: z.int(),
  state: z.string(),
  events: z.int(),
  position: z.int(),
  newTicketId: ticketIdSchema.optional(),
  repeated: z.boolean(),
});

/** What a rejected command answers inside a list of outcomes. */
export const rejectedSchema = z.object({
  status: z.literal('rejected'),
  code: z.string().refine(isRejectionCode, 'expected the code of a rejection'),
  tried: z.string().optional(),
  message: z.string(),
  ticketId: ticketIdSchema.optional(),
  state: z.string().optional(),
  revision: z.int().optional(),
  guard: z.string().optional(),
  legal: z.array(legalCommandSchema),
  /** What is wrong with the command's shape, member by member. */
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

/** What the bulk route answers. */
export const outcomesSchema = z.object({
  outcomes: z.array(z.discriminatedUnion('status', [acceptedSchema, rejectedSchema])),
});
export type OutcomeJson = z.infer<typeof outcomesSchema>['outcomes'][number];

/** A rejection of a command that never reached a ticket. */
export interface RefusedJson {
  readonly status: 'rejected';
  readonly code: CommandRefused['code'];
  readonly message: string;
  readonly tried: string | undefined;
  readonly legal: readonly [];
  readonly errors: readonly InputError[];
}

export function refusedJson({ code, message, tried, errors }: CommandRefused): RefusedJson {
  return { status: 'rejected', code, message, tried, legal: [], errors };
}

/** The outcome that a server told of this command. */
export function outcomeOfJson(json: OutcomeJson, command: Command): Outcome {
  if (json.status === 'accepted') return { ...json, newTicketId: json.newTicketId };
  const { status, code, message, ticketId, state, revision, guard, legal } = json;
  return { status, code, message, ticketId, tried: command.type, state, revision, guard, legal };
}

function isRejectionCode(code: string): code is RejectionCode {
  return Object.hasOwn(errorTable, code) && errorTable[code as ErrorCode].kind === 'rejection';
}
