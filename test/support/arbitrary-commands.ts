/** Random commands for property tests: every type, plausible data, few tickets, so that most stories meet. */
import fc from 'fast-check';
import { type Command, type CommandType, commandSchema } from '../../domain/ticket/commands.ts';
import { roles } from '../../domain/ticket/values.ts';
import { monday9 } from './tickets.ts';

const ticketIds = ['T-1', 'T-2', 'T-3'] as const;
const ticketId = fc.constantFrom(...ticketIds);
const name = fc.constantFrom('ana', 'bo', 'first line', 'network', 'ünïcode ☂');
const text = fc.constantFrom('because', 'It broke.', 'tab\tand\nline', '☂ "quoted" \\ back');
const time = fc.integer({ min: 0, max: 40 * 24 * 60 }).map((minutes) => monday9 + minutes * 60_000);
const comment = fc.record({ body: text, public: fc.boolean() });
const fieldName = fc.constantFrom('subject', 'priority', 'category', 'tags', 'cost');
const value = fc.oneof(text, fc.integer(), fc.boolean(), fc.array(name, { maxLength: 3 }));
const fields = fc.dictionary(fieldName, value, { maxKeys: 3 });
const changes = fc.dictionary(fieldName, fc.option(value), { maxKeys: 3 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const data: Record<CommandType, fc.Arbitrary<object>> = {
  OpenTicket: fc.record({
    requester: optional(name),
    fields: optional(fields),
    group: optional(name),
    agent: optional(name),
  }),
  StartWork: fc.constant({}),
  AssignTicket: fc.record({ agent: name, group: optional(fc.option(name)) }),
  QueueTicket: fc.record({ group: name }),
  OfferTicket: fc.record({ agent: name, expiresAt: time }),
  AcceptOffer: fc.record({ agent: name }),
  DeclineOffer: fc.record({ agent: name }),
  ExpireOffer: fc.constant({}),
  UnassignTicket: fc.record({ reason: optional(text) }),
  RemoveAgent: fc.constant({}),
  MarkAgentOffline: fc.constant({}),
  RecordRequesterReply: fc.record({ body: text }),
  AwaitRequester: fc.record({ comment: optional(comment) }),
  HoldTicket: fc.record({ reason: fc.constantFrom('caller', 'vendor', 'problem'), timerId: optional(name) }),
  ExpireHold: fc.record({ timerId: name }),
  ResumeTicket: fc.constant({}),
  ResolveTicket: fc.record({ code: optional(name), notes: optional(text), fields: optional(changes) }),
  ConfirmResolution: fc.constant({}),
  CloseTicket: fc.record({ fields: optional(changes) }),
  ReopenTicket: fc.record({ reason: optional(text) }),
  CancelTicket: fc.record({ reason: fc.constantFrom('duplicate', 'spam') }),
  MergeTicket: fc.record({ into: ticketId }),
  OpenFollowUp: fc.record({ fields: optional(fields) }),
  SplitTicket: fc.record({ fields: optional(fields) }),
  ChangeFields: fc.record({ fields: changes }),
  AddComment: comment,
  LinkTicket: fc.record({ ticket: ticketId, relation: fc.constantFrom('related', 'child', 'parent') }),
  RedactContent: fc.record({ fields: fc.array(fieldName, { minLength: 1, maxLength: 2 }), reason: text }),
  EscalateTicket: fc.constant({}),
  BreachSla: fc.record({ clock: fc.constantFrom('first_reply#1', 'resolution#2') }),
  RateTicket: fc.record({ rating: fc.constantFrom('good', 'bad'), comment: optional(text) }),
  MoveTicket: fc.record({
    to: fc.constantFrom('new', 'open', 'nowhere'),
    activity: optional(name),
    fields: optional(changes),
  }),
};

const types = Object.keys(data) as CommandType[];
// Assigning and resolving more often, so that stories get somewhere.
export const weighted = [
  ...types,
  'OpenTicket',
  'OpenTicket',
  'AssignTicket',
  'AssignTicket',
  'ResolveTicket',
] as const;

/** A command of one of these types, for one of these tickets. */
export const ofType = (types: readonly CommandType[], ids: readonly string[]): fc.Arbitrary<Command> =>
  fc
    .constantFrom(...types)
    .chain((type) =>
      fc.record({
        type: fc.constant(type),
        ticketId: fc.constantFrom(...ids),
        data: data[type],
        occurredAt: time,
        actor: fc.constantFrom(...roles).map((role) => ({ id: `${role}-1`, role })),
        onBehalfOf: optional(fc.constantFrom(...roles).map((role) => ({ id: `${role}-2`, role }))),
        workflow: fc.constantFrom('support', 'incident'),
        correlationId: optional(name),
        source: optional(name),
      }),
    )
    .map((raw) => commandSchema.parse(raw));

/** A story: two tickets are opened, then anything may be tried. */
export const arbitraryCommands: fc.Arbitrary<readonly Command[]> = fc
  .tuple(
    ofType(['OpenTicket'], ['T-1']),
    ofType(['OpenTicket'], ['T-2']),
    fc.array(ofType(weighted, ticketIds), { minLength: 1, maxLength: 60 }),
  )
  .map(([first, second, rest]) => [first, second, ...rest]);
