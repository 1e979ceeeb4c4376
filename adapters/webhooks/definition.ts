/**
 * What a source of webhooks is, as data: how its deliveries are signed, what tells one from another, and how
 * they become commands. The built-in ones lie in `definitions/`; users put theirs, or changed ones, into the
 * data folder. Secrets are never part of a definition.
 */
import { z } from 'zod';
import { expressionBounds } from '../../domain/expressions.ts';
import { type CommandType, commandTypes } from '../../domain/ticket/commands.ts';
import { roleSchema } from '../../domain/ticket/values.ts';
import { definitionBounds } from './limits.ts';

/** Stands in addresses, command ids and file names. */
export const sourceNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'lower-case letters, digits and -, starting with a letter, at most 32');

const headerNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, 'the name of a header in lower case, as x-hub-signature-256');
const expressionSchema = z.string().min(1).max(expressionBounds.charactersMax);
const valueNameSchema = z.string().regex(/^[a-z][a-zA-Z0-9]{0,31}$/, 'a name as openedAt');

const timestampSchema = z.strictObject({
  header: headerNameSchema,
  /** ISO 8601, or whole seconds since 1970. */
  format: z.enum(['iso', 'seconds']),
  /** How far it may be from the clock here, either way: the window in which a delivery may be replayed. */
  toleranceMs: z.int().min(1_000).max(definitionBounds.toleranceMsMax).default(300_000),
});

/** How a delivery proves where it comes from. */
const signatureSchema = z.discriminatedUnion('scheme', [
  /** HMAC over the raw bytes; several signatures in the header are divided by spaces. */
  z.strictObject({
    scheme: z.literal('hmac'),
    algorithm: z.enum(['sha1', 'sha256', 'sha512']),
    header: headerNameSchema,
    /** What stands before the signature, as `sha256=`. */
    prefix: z.string().max(32).default(''),
    encoding: z.enum(['hex', 'base64']),
    /** What is signed: `{timestamp}`, `{id}` and `{body}` stand for what they name. */
    signs: z
      .string()
      .max(100)
      .refine((text) => text.includes('{body}'), 'it must contain {body}')
      .default('{body}'),
    idHeader: headerNameSchema.optional(),
    timestamp: timestampSchema.optional(),
  }),
  /**
   * The Standard Webhooks specification: `v1` by HMAC-SHA256 (`whsec_…`), `v1a` by Ed25519 (`whpk_…`).
   */
  z.strictObject({
    scheme: z.literal('standard-webhooks'),
    toleranceMs: z.int().min(1_000).max(definitionBounds.toleranceMsMax).default(300_000),
  }),
  /** The secret itself in a header, for sources that sign nothing: to be used over TLS only. */
  z.strictObject({
    scheme: z.literal('token'),
    header: headerNameSchema,
    prefix: z.string().max(32).default(''),
  }),
  /** The secret is the password of HTTP basic authentication, whoever the user. */
  z.strictObject({ scheme: z.literal('basic') }),
  /** Nothing at all: holds only where `secrets.json` says `"unsigned": true` for the source as well. */
  z.strictObject({ scheme: z.literal('none') }),
]);
export type SignatureScheme = z.infer<typeof signatureSchema>;

/** JSON of which every text is an expression; what comes to `null` is left out. */
export type DataTemplate = string | number | boolean | readonly DataTemplate[] | DataTemplateObject;
export interface DataTemplateObject {
  readonly [name: string]: DataTemplate;
}
const dataTemplateSchema: z.ZodType<DataTemplate> = z.lazy(() =>
  z.union([
    expressionSchema,
    z.number(),
    z.boolean(),
    z.array(dataTemplateSchema).max(100),
    z.record(z.string(), dataTemplateSchema),
  ]),
);

const commandTypeSchema = z
  .string()
  .refine((type): type is CommandType => commandTypes.some((each) => each === type), {
    error: `expected one of ${commandTypes.join(', ')}`,
  });

const commandRuleSchema = z.strictObject({
  type: commandTypeSchema,
  /** The command is given where this holds; always where absent. */
  when: expressionSchema.optional(),
  /**
   * `append`: something that happened, told whenever it arrives, as a comment. `latest`: what holds now, and
   * not told any more once something newer of the same slot was.
   */
  order: z.enum(['append', 'latest']).default('append'),
  /** What `latest` compares with: deliveries of one source about one ticket and slot. */
  slot: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'a name as ticket')
    .default('ticket'),
  /** The rule's `at` where absent. Only for `append`: the newest of a slot is known by its events' times. */
  occurredAt: expressionSchema.optional(),
  workflow: expressionSchema.optional(),
  /** Whom the source stands in for; nobody where `id` comes to an empty text. */
  onBehalfOf: z
    .strictObject({ id: expressionSchema, role: z.union([roleSchema, expressionSchema]) })
    .optional(),
  /**
   * For `append`: what is told under this name is told once, whichever delivery tells it. Nothing of the kind
   * where it comes to an empty text.
   */
  once: expressionSchema.optional(),
  /** An expression for all of it, or one for each member. */
  data: z.union([expressionSchema, z.record(z.string(), dataTemplateSchema)]).default({}),
});
export type CommandRule = z.infer<typeof commandRuleSchema>;

const valuesSchema = z
  .record(valueNameSchema, expressionSchema)
  .refine(
    (values) => Object.keys(values).length <= definitionBounds.valuesMax,
    `at most ${definitionBounds.valuesMax} values`,
  );
const commandsSchema = z.array(commandRuleSchema).max(definitionBounds.commandsMax);

export const templateNames = ['mirror', 'comment', 'plain'] as const;
export type TemplateName = (typeof templateNames)[number];

/** Commands that several definitions share, over values that each of them computes. */
export const templateSchema = z.strictObject({
  description: z.string().max(2_000),
  /** Its values and commands are had as well, after these. */
  extends: z.enum(templateNames).optional(),
  /** What holds where a rule says nothing else; they come after the rule's and may use those. */
  values: valuesSchema,
  commands: commandsSchema,
});
export type MappingTemplate = z.infer<typeof templateSchema>;

const ruleSchema = z.strictObject({
  name: z.string().min(1).max(100),
  /** The first rule that holds is taken; a delivery for which none does is ignored. */
  when: expressionSchema,
  /** Names of their own for `commands`, as `values.name`; each may use those before it. */
  values: valuesSchema.default({}),
  /** Comes to the ticket's id, or to the number in it. */
  ticketId: expressionSchema,
  /** When it happened: ISO 8601 or milliseconds since 1970; when it was received, where that is empty. */
  at: expressionSchema,
  /** A list of commands, in their order, or the name of a template of them. */
  commands: z.union([z.enum(templateNames), commandsSchema.min(1)]),
});
export type MappingRule = z.infer<typeof ruleSchema>;

export const sourceDefinitionSchema = z.strictObject({
  source: sourceNameSchema,
  description: z.string().max(2_000).default(''),
  /** Any one of them suffices. */
  signature: z.array(signatureSchema).min(1).max(5),
  /**
   * What tells deliveries apart, as an expression that only uses what is signed. The digest of the body where
   * absent: a header that nothing signs could be changed to have the same thing done twice.
   */
  deliveryId: expressionSchema.optional(),
  /** Headers that mappings see and letters keep, beside `content-type`. Never one that carries a secret. */
  headers: z.array(headerNameSchema).max(definitionBounds.headersMax).default([]),
  /** What happened, in the words of the source; for people. */
  type: expressionSchema.optional(),
  /** Stands before every ticket's id, so that sources do not meet on one ticket. */
  ticketIdPrefix: z
    .string()
    .regex(/^([A-Za-z0-9][A-Za-z0-9._:-]{0,15})?$/, 'at most 16 letters, digits and . _ : -')
    .default(''),
  /** Whether bodies may be CloudEvents: structured, binary or batched. */
  cloudEvents: z.boolean().default(false),
  rules: z.array(ruleSchema).min(1).max(definitionBounds.rulesMax),
});
export type SourceDefinition = z.infer<typeof sourceDefinitionSchema>;

const secretSchema = z.string().min(8, 'a secret of at least 8 characters').max(1_000);

/** `secrets.json`: by source. A source that is not in it is off. */
export const secretsSchema = z.record(
  sourceNameSchema,
  z.union([
    z.strictObject({ secrets: z.array(secretSchema).min(1).max(definitionBounds.secretsMax) }),
    z.strictObject({ unsigned: z.literal(true) }),
  ]),
);
export type WebhookSecrets = z.infer<typeof secretsSchema>;
