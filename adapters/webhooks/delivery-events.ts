/**
 * What is written down of deliveries that left no event on a ticket, or not all of theirs: letters that could
 * not be carried out, and what became of them. The journal of these events is their only record.
 */
import { z } from 'zod';
import { epochMsSchema, nameSchema, ticketIdSchema } from '../../domain/ticket/values.ts';
import { envelopeSchema } from './envelope.ts';

export const letterIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}\.[0-9a-f]{16}$/, 'the id of a dead letter, such as github.0123456789abcdef');

/** Why a delivery could not be carried out. */
export const letterProblemSchema = z.strictObject({
  /** Of the error table. */
  code: nameSchema,
  message: z.string().max(4_000),
  /** The command that was refused; absent where the delivery could not be mapped to any. */
  tried: nameSchema.optional(),
  /** What the ticket was then, as far as the source may see it. */
  state: z.string().optional(),
  legal: z.array(nameSchema),
});
export type LetterProblem = z.infer<typeof letterProblemSchema>;

export const letterSchema = z.strictObject({
  id: letterIdSchema,
  /** The rule that was for it. */
  rule: z.string().optional(),
  ticketId: ticketIdSchema.optional(),
  /** When it happened, as the source says. */
  at: epochMsSchema,
  problem: letterProblemSchema,
  /** Until then its ticket may only not have been opened yet; nobody has to look at it before. */
  earlyUntil: epochMsSchema.optional(),
  envelope: envelopeSchema,
});
export type Letter = z.infer<typeof letterSchema>;

const by = z.strictObject({ id: nameSchema });

export const deliveryEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('LetterKept'), letter: letterSchema }),
  /** Tried again: `done` where everything was carried out or is outdated by now. */
  z.strictObject({
    type: z.literal('LetterReplayed'),
    by,
    id: letterIdSchema,
    outcome: z.enum(['done', 'refused']),
    problem: letterProblemSchema.optional(),
  }),
  z.strictObject({
    type: z.literal('LetterDropped'),
    by,
    id: letterIdSchema,
    reason: z.string().min(1).max(1_000),
  }),
  /** A delivery said of a slot what was so already: what is older must not be told any more. */
  z.strictObject({
    type: z.literal('SlotConfirmed'),
    ticketId: ticketIdSchema,
    slot: nameSchema,
    at: epochMsSchema,
  }),
]);
export type DeliveryEvent = z.infer<typeof deliveryEventSchema>;
