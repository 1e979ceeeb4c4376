/**
 * What happens to keys and to the access policy. These events are the only record of who may do what: the
 * present keys and rules are their fold, and the audit view is a list of them. They are written to a journal
 * of their own, never rewritten.
 */
import { z } from 'zod';
import { epochMsSchema, nameSchema, roleSchema } from '../ticket/values.ts';
import { accessPolicySchema } from './policy.ts';
import { scopes } from './principal.ts';

export const keyIdSchema = z.string().regex(/^[0-9a-f]{16}$/, 'the id of a key: 16 hexadecimal digits');
/** SHA-256 of the secret part, in hexadecimal: the secret itself is nowhere. */
const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** What a key stands for; see `Principal`. */
export const keyGrantSchema = z.strictObject({
  name: nameSchema,
  actor: z.strictObject({ id: nameSchema, role: roleSchema }),
  roles: z.array(nameSchema).max(32),
  groups: z.array(nameSchema).max(100),
  scopes: z.array(z.enum(scopes)).min(1),
  expiresAt: epochMsSchema.optional(),
});
export type KeyGrant = z.infer<typeof keyGrantSchema>;

const by = z.strictObject({ id: nameSchema });

export const accessEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('KeyCreated'),
    by,
    keyId: keyIdSchema,
    hash: hashSchema,
    grant: keyGrantSchema,
  }),
  /** A new secret for the same key; the old one holds until `oldUntil`, so that callers can change over. */
  z.strictObject({
    type: z.literal('KeyRotated'),
    by,
    keyId: keyIdSchema,
    hash: hashSchema,
    oldUntil: epochMsSchema,
  }),
  z.strictObject({ type: z.literal('KeyRevoked'), by, keyId: keyIdSchema, reason: z.string().max(1_000) }),
  /** The whole policy; its version is one more than the one before. */
  z.strictObject({
    type: z.literal('PolicyChanged'),
    by,
    version: z.int().min(1),
    policy: accessPolicySchema,
    reason: z.string().max(1_000).optional(),
  }),
]);
export type AccessEvent = z.infer<typeof accessEventSchema>;
