/**
 * A quick look at a command that tells, without making anything, whether it is exactly what `commandSchema`
 * would make of it. Most commands are; the schema takes ten times as long to say so, and stays the only one
 * to say what is wrong with the others.
 *
 * It must never take what the schema refuses, or would change: a test compares the two. What it does not know
 * is left to the schema, so that leaving a member out here costs time and nothing else.
 */
import { type Command, type CommandType, holdReasons, ratings } from '../../domain/ticket/commands.ts';
import {
  fieldCountMax,
  fieldNameCharactersMax,
  idCharactersMax,
  nameCharactersMax,
  roles,
  tagCountMax,
  textCharactersMax,
} from '../../domain/ticket/values.ts';

type Check = (value: unknown) => boolean;
type Members = ReadonlyMap<string, Check>;

const ticketIdText = /^[A-Za-z0-9][A-Za-z0-9._:-]*$/;
const fieldNameText = /^[a-z][a-z0-9_]*$/;
const timeMsMax = 8.64e15;

export function isPlainCommand(input: unknown): input is Command {
  if (!isObject(input)) return false;
  const { type, actor } = input;
  const dataOf = typeof type === 'string' ? dataByType.get(type) : undefined;
  return dataOf !== undefined && actor !== undefined && hasOnly(input, envelope) && dataOf(input.data);
}

const id: Check = (value) =>
  typeof value === 'string' && value.length <= idCharactersMax && ticketIdText.test(value);
const name: Check = (value) =>
  typeof value === 'string' && value.length > 0 && value.length <= nameCharactersMax;
const text: Check = (value) =>
  typeof value === 'string' && value.length > 0 && value.length <= textCharactersMax;
const revision: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
/** Times as text are left to the schema, which makes numbers of them. */
const time: Check = (value) => Number.isSafeInteger(value) && Math.abs(Number(value)) <= timeMsMax;
const truth: Check = (value) => typeof value === 'boolean';
const oneOf = (words: readonly string[]): Check => {
  const known: ReadonlySet<unknown> = new Set(words);
  return (value) => known.has(value);
};
const role = oneOf(roles);

const actor: Check = (value) => {
  if (!isObject(value) || !name(value.id) || !role(value.role)) return false;
  for (const each in value) if (each !== 'id' && each !== 'role') return false;
  return true;
};

const fieldValue: Check = (value) => {
  if (typeof value === 'string') return value.length <= textCharactersMax;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.length <= tagCountMax && value.every(isTag);
  return typeof value === 'boolean';
};

const fieldsOf =
  (check: Check): Check =>
  (value) => {
    if (!isObject(value)) return false;
    let count = 0;
    for (const each in value) {
      count += 1;
      if (each.length > fieldNameCharactersMax || !fieldNameText.test(each) || each in builtIn) return false;
      if (!check(value[each])) return false;
    }
    return count <= fieldCountMax;
  };
const fields = fieldsOf(fieldValue);
const fieldChanges = fieldsOf((value) => value === null || fieldValue(value));

/** Beside `data`, which depends on the type. */
const envelope: Members = new Map<string, Check>([
  ['type', () => true],
  ['data', () => true],
  ['ticketId', id],
  ['commandId', name],
  ['expectedRevision', revision],
  ['occurredAt', time],
  ['actor', actor],
  ['onBehalfOf', actor],
  ['correlationId', name],
  ['causationId', name],
  ['source', name],
  ['workflow', name],
]);

type Named = Readonly<Record<string, Check>>;

function data(required: Named, optional: Named = {}): Check {
  const members = new Map(Object.entries({ ...required, ...optional }));
  const needed = Object.keys(required);
  return (value) =>
    isObject(value) && hasOnly(value, members) && needed.every((each) => value[each] !== undefined);
}

const none = data({});
const because = data({}, { reason: text });
const comment = data({ body: text, public: truth });

const dataByType: ReadonlyMap<string, Check> = new Map<CommandType, Check>([
  ['OpenTicket', data({}, { requester: name, fields, group: name, agent: name })],
  ['StartWork', none],
  ['AssignTicket', data({ agent: name }, { group: (value) => value === null || name(value) })],
  ['QueueTicket', data({ group: name })],
  ['AcceptOffer', data({ agent: name })],
  ['UnassignTicket', because],
  ['RemoveAgent', because],
  ['RecordRequesterReply', data({ body: text })],
  ['AwaitRequester', data({}, { comment })],
  ['HoldTicket', data({ reason: oneOf(holdReasons) }, { until: time, timerId: name, comment })],
  ['ResumeTicket', none],
  ['ResolveTicket', data({}, { code: name, notes: text, fields: fieldChanges })],
  ['ConfirmResolution', none],
  ['CloseTicket', data({}, { fields: fieldChanges })],
  ['ReopenTicket', because],
  ['MergeTicket', data({ into: id })],
  ['ChangeFields', data({ fields: fieldChanges })],
  ['AddComment', comment],
  ['EscalateTicket', because],
  ['RateTicket', data({ rating: oneOf(ratings) }, { comment: text })],
  ['MoveTicket', data({ to: name }, { activity: name, fields: fieldChanges })],
]);

/** Names that every object has anyway are no names of fields. */
const builtIn = {};

function hasOnly(value: Readonly<Record<string, unknown>>, members: Members): boolean {
  for (const each in value) {
    if (members.get(each)?.(value[each]) !== true) return false;
  }
  return true;
}

function isTag(value: unknown): boolean {
  return typeof value === 'string' && value.length <= nameCharactersMax;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
