/** Sources of webhooks and their dead letters as JSON, for the server and for its clients. */
import { z } from 'zod';
import { ticketIdSchema } from '../../domain/ticket/values.ts';
import type { WebhookLetter } from './context.ts';
import { isoTime } from './event-json.ts';

export const letterIdSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}\.[0-9a-f]{16}$/,
    'expected the id of a dead letter, as github.0123456789abcdef',
  )
  .meta({ description: 'The source and a digest of the delivery: the same delivery has the same letter.' });

const count = z.int().min(0);
const sourceSchema = z.object({
  name: z.string(),
  builtIn: z.boolean(),
  enabled: z.boolean().meta({ description: 'Whether it has a secret; all it sends is refused otherwise.' }),
  deadLetters: count,
  earlyLetters: count.meta({ description: 'Letters whose ticket may only not have been opened yet.' }),
  deliveries: z
    .object({
      applied: count,
      unchanged: count,
      duplicate: count,
      ignored: count,
      kept: count,
      refused: count,
    })
    .meta({ description: 'Since the server was started.' }),
});

const letterProblemSchema = z.object({
  code: z.string(),
  message: z.string(),
  tried: z.string().optional(),
  state: z.string().optional(),
  legal: z.array(z.string()).meta({ description: 'Commands that the ticket took then.' }),
});

export const letterSchema = z.object({
  id: letterIdSchema,
  source: z.string(),
  type: z.string(),
  rule: z.string().optional(),
  ticketId: ticketIdSchema.optional(),
  at: z.iso.datetime().meta({ description: 'When it happened, as its source says.' }),
  keptAt: z.iso.datetime(),
  earlyUntil: z.iso.datetime().optional(),
  replays: count.meta({ description: 'How often it was replayed in vain.' }),
  problem: letterProblemSchema,
  delivery: z
    .looseObject({ id: z.string(), source: z.string() })
    .meta({ description: 'The standard envelope with what was delivered: docs/webhooks.md.' })
    .optional(),
});

export const sourcesSchema = z.object({ sources: z.array(sourceSchema) });
export const lettersSchema = z.object({ total: count, deadLetters: z.array(letterSchema) });
export const replayedSchema = z.object({
  id: letterIdSchema,
  status: z.enum(['done', 'refused']),
  problem: letterProblemSchema.optional(),
});

/** `whole`: with what was delivered. */
export function letterJson(letter: WebhookLetter, whole: boolean): z.infer<typeof letterSchema> {
  const { id, rule, ticketId, at, keptAt, earlyUntil, replays, problem: why, envelope } = letter;
  return {
    id,
    source: envelope.source,
    type: envelope.type,
    rule,
    ticketId,
    at: isoTime(at),
    keptAt: isoTime(keptAt),
    earlyUntil: earlyUntil === undefined ? undefined : isoTime(earlyUntil),
    replays,
    problem: { ...why, legal: [...why.legal] },
    delivery: whole ? { ...envelope, receivedAt: isoTime(envelope.receivedAt) } : undefined,
  };
}
