/** What is hidden of a ticket is in nothing that is told of it: events, the ticket itself, rejections. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventJson } from '../../../adapters/http/event-json.ts';
import { ticketJson } from '../../../adapters/http/ticket-json.ts';
import { type TicketView, ticketAttributes } from '../../../domain/access/guard.ts';
import { redactEvent } from '../../../domain/access/redact.ts';
import { type Command, type CommandType, commandSchema } from '../../../domain/ticket/commands.ts';
import { eventTypes, type NewEvent, type RecordedEvent } from '../../../domain/ticket/events.ts';
import { roles } from '../../../domain/ticket/values.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { accessBy, policyOf, principal } from '../../support/access.ts';
import { arbitraryEvent } from '../../support/arbitrary-events.ts';
import { Story } from '../../support/given.ts';
import { gold, slaRules } from '../../support/sla.ts';
import { monday9 } from '../../support/tickets.ts';

const shows = (test: (name: string) => boolean): TicketView => ({ complete: false, shows: test });
const hidden = (name: string) => shows((each) => each !== name);

function recorded(event: NewEvent, revision = 1): RecordedEvent {
  return { ...event, ticketId: 'T-1', revision, partition: 0, position: revision, recordedAt: monday9 };
}

function event(type: RecordedEvent['type'], data: object): RecordedEvent {
  const [sample] = fc.sample(arbitraryEvent(type), 1);
  if (sample === undefined) throw new Error('no sample');
  return JSON.parse(JSON.stringify({ ...recorded(sample), data }));
}

describe('an event', () => {
  it.each<[RecordedEvent['type'], object, string, object]>([
    [
      'TicketOpened',
      { requester: 'a', fields: { cost: 1, tag: 'x' } },
      'cost',
      { requester: 'a', fields: { tag: 'x' } },
    ],
    ['TicketOpened', { requester: 'a', followUpOf: 'T-9' }, 'links', { requester: 'a' }],
    [
      'TicketAssigned',
      { agent: 'a', group: 'g', eligibility: { inGroup: true } },
      'assignee',
      { group: 'g' },
    ],
    ['TicketAssigned', { agent: 'a', group: null }, 'group', { agent: 'a' }],
    ['CommentAdded', { body: 'x', public: true }, 'comment', {}],
    ['CommentAdded', { body: 'x', public: true }, 'note', { body: 'x', public: true }],
    ['CommentAdded', { body: 'x', public: false }, 'note', {}],
    ['TicketHeld', { reason: 'caller', comment: { body: 'x', public: false } }, 'note', { reason: 'caller' }],
    [
      'TicketHeld',
      { reason: 'caller', comment: { body: 'x', public: true } },
      'comment',
      { reason: 'caller' },
    ],
    [
      'TicketResolved',
      { code: 'c', notes: 'n', fields: { cost: null } },
      'note',
      { code: 'c', fields: { cost: null } },
    ],
    ['TicketResolved', { code: 'c', notes: 'n' }, 'resolution', { notes: 'n' }],
    ['ContentRedacted', { fields: ['cost', 'tag'], reason: 'r' }, 'cost', { fields: ['tag'], reason: 'r' }],
    ['SlaPaused', { clock: 'resolution#1', remainingMs: 1 }, 'sla', {}],
    ['TicketMoved', { to: 'open', activity: 'a', fields: {} }, 'state', { fields: {} }],
  ])('%s %j without %s is %j', (type, data, name, expected) => {
    expect(redactEvent(event(type, data), hidden(name)).data).toEqual(expected);
  });

  it('shows the terms of a promise only with the field that they tell', () => {
    const started = event('SlaStarted', {
      clock: 'resolution#1',
      priority: 'high',
      group: 'desk',
      policy: 'gold',
    });
    expect(redactEvent(started, hidden('priority')).data).toEqual({
      clock: 'resolution#1',
      group: 'desk',
      policy: 'gold',
    });
    expect(redactEvent(started, hidden('group')).data).not.toHaveProperty('group');
  });

  it('without its state has none in JSON, and without anything no fingerprint of its command', () => {
    const told = eventJson(
      redactEvent({ ...event('WorkStarted', {}), commandDigest: 'abc' }, hidden('state')),
    );
    expect(JSON.parse(JSON.stringify(told))).not.toHaveProperty('state');
    expect(JSON.stringify(told)).not.toContain('abc');
  });

  it('is the same one where nothing is hidden', () => {
    const given = event('WorkStarted', {});
    expect(redactEvent(given, { complete: true, shows: () => true })).toBe(given);
  });

  it.each(eventTypes)('%s keeps nothing where all is hidden, and all where all is shown', (type) => {
    fc.assert(
      fc.property(arbitraryEvent(type), (given) => {
        const nothing = redactEvent(
          recorded(given),
          shows(() => false),
        );
        expect(Object.values(nothing.data).every(isEmpty)).toBe(true);
        expect(
          redactEvent(
            recorded(given),
            shows(() => true),
          ).data,
        ).toEqual(given.data);
        expect(() => JSON.stringify(eventJson(nothing))).not.toThrow();
      }),
      { numRuns: 20 },
    );
  });
});

/** An empty list or object: that there are fields is told, but not which. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Names whose values can be told from all others by what is in them. */
const marked = [
  'requester',
  'assignee',
  'group',
  'resolution',
  'links',
  'comment',
  'note',
  'sla',
  'rating',
] as const;
const fieldNames = ['cost', 'priority'] as const;
const links = ['L:links:1', 'L:links:2'] as const;

/** A command whose every part says by its content which name hides it, and with `by` who brought it. */
function markedCommand(type: CommandType, by: number, role: (typeof roles)[number], coin: boolean): unknown {
  const mark = (name: string) => `:${name}:by${by}.`;
  const fields = coin ? { cost: mark('cost'), priority: mark('priority') } : { cost: mark('cost') };
  const comment = { body: mark(coin ? 'comment' : 'note'), public: coin };
  const link = links[coin ? 0 : 1];
  const data: Partial<Record<CommandType, object>> = {
    OpenTicket: { requester: mark('requester'), fields, group: mark('group') },
    AssignTicket: { agent: mark('assignee'), group: mark('group') },
    QueueTicket: { group: mark('group') },
    OfferTicket: { agent: mark('assignee'), expiresAt: monday9 + 1e9 },
    AcceptOffer: { agent: mark('assignee') },
    UnassignTicket: { reason: mark('note') },
    RecordRequesterReply: { body: mark('comment') },
    AwaitRequester: { comment },
    HoldTicket: { reason: 'vendor', comment },
    ResolveTicket: { code: mark('resolution'), notes: mark('note'), fields },
    ReopenTicket: { reason: mark('note') },
    CancelTicket: { reason: 'spam', notes: mark('note') },
    ChangeFields: { fields },
    AddComment: comment,
    LinkTicket: { ticket: link, relation: coin ? 'child' : 'related' },
    MergeTicket: { into: link },
    EscalateTicket: { reason: mark('note') },
    RateTicket: { rating: 'good', comment: mark('rating') },
    BreachSla: { clock: 'resolution#1' },
  };
  const occurredAt = monday9 + by * 60_000;
  return { type, ticketId: 'T-1', data: data[type] ?? {}, actor: { id: 'who', role }, occurredAt };
}

const steps = fc.array(
  fc.record({
    type: fc.constantFrom<CommandType>(
      ...([
        'AssignTicket',
        'AssignTicket',
        'QueueTicket',
        'OfferTicket',
        'AcceptOffer',
        'UnassignTicket',
      ] as const),
      ...([
        'RecordRequesterReply',
        'AwaitRequester',
        'HoldTicket',
        'ResolveTicket',
        'ResolveTicket',
      ] as const),
      ...([
        'ReopenTicket',
        'CancelTicket',
        'ChangeFields',
        'AddComment',
        'LinkTicket',
        'MergeTicket',
      ] as const),
      ...(['EscalateTicket', 'RateTicket', 'BreachSla', 'StartWork', 'ConfirmResolution'] as const),
    ),
    role: fc.constantFrom(...roles),
    coin: fc.boolean(),
  }),
  { maxLength: 25 },
);

describe('whatever happened to a ticket, and whatever is hidden of it', () => {
  it('nothing that is told of it holds what is hidden', () => {
    const hiding = fc.uniqueArray(fc.constantFrom(...ticketAttributes, ...fieldNames), { maxLength: 6 });
    fc.assert(
      fc.property(steps, hiding, (chosen, names) => {
        const rules = names.map((field) => ({ field, operations: ['read'], roles: ['auditor'] }));
        const everything = { operations: ['read', 'write', 'create', 'transition'] };
        const access = accessBy(policyOf([everything, { ...everything, field: '*' }, ...rules]));
        const guard = access.guardOf(principal(['agent']));
        const told: string[] = [];
        const story = Story.promised(slaRules({ ...gold, name: ':sla:' }));
        for (const id of ['T-1', ...links]) {
          const opening = commandSchema.parse(markedCommand('OpenTicket', 0, 'agent', true));
          story.when({ ...opening, ticketId: id });
        }
        const tell = (value: unknown) => told.push(JSON.stringify(value));
        for (const [index, { type, role, coin }] of chosen.entries()) {
          const by = index + 1;
          const given: Command = commandSchema.parse(markedCommand(type, by, role, coin));
          const before = story.ticket();
          const stamped = { ...given, ticketId: 'T-1', occurredAt: monday9 };
          const denied = guard.refuse(stamped, before, story.tickets);
          const decision = story.when(given).decision;
          if (decision?.status === 'rejected') {
            // What the command itself brought may be said to whoever gave it.
            tell(without(guard.conceal(decision, before), `by${by}.`, coin));
          } else {
            const view = guard.view(story.ticket());
            if (view === undefined) throw new Error('the ticket is not shown');
            for (const each of decision?.events ?? []) tell(eventJson(guard.redact(recorded(each), view)));
          }
          if (denied !== undefined) tell(without(denied, `by${by}.`, coin));
        }
        const view = guard.view(story.ticket());
        if (view === undefined) throw new Error('the ticket is not shown');
        tell(ticketJson(story.ticket(), { partition: 0, position: 1 }, builtInWorkflows, view, guard));
        for (const text of told) expect(leaks(text, names)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('everything is told where nothing is hidden, so that the test above can fail', () => {
    const story = Story.promised(slaRules({ ...gold, name: ':sla:' }));
    const types: readonly CommandType[] = [
      'OpenTicket',
      'AssignTicket',
      'AddComment',
      'ResolveTicket',
      'RateTicket',
    ];
    const told: string[] = [];
    for (const [by, type] of types.entries()) {
      for (const role of ['agent', 'requester'] as const) {
        story.when(commandSchema.parse(markedCommand(type, by, role, true)));
        if (story.decision?.status === 'accepted') told.push(JSON.stringify(story.decision.events));
      }
    }
    expect(marked.filter((name) => name !== 'links' && !told.join().includes(`:${name}:`))).toEqual([]);
    expect(leaks(told.join(), ['state', 'cost'])).toEqual(['state', 'cost']);
  });
});

/** What the command itself brought is no secret to its giver. */
function without(value: unknown, own: string, coin: boolean): unknown {
  const text = JSON.stringify(value).replaceAll(new RegExp(`:[a-z]+:${own}`, 'g'), '');
  return JSON.parse(text.replaceAll(links[coin ? 0 : 1], ''));
}

/** Hidden names whose content can be found in the text. */
function leaks(text: string, names: readonly string[]): readonly string[] {
  return names.filter((name) =>
    name === 'state' ? /\w+\/\w+\/L\d|"lifecycle"/.test(text) : text.includes(`:${name}:`),
  );
}
