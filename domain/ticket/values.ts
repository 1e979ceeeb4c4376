/**
 * The small values that commands and events are made of: ids, actors, times, field values.
 * Each has a named bound, so that no single command can grow without limit.
 */
import { z } from 'zod';

export const idCharactersMax = 64;
export const nameCharactersMax = 200;
export const textCharactersMax = 16_384;
export const fieldNameCharactersMax = 64;
export const fieldCountMax = 100;
export const tagCountMax = 100;

/** Letters, digits and `. _ : -`, starting with a letter or digit, so that ids are safe in URLs and files. */
export const ticketIdSchema = z
  .string()
  .max(idCharactersMax)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]*$/,
    'an id: letters, digits and . _ : - only, starting with a letter or digit',
  );
export type TicketId = z.infer<typeof ticketIdSchema>;

/** A caller's own name for a command; sent again with the same body, it gets the first answer. */
export const commandIdSchema = z.string().min(1).max(nameCharactersMax);

export const roles = ['requester', 'agent', 'lead', 'system', 'integration'] as const;
export const roleSchema = z.enum(roles);
/**
 * Who may fire a transition: requester, agent, lead (a senior agent), system (timers, rules), integration.
 */
export type Role = z.infer<typeof roleSchema>;

export const actorSchema = z.strictObject({ id: z.string().min(1).max(nameCharactersMax), role: roleSchema });
export type Actor = z.infer<typeof actorSchema>;

/** Milliseconds since 1970-01-01T00:00:00Z, a whole number. */
export type EpochMs = number;
/** How far a `Date` reaches to either side of 1970 (ECMA-262, Time Values). */
export const epochMsMax = 8.64e15;
export const epochMsSchema = z.int().min(-epochMsMax).max(epochMsMax);

/** A business time as callers write it (ISO 8601 with a zone, or epoch milliseconds), read as `EpochMs`. */
export const timeSchema = z.union([
  epochMsSchema,
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
]);

export const nameSchema = z.string().min(1).max(nameCharactersMax);
export const textSchema = z.string().min(1).max(textCharactersMax);

export const fieldValueSchema = z.union([
  z.string().max(textCharactersMax),
  z.number(),
  z.boolean(),
  z.array(z.string().max(nameCharactersMax)).max(tagCountMax),
]);
export type FieldValue = z.infer<typeof fieldValueSchema>;
export type Fields = Readonly<Record<string, FieldValue>>;

export const fieldNameSchema = z
  .string()
  .max(fieldNameCharactersMax)
  .regex(/^[a-z][a-z0-9_]*$/, 'a field name: lower-case letters, digits and _, starting with a letter')
  .refine((name) => !(name in {}), 'a field name that is not a built-in property name');

const withinFieldCount = (fields: object) => Object.keys(fields).length <= fieldCountMax;
const tooManyFields = `at most ${fieldCountMax} fields`;

/** Fields as first given: a name and a value each. */
export const fieldsSchema = z
  .record(fieldNameSchema, fieldValueSchema)
  .refine(withinFieldCount, tooManyFields);

/** Changes of fields: a value sets the field, `null` clears it. */
export const fieldChangesSchema = z
  .record(fieldNameSchema, fieldValueSchema.nullable())
  .refine(withinFieldCount, tooManyFields);
export type FieldChanges = Readonly<Record<string, FieldValue | null>>;

/** Equal in content; lists compare in order. */
export function sameFieldValue(left: FieldValue | undefined, right: FieldValue | undefined): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => item === right[index]);
  }
  return left === right;
}
