/**
 * Keys, the policy and their changes as JSON, as the routes write it, and the client and the command line
 * show it.
 */
import { z } from 'zod';
import type { AuditEntry, KeyView, NewKey } from '../../domain/access/administration-port.ts';
import { keyGrantSchema, keyIdSchema } from '../../domain/access/events.ts';
import { askedOperations } from '../../domain/access/operations.ts';
import { accessPolicySchema } from '../../domain/access/policy.ts';
import { scopes } from '../../domain/access/principal.ts';
import type { PolicyRecord } from '../../domain/access/registry.ts';
import {
  actorSchema,
  type EpochMs,
  nameSchema,
  ticketIdSchema,
  timeSchema,
} from '../../domain/ticket/values.ts';
import { isoTime } from './event-json.ts';

const timeText = z.string().meta({ description: 'A time, ISO 8601 in UTC.' });
const daySeconds = 24 * 3_600;

/** What a new key is to stand for. */
export const newKeyBodySchema = keyGrantSchema.extend({
  actor: actorSchema.optional().meta({
    description: 'Whom its commands come from; an integration with the name of the key where absent.',
  }),
  groups: keyGrantSchema.shape.groups.default([]),
  expiresAt: timeSchema.optional(),
});

export const rotateBodySchema = z.strictObject({
  overlapSeconds: z
    .int()
    .min(0)
    .max(30 * daySeconds)
    .default(0)
    .meta({ description: 'How long the old secret holds beside the new one.' }),
});

export const keyJsonSchema = z.object({
  keyId: keyIdSchema,
  name: z.string(),
  state: z.enum(['active', 'expired', 'revoked']),
  actor: actorSchema,
  roles: z.array(z.string()),
  groups: z.array(z.string()),
  scopes: z.array(z.enum(scopes)),
  expiresAt: timeText.optional(),
  createdAt: timeText,
  createdBy: z.string(),
  rotatedAt: timeText.optional(),
  oldUntil: timeText
    .optional()
    .meta({ description: 'Until when the secret before the last rotation holds.' }),
  revoked: z.object({ at: timeText, by: z.string(), reason: z.string() }).optional(),
});
export type KeyJson = z.infer<typeof keyJsonSchema>;

export const newKeyJsonSchema = z.object({
  key: keyJsonSchema,
  text: z
    .string()
    .meta({ description: 'What to send after `authorization: Bearer`. It is never told again.' }),
});

export type NewKeyJson = z.infer<typeof newKeyJsonSchema>;

export const policyJsonSchema = z.object({ version: z.int(), policy: accessPolicySchema });
export type PolicyJson = z.infer<typeof policyJsonSchema>;

export const policyBodySchema = z.strictObject({
  policy: accessPolicySchema,
  reason: z.string().max(1_000).optional(),
});

export const auditJsonSchema = z.object({
  position: z.int(),
  recordedAt: timeText,
  by: z
    .string()
    .meta({ description: 'The principal, as `key:3f2a…`; `local:<user>` for a command without a server.' }),
  type: z.enum(['KeyCreated', 'KeyRotated', 'KeyRevoked', 'PolicyChanged']),
  keyId: keyIdSchema.optional(),
  grant: keyGrantSchema.extend({ expiresAt: timeText.optional() }).optional(),
  oldUntil: timeText.optional(),
  version: z.int().optional(),
  rules: z
    .object({ added: z.array(z.string()), removed: z.array(z.string()), changed: z.array(z.string()) })
    .optional()
    .meta({ description: 'Ids of rules; `(roles)` for the roles.' }),
  reason: z.string().optional(),
  effective: z
    .literal(false)
    .optional()
    .meta({ description: 'A change of the policy that another one forestalled.' }),
});
export type AuditJson = z.infer<typeof auditJsonSchema>;

export const keysJsonSchema = z.object({
  keys: z.array(keyJsonSchema),
  next: z.string().optional().meta({ description: 'The `after` of the next page, where there is one.' }),
});
export const auditPageSchema = z.object({
  entries: z.array(auditJsonSchema),
  next: z.int().optional().meta({ description: 'The `after` of the next page, where there is one.' }),
});
export const problemsJsonSchema = z.object({
  problems: z.array(z.string()).meta({ description: 'What is wrong with it; nothing where it can be used.' }),
});
export const explanationSchema = z.looseObject({});

export const explainBodySchema = z.strictObject({
  operation: z.enum(askedOperations),
  ticketId: ticketIdSchema.optional(),
  field: nameSchema.optional(),
  as: z
    .union([
      z.strictObject({ keyId: keyIdSchema }),
      z.strictObject({
        actor: actorSchema,
        roles: z.array(nameSchema).max(32),
        groups: z.array(nameSchema).max(100).default([]),
      }),
    ])
    .optional()
    .meta({ description: 'Whose rights are asked about; the caller, where it is absent.' }),
});

export function keyJson(key: KeyView): KeyJson {
  const { expiresAt, createdAt, rotatedAt, oldUntil, revoked, ...same } = key;
  return {
    ...same,
    expiresAt: timeOrNone(expiresAt),
    createdAt: isoTime(createdAt),
    rotatedAt: timeOrNone(rotatedAt),
    oldUntil: timeOrNone(oldUntil),
    revoked: revoked === undefined ? undefined : { ...revoked, at: isoTime(revoked.at) },
  };
}

export function newKeyJson({ key, text }: NewKey): NewKeyJson {
  return { key: keyJson(key), text };
}

export function policyJson({ version, policy }: PolicyRecord): PolicyJson {
  return { version, policy };
}

export function auditJson({ recordedAt, grant, oldUntil, rules, ...same }: AuditEntry): AuditJson {
  return {
    ...same,
    recordedAt: isoTime(recordedAt),
    grant: grant === undefined ? undefined : { ...grant, expiresAt: timeOrNone(grant.expiresAt) },
    oldUntil: timeOrNone(oldUntil),
    rules:
      rules === undefined
        ? undefined
        : { added: [...rules.added], removed: [...rules.removed], changed: [...rules.changed] },
  };
}

function timeOrNone(at: EpochMs | undefined): string | undefined {
  return at === undefined ? undefined : isoTime(at);
}
