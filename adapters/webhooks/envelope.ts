/**
 * The one form in which every delivery is handled, whoever sent it and however: a JSON document after
 * CloudEvents that encapsulates what came. Mappings see it, letters keep it, and `docket webhook try` prints
 * it.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { epochMsSchema } from '../../domain/ticket/values.ts';
import { sourceNameSchema } from './definition.ts';

export const envelopeSchema = z.strictObject({
  /** What tells the delivery from others of its source. */
  id: z.string().min(1).max(200),
  source: sourceNameSchema,
  /** What happened, in the words of the source. */
  type: z.string().max(200),
  receivedAt: epochMsSchema,
  /** What stood behind the question mark of the address, as it was sent. */
  query: z.string(),
  /** Those that the definition lists, in lower case; never one that carries a secret. */
  headers: z.record(z.string(), z.string()),
  /** The body, where it is JSON. */
  data: z.json().optional(),
  /** The body, where it is something else. */
  dataBase64: z.base64().optional(),
});
export type Envelope = z.infer<typeof envelopeSchema>;
export type EnvelopeData = Envelope['data'];

/** One thing that was delivered: a body as it came, or one event of a batch. */
export interface Delivered {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  readonly body: Buffer;
  readonly data: EnvelopeData;
}

export function bodyDigest(body: Buffer, query: string): string {
  return createHash('sha256').update(query).update('\n').update(body).digest('hex').slice(0, 32);
}

export function allowedHeaders(
  headers: Readonly<Record<string, string>>,
  allowed: readonly string[],
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['content-type', ...allowed]) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
