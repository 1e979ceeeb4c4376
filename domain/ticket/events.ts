/**
 * What happened to a ticket. The names and shapes in this file are the storage format: an event once
 * written is never rewritten, so a name is never reused and a shape only changes together with a new
 * `schemaVersion` and an upcast in `upcast.ts`. Data holds what changed, never the whole ticket.
 */
import { z } from 'zod';
import { slaCancelReasons, slaClockIdSchema, slaHours, slaMetrics } from '../sla/clock.ts';
import { holdReasons, linkRelations, ratings } from './commands.ts';
import {
  type Actor,
  type EpochMs,
  epochMsSchema,
  fieldChangesSchema,
  fieldsSchema,
  nameSchema,
  type TicketId,
  textSchema,
  ticketIdSchema,
} from './values.ts';

/** The schema version that new events are written with. */
export const eventSchemaVersion = 1;

const none = z.strictObject({});
const because = z.strictObject({ reason: textSchema.optional() });
const comment = z.strictObject({ body: textSchema, public: z.boolean() });
const eligibility = z.strictObject({
  available: z.boolean().optional(),
  hasCapacity: z.boolean().optional(),
  hasSkills: z.boolean().optional(),
  inGroup: z.boolean().optional(),
});

function event<T extends string, D extends z.ZodType>(type: T, data: D) {
  return z.strictObject({ type: z.literal(type), data });
}

export const eventSchema = z.discriminatedUnion('type', [
  event(
    'TicketOpened',
    z.strictObject({
      requester: nameSchema.optional(),
      fields: fieldsSchema.optional(),
      followUpOf: ticketIdSchema.optional(),
      splitFrom: ticketIdSchema.optional(),
    }),
  ),
  event('WorkStarted', none),
  event(
    'TicketAssigned',
    z.strictObject({
      agent: nameSchema,
      /** Absent: the group stays; `null`: the ticket left its group. */
      group: nameSchema.nullable().optional(),
      eligibility: eligibility.optional(),
    }),
  ),
  event('TicketQueued', z.strictObject({ group: nameSchema })),
  event(
    'TicketOffered',
    z.strictObject({ agent: nameSchema, expiresAt: epochMsSchema, eligibility: eligibility.optional() }),
  ),
  event('OfferAccepted', z.strictObject({ agent: nameSchema })),
  event('OfferDeclined', z.strictObject({ agent: nameSchema, reason: textSchema.optional() })),
  event('OfferExpired', none),
  event('TicketUnassigned', because),
  event('AgentRemoved', because),
  event('AgentWentOffline', none),
  event('RequesterReplied', z.strictObject({ body: textSchema })),
  event(
    'RequesterAwaited',
    z.strictObject({
      comment: comment.optional(),
      until: epochMsSchema.optional(),
      timerId: nameSchema.optional(),
    }),
  ),
  event(
    'TicketHeld',
    z.strictObject({
      reason: z.enum(holdReasons),
      until: epochMsSchema.optional(),
      timerId: nameSchema.optional(),
      comment: comment.optional(),
    }),
  ),
  event('HoldExpired', z.strictObject({ timerId: nameSchema })),
  event('TicketResumed', none),
  event(
    'TicketResolved',
    z.strictObject({
      code: nameSchema.optional(),
      notes: textSchema.optional(),
      fields: fieldChangesSchema.optional(),
    }),
  ),
  event('ResolutionConfirmed', none),
  event('TicketClosed', z.strictObject({ fields: fieldChangesSchema.optional() })),
  event('TicketReopened', because),
  event(
    'TicketCancelled',
    z.strictObject({ reason: z.enum(['duplicate', 'spam', 'unnecessary']), notes: textSchema.optional() }),
  ),
  event('TicketMerged', z.strictObject({ into: ticketIdSchema })),
  event('TicketAbsorbed', z.strictObject({ from: ticketIdSchema })),
  event('FollowUpOpened', z.strictObject({ followUp: ticketIdSchema })),
  event('TicketSplit', z.strictObject({ splitOff: ticketIdSchema })),
  event('FieldsChanged', z.strictObject({ fields: fieldChangesSchema })),
  event('CommentAdded', comment),
  event('TicketLinked', z.strictObject({ ticket: ticketIdSchema, relation: z.enum(linkRelations) })),
  event('ContentRedacted', z.strictObject({ fields: z.array(nameSchema).min(1), reason: textSchema })),
  event('TicketEscalated', because),
  event('TicketRated', z.strictObject({ rating: z.enum(ratings), comment: textSchema.optional() })),
  event(
    'SlaStarted',
    z.strictObject({
      clock: slaClockIdSchema,
      metric: z.enum(slaMetrics),
      policy: nameSchema,
      policyVersion: nameSchema,
      /** The ticket's priority and group when the policy was applied. */
      priority: nameSchema.optional(),
      group: nameSchema.optional(),
      targetMs: z.int().min(1),
      hours: z.enum(slaHours),
      /** The calendar of business hours. */
      calendar: nameSchema.optional(),
      dueAt: epochMsSchema,
      /** What had passed of the target before it started; nothing where absent. */
      elapsedMs: z.int().min(0).optional(),
    }),
  ),
  event('SlaPaused', z.strictObject({ clock: slaClockIdSchema, remainingMs: z.int() })),
  event('SlaResumed', z.strictObject({ clock: slaClockIdSchema, dueAt: epochMsSchema })),
  /** Its business time is the deadline, however late the breach was noticed. */
  event('SlaBreached', z.strictObject({ clock: slaClockIdSchema, dueAt: epochMsSchema })),
  event('SlaFulfilled', z.strictObject({ clock: slaClockIdSchema, elapsedMs: z.int().min(0) })),
  event('SlaCancelled', z.strictObject({ clock: slaClockIdSchema, reason: z.enum(slaCancelReasons) })),
  event(
    'TicketMoved',
    z.strictObject({
      to: nameSchema,
      activity: nameSchema.optional(),
      fields: fieldChangesSchema.optional(),
    }),
  ),
]);

/** Type and data of an event, without its envelope; told apart by `type`. */
export type TicketEvent = z.infer<typeof eventSchema>;
export type EventType = TicketEvent['type'];
export type EventOf<T extends EventType> = Extract<TicketEvent, { type: T }>;

export const eventTypes: readonly EventType[] = eventSchema.options.map((option) => option.shape.type.value);

/** What the decider says of an event, beside its type and data. */
export interface DecidedEnvelope {
  readonly schemaVersion: number;
  /** The rules it was decided by, as `name@version`. */
  readonly workflow: string;
  /** The ticket's configuration after it: one state per region, such as `open/assigned/L0`. */
  readonly state: string;
  /** Business time: when it happened outside. May run backwards in imported histories. */
  readonly occurredAt: EpochMs;
  readonly actor: Actor;
  readonly onBehalfOf?: Actor | undefined;
  readonly commandId?: string | undefined;
  /** Fingerprint of the command's body; with `commandId`, on the first event of a command only. */
  readonly commandDigest?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly source?: string | undefined;
}

/** What the log adds when it commits an event. */
export interface RecordedEnvelope {
  readonly ticketId: TicketId;
  /** Contiguous from 1 within a ticket. */
  readonly revision: number;
  readonly partition: number;
  /** Contiguous from 1 within a partition. */
  readonly position: number;
  /** Commit time by the log's clock; never runs backwards within a partition. */
  readonly recordedAt: EpochMs;
}

export type NewEvent = TicketEvent & DecidedEnvelope;
export type RecordedEvent = NewEvent & RecordedEnvelope;
