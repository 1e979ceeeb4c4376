/**
 * What Docket's events are in OCEL 2.0: which objects an event is about and in what role, and which
 * attributes it has. Objects are tickets, requesters, agents, teams, the systems that act by themselves, and
 * SLA policies once events name them. Both OCEL formats are made of this, so they say the same.
 */
import { z } from 'zod';
import { eventSchema, type RecordedEvent } from '../../domain/ticket/events.ts';
import { epochMsSchema, type Role } from '../../domain/ticket/values.ts';
import { plainText } from './text.ts';

export type ObjectType = 'ticket' | 'requester' | 'agent' | 'team' | 'system' | 'sla_policy';
/** The types of attributes that OCEL knows. */
export type AttributeType = 'string' | 'time' | 'integer' | 'float' | 'boolean';
export type AttributeValue = string | number | boolean;

export interface ObjectReference {
  readonly id: string;
  readonly type: ObjectType;
}

/** An object that an event is about, and as what. */
export interface Relation extends ObjectReference {
  readonly qualifier: string;
}

export interface Attribute {
  readonly name: string;
  readonly type: AttributeType;
}

/** The object's id: a ticket's own, and for others their type before the name; no ticket id has a `/`. */
function reference(type: ObjectType, name: string): ObjectReference {
  return { type, id: type === 'ticket' ? name : `${type}/${plainText(name)}` };
}

const typeOfRole: Readonly<Record<Role, ObjectType>> = {
  requester: 'requester',
  agent: 'agent',
  lead: 'agent',
  // What timers, rules and other systems do is told apart from what people do.
  system: 'system',
  integration: 'system',
};

/** Which parts of an event's data name an object, and as what. */
const mentions: Readonly<Record<string, readonly [type: ObjectType, qualifier: string]>> = {
  requester: ['requester', 'requester'],
  agent: ['agent', 'assignee'],
  group: ['team', 'group'],
  policy: ['sla_policy', 'policy'],
  ticket: ['ticket', 'linked'],
  into: ['ticket', 'merged_into'],
  from: ['ticket', 'absorbed'],
  followUp: ['ticket', 'follow_up'],
  followUpOf: ['ticket', 'follow_up_of'],
  splitOff: ['ticket', 'split_off'],
  splitFrom: ['ticket', 'split_from'],
};

/** In these an agent is asked, and does not have the ticket. */
const offers: ReadonlySet<string> = new Set(['TicketOffered', 'OfferDeclined']);

/** The objects of an event, its ticket first, none twice in one role. There is always one. */
export function relationsOf(event: RecordedEvent): readonly Relation[] {
  const { ticketId, actor, onBehalfOf, type } = event;
  const relations: Relation[] = [
    { ...reference('ticket', ticketId), qualifier: 'subject' },
    { ...reference(typeOfRole[actor.role], actor.id), qualifier: 'actor' },
  ];
  if (onBehalfOf !== undefined) {
    relations.push({
      ...reference(typeOfRole[onBehalfOf.role], onBehalfOf.id),
      qualifier: 'on_behalf_of',
    });
  }
  const data: Readonly<Record<string, unknown>> = event.data;
  for (const name in data) {
    const mention = mentions[name];
    const value = data[name];
    if (mention === undefined || typeof value !== 'string') continue;
    const [objectType, usual] = mention;
    const qualifier = name === 'agent' && offers.has(type) ? 'candidate' : usual;
    relations.push({ ...reference(objectType, value), qualifier });
  }
  return relations;
}

export interface ObjectLink {
  readonly id: string;
  readonly qualifier: string;
}

/** The objects that an event ties its ticket to for good: other tickets, and the requester. */
export function linksOf(event: RecordedEvent): readonly ObjectLink[] {
  if (event.type === 'TicketLinked') return [{ id: event.data.ticket, qualifier: event.data.relation }];
  return relationsOf(event).flatMap(({ id, type, qualifier }) =>
    type === 'ticket' && qualifier !== 'subject' ? [{ id, qualifier }] : requesterLink({ id, qualifier }),
  );
}

function requesterLink(link: ObjectLink): readonly ObjectLink[] {
  return link.qualifier === 'requester' ? [link] : [];
}

/** What every event has beside its data, under the names that XES and CSV use. */
const envelope: readonly (Attribute & {
  readonly of: (event: RecordedEvent) => AttributeValue | undefined;
})[] = [
  { name: 'docket:revision', type: 'integer', of: (event) => event.revision },
  { name: 'docket:partition', type: 'integer', of: (event) => event.partition },
  { name: 'docket:position', type: 'integer', of: (event) => event.position },
  { name: 'docket:recordedAt', type: 'time', of: (event) => event.recordedAt },
  { name: 'docket:workflow', type: 'string', of: (event) => event.workflow },
  { name: 'docket:state', type: 'string', of: (event) => event.state },
  { name: 'docket:schemaVersion', type: 'integer', of: (event) => event.schemaVersion },
  { name: 'docket:actorRole', type: 'string', of: (event) => event.actor.role },
  { name: 'docket:onBehalfOfRole', type: 'string', of: (event) => event.onBehalfOf?.role },
  { name: 'docket:commandId', type: 'string', of: (event) => event.commandId },
  { name: 'docket:commandDigest', type: 'string', of: (event) => event.commandDigest },
  { name: 'docket:correlationId', type: 'string', of: (event) => event.correlationId },
  { name: 'docket:causationId', type: 'string', of: (event) => event.causationId },
  { name: 'docket:source', type: 'string', of: (event) => event.source },
];

/** The attributes of each type of event: the envelope, then the members of its data by their own names. */
export const attributesOfEvent: ReadonlyMap<string, readonly Attribute[]> = new Map(
  eventSchema.options.map(({ shape: { type, data } }) => [
    type.value,
    [...envelope, ...Object.entries(data.shape).map(([name, part]) => ({ name, type: attributeType(part) }))],
  ]),
);

/** One value per attribute of the event's type, in their order; what has parts of its own as JSON text. */
export function eventValues(event: RecordedEvent): readonly (AttributeValue | undefined)[] {
  const values = envelope.map(({ of }) => of(event));
  const data: Readonly<Record<string, unknown>> = event.data;
  const attributes = attributesOfEvent.get(event.type) ?? [];
  for (let index = envelope.length; index < attributes.length; index += 1) {
    values.push(attributeValue(data[attributes[index]?.name ?? '']));
  }
  return values;
}

/** A value as an attribute can hold it; nothing is `undefined`. */
export function attributeValue(value: unknown): AttributeValue | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return plainText(value);
  return typeof value === 'number' || typeof value === 'boolean' ? value : JSON.stringify(value);
}

function attributeType(part: unknown): AttributeType {
  if (part === epochMsSchema) return 'time';
  if (part instanceof z.ZodOptional || part instanceof z.ZodNullable) return attributeType(part.unwrap());
  if (part instanceof z.ZodNumber) return part.isInt ? 'integer' : 'float';
  return part instanceof z.ZodBoolean ? 'boolean' : 'string';
}
