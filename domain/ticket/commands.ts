/**
 * What a caller may ask of a ticket. A command is an intention: imperative, and refusable.
 * Its type is also the name of the XState event that the workflow machines answer to.
 */
import { z } from 'zod';
import { slaClockIdSchema } from '../sla/clock.ts';
import {
  actorSchema,
  commandIdSchema,
  fieldChangesSchema,
  fieldsSchema,
  nameSchema,
  textSchema,
  ticketIdSchema,
  timeSchema,
} from './values.ts';

export const holdReasons = ['caller', 'vendor', 'change', 'problem', 'evidence', 'scheduled'] as const;
/** What a requester may say of how a ticket was resolved, after Zendesk's satisfaction ratings. */
export const ratings = ['good', 'bad'] as const;
export const linkRelations = ['related', 'parent', 'child', 'duplicate', 'causes', 'caused_by'] as const;

const none = z.strictObject({}).default({});
const because = z.strictObject({ reason: textSchema.optional() }).default({});

/** What the assigning side found out about an agent. Recorded, because replay can not ask again. */
const eligibilitySchema = z.strictObject({
  available: z.boolean().optional(),
  hasCapacity: z.boolean().optional(),
  hasSkills: z.boolean().optional(),
  inGroup: z.boolean().optional(),
});
export type Eligibility = z.infer<typeof eligibilitySchema>;

const commentSchema = z.strictObject({ body: textSchema, public: z.boolean() });

const envelope = {
  /** The ticket to act on. Only `OpenTicket` may leave it out: Docket then gives the next number. */
  ticketId: ticketIdSchema.optional(),
  commandId: commandIdSchema.optional(),
  /** Refuse unless the ticket is at this revision: optimistic concurrency for callers who saw it. */
  expectedRevision: z.int().min(0).optional(),
  /** When it happened in the business; the engine's clock where absent. */
  occurredAt: timeSchema.optional(),
  actor: actorSchema,
  /** Whom the actor stands in for; an integration or the system may use that person's rights. */
  onBehalfOf: actorSchema.optional(),
  correlationId: nameSchema.optional(),
  causationId: nameSchema.optional(),
  /** Where the command came from, such as `zendesk` or `uci-incidents`. */
  source: nameSchema.optional(),
  /** For `OpenTicket`: the workflow's name or name@version; the engine's default where absent. */
  workflow: nameSchema.optional(),
};

function command<T extends string, D extends z.ZodType>(type: T, data: D) {
  return z.strictObject({ type: z.literal(type), ...envelope, data });
}

export const commandSchema = z.discriminatedUnion('type', [
  command(
    'OpenTicket',
    z.strictObject({
      requester: nameSchema.optional(),
      fields: fieldsSchema.optional(),
      group: nameSchema.optional(),
      agent: nameSchema.optional(),
    }),
  ),
  command('StartWork', none),
  command(
    'AssignTicket',
    z.strictObject({
      agent: nameSchema,
      /** Absent keeps the group, `null` clears it. */
      group: nameSchema.nullable().optional(),
      eligibility: eligibilitySchema.optional(),
    }),
  ),
  command('QueueTicket', z.strictObject({ group: nameSchema })),
  command(
    'OfferTicket',
    z.strictObject({ agent: nameSchema, expiresAt: timeSchema, eligibility: eligibilitySchema.optional() }),
  ),
  command('AcceptOffer', z.strictObject({ agent: nameSchema })),
  command('DeclineOffer', z.strictObject({ agent: nameSchema, reason: textSchema.optional() })),
  command('ExpireOffer', none),
  command('UnassignTicket', because),
  command('RemoveAgent', because),
  command('MarkAgentOffline', none),
  command('RecordRequesterReply', z.strictObject({ body: textSchema })),
  command(
    'AwaitRequester',
    z
      .strictObject({
        comment: commentSchema.optional(),
        /** When waiting is to end by itself; `timerId` names the only timer that may end it. */
        until: timeSchema.optional(),
        timerId: nameSchema.optional(),
      })
      .default({}),
  ),
  command(
    'HoldTicket',
    z.strictObject({
      reason: z.enum(holdReasons),
      /** When the hold is to end by itself; `timerId` names the only timer that may end it. */
      until: timeSchema.optional(),
      timerId: nameSchema.optional(),
      comment: commentSchema.optional(),
    }),
  ),
  command('ExpireHold', z.strictObject({ timerId: nameSchema })),
  command('ResumeTicket', none),
  command(
    'ResolveTicket',
    z.strictObject({
      code: nameSchema.optional(),
      notes: textSchema.optional(),
      fields: fieldChangesSchema.optional(),
    }),
  ),
  command('ConfirmResolution', none),
  command('CloseTicket', z.strictObject({ fields: fieldChangesSchema.optional() }).default({})),
  command('ReopenTicket', because),
  command(
    'CancelTicket',
    z.strictObject({ reason: z.enum(['duplicate', 'spam', 'unnecessary']), notes: textSchema.optional() }),
  ),
  command('MergeTicket', z.strictObject({ into: ticketIdSchema })),
  command(
    'OpenFollowUp',
    z.strictObject({ followUp: ticketIdSchema.optional(), fields: fieldsSchema.optional() }).default({}),
  ),
  command(
    'SplitTicket',
    z.strictObject({ splitOff: ticketIdSchema.optional(), fields: fieldsSchema.optional() }).default({}),
  ),
  command('ChangeFields', z.strictObject({ fields: fieldChangesSchema })),
  command('AddComment', commentSchema),
  command('LinkTicket', z.strictObject({ ticket: ticketIdSchema, relation: z.enum(linkRelations) })),
  command('RedactContent', z.strictObject({ fields: z.array(nameSchema).min(1), reason: textSchema })),
  command('EscalateTicket', because),
  command('RateTicket', z.strictObject({ rating: z.enum(ratings), comment: textSchema.optional() })),
  command('BreachSla', z.strictObject({ clock: slaClockIdSchema })),
  command(
    'MoveTicket',
    z.strictObject({
      /** The lifecycle state to go to, by its key; only workflows given as data have such moves. */
      to: nameSchema,
      /** What was done outside, in the words of the system it comes from. */
      activity: nameSchema.optional(),
      fields: fieldChangesSchema.optional(),
    }),
  ),
]);

export type Command = z.infer<typeof commandSchema>;
export type CommandType = Command['type'];
export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>;

export const commandTypes: readonly CommandType[] = commandSchema.options.map(
  (option) => option.shape.type.value,
);
