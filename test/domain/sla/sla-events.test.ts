/** SLA clocks told as stories: what each command does to them, and when they run out. */
import { describe, expect, it } from 'vitest';
import type { SlaMetric } from '../../../domain/sla/clock.ts';
import type { NewEvent } from '../../../domain/ticket/events.ts';
import { command, Story } from '../../support/given.ts';
import { gold, hour, minute, slaRules } from '../../support/sla.ts';
import { monday9 } from '../../support/tickets.ts';

const rules = slaRules(gold);

/** Promises for these metrics only. */
function only(...metrics: readonly SlaMetric[]) {
  return slaRules({
    ...gold,
    targets: gold.targets.filter(({ metric }) => metrics.includes(metric as never)),
  });
}

function opening(fields: object = {}, hours = 0) {
  return command('OpenTicket', { requester: 'rita', fields }, 'requester', hours);
}
const assign = (hours: number) => command('AssignTicket', { agent: 'ana' }, 'agent', hours);
const reply = (hours: number) => command('AddComment', { body: 'We look.', public: true }, 'agent', hours);
const note = (hours: number) => command('AddComment', { body: 'Odd.', public: false }, 'agent', hours);
const ask = (hours: number) => command('RecordRequesterReply', { body: 'Hello?' }, 'requester', hours);
const wait = (hours: number) =>
  command('AwaitRequester', { comment: { body: 'Which?', public: true } }, 'agent', hours);
const hold = (hours: number) => command('HoldTicket', { reason: 'vendor' }, 'agent', hours);
const resume = (hours: number) => command('ResumeTicket', {}, 'agent', hours);
const resolve = (hours: number) =>
  command('ResolveTicket', { code: 'fixed', notes: 'Done.' }, 'agent', hours);
const reopen = (hours: number) => command('ReopenTicket', {}, 'requester', hours);
const prioritise = (priority: string | null, hours: number) =>
  command('ChangeFields', { fields: { priority } }, 'agent', hours);

/** The clock events of the last command, with their time in hours after Monday 09:00. */
function clocksIn(story: Story): readonly (readonly [string, number, object])[] {
  const decision = story.decision;
  if (decision?.status !== 'accepted') throw new Error(`refused: ${decision?.message}`);
  return decision.events.filter(isClock).map(({ type, data, occurredAt }) => {
    return [type, (occurredAt - monday9) / hour, data];
  });
}

function isClock({ type }: NewEvent): boolean {
  return type.startsWith('Sla');
}

describe('when a ticket is opened', () => {
  it('every promise starts, but those that wait for a comment', () => {
    const story = new Story();
    story.sla = rules;
    story.when(opening({ priority: 'high' }));
    expect(clocksIn(story).map(([type, , data]) => [type, (data as { clock: string }).clock])).toEqual([
      ['SlaStarted', 'first_reply#1'],
      ['SlaStarted', 'requester_wait#1'],
      ['SlaStarted', 'agent_work#1'],
      ['SlaStarted', 'resolution#1'],
    ]);
    expect(clocksIn(story)[0]?.[2]).toEqual({
      clock: 'first_reply#1',
      metric: 'first_reply',
      policy: 'gold',
      policyVersion: '1',
      priority: 'high',
      targetMs: hour,
      hours: 'calendar',
      dueAt: monday9 + hour,
    });
  });

  it('business hours end with the day and go on with the next', () => {
    const story = new Story();
    story.sla = rules;
    story.when(opening({}, 4));
    // 16 business hours from 13:00: four today, eight tomorrow, four the day after.
    expect(clocksIn(story)[3]?.[2]).toMatchObject({ calendar: 'office', dueAt: monday9 + 52 * hour });
  });

  it('without a policy nothing is kept, and no event is added', () => {
    const story = Story.promised(slaRules({ ...gold, when: { workflow: 'incident' } }), opening());
    expect(clocksIn(story)).toEqual([]);
    expect(story.ticket().clocks).toBeUndefined();
  });

  it('clock events carry the command of their cause, and are the desk itself', () => {
    const story = new Story();
    story.sla = rules;
    story.when({ ...opening(), commandId: 'c-1', source: 'mail' });
    const events = story.decision?.status === 'accepted' ? story.decision.events : [];
    expect(events[1]).toMatchObject({
      commandId: 'c-1',
      source: 'mail',
      actor: { id: 'docket', role: 'system' },
    });
    expect(events[1]?.commandDigest).toBeUndefined();
  });

  it('a ticket that is split off has clocks of its own', () => {
    const story = Story.promised(rules, opening(), assign(1)).when(
      command('SplitTicket', {}, 'agent', 2),
      'T-2',
    );
    expect(story.ticket('T-2').clocks?.map(({ clock }) => clock)).toEqual([
      'first_reply#1',
      'requester_wait#1',
      'agent_work#1',
      'resolution#1',
    ]);
  });
});

describe('replies', () => {
  it('the first is fulfilled by a public comment, not by a note', () => {
    const story = Story.promised(only('first_reply'), opening(), note(1));
    expect(clocksIn(story)).toEqual([]);
    story.when(reply(2));
    expect(clocksIn(story)).toEqual([['SlaFulfilled', 2, { clock: 'first_reply#1', elapsedMs: 2 * hour }]]);
    expect(clocksIn(story.when(reply(3)))).toEqual([]);
  });

  it('the next is measured from the oldest comment without an answer', () => {
    const story = Story.promised(only('next_reply'), opening(), ask(0.25), reply(0.5), ask(1));
    expect(clocksIn(story)).toMatchObject([
      ['SlaStarted', 1, { clock: 'next_reply#1', dueAt: monday9 + 3 * hour }],
    ]);
    expect(clocksIn(story.when(ask(2)))).toEqual([]);
    story.when(reply(2.5));
    expect(clocksIn(story)).toEqual([
      ['SlaFulfilled', 2.5, { clock: 'next_reply#1', elapsedMs: 1.5 * hour }],
    ]);
    expect(clocksIn(story.when(ask(5)))).toMatchObject([['SlaStarted', 5, { clock: 'next_reply#2' }]]);
  });

  it('a ticket that is resolved without one cancels the promise instead of keeping it', () => {
    const story = Story.promised(only('first_reply'), opening(), assign(1)).when(resolve(2));
    expect(clocksIn(story)).toEqual([['SlaCancelled', 2, { clock: 'first_reply#1', reason: 'resolved' }]]);
  });
});

describe('pausing', () => {
  it('lets the requester wait only while the desk has the ticket, and due time move by the pause', () => {
    const story = Story.promised(only('requester_wait'), opening(), assign(1)).when(wait(2));
    expect(clocksIn(story)).toEqual([['SlaPaused', 2, { clock: 'requester_wait#1', remainingMs: 6 * hour }]]);
    story.when(ask(10));
    expect(clocksIn(story)).toEqual([
      ['SlaResumed', 10, { clock: 'requester_wait#1', dueAt: monday9 + 16 * hour }],
    ]);
    story.when(resolve(11));
    expect(clocksIn(story)).toEqual([
      ['SlaFulfilled', 11, { clock: 'requester_wait#1', elapsedMs: 3 * hour }],
    ]);
  });

  it('agent work also pauses on hold, where the requester goes on waiting', () => {
    const story = Story.promised(only('requester_wait', 'agent_work'), opening(), assign(1)).when(hold(2));
    expect(clocksIn(story)).toEqual([['SlaPaused', 2, { clock: 'agent_work#1', remainingMs: 3 * hour }]]);
    expect(clocksIn(story.when(resume(3)))).toEqual([
      ['SlaResumed', 3, { clock: 'agent_work#1', dueAt: monday9 + 6 * hour }],
    ]);
  });

  it('what is fulfilled while it is paused took what it took until then', () => {
    const story = Story.promised(only('agent_work'), opening(), assign(1), hold(2)).when(resolve(9));
    expect(clocksIn(story)).toEqual([['SlaFulfilled', 9, { clock: 'agent_work#1', elapsedMs: 2 * hour }]]);
  });

  it('an imported history that runs backwards never counts time twice', () => {
    const story = Story.promised(only('agent_work'), opening(), assign(1), hold(2), resume(1)).when(hold(3));
    expect(clocksIn(story)).toEqual([['SlaPaused', 3, { clock: 'agent_work#1', remainingMs: 2 * hour }]]);
  });
});

describe('breaches', () => {
  it('are stamped with the deadline by the next event, before what that event does itself', () => {
    const story = Story.promised(only('first_reply'), opening({ priority: 'high' })).when(reply(5));
    expect(clocksIn(story)).toEqual([
      ['SlaBreached', 1, { clock: 'first_reply#1', dueAt: monday9 + hour }],
      ['SlaFulfilled', 5, { clock: 'first_reply#1', elapsedMs: 5 * hour }],
    ]);
  });

  it('happen once, at the deadline itself and not before', () => {
    const story = Story.promised(only('first_reply'), opening({ priority: 'high' }));
    expect(clocksIn(story.when(note(1 - 1 / 3_600_000)))).toEqual([]);
    expect(clocksIn(story.when(note(1)))).toMatchObject([['SlaBreached', 1, {}]]);
    expect(clocksIn(story.when(note(2)))).toEqual([]);
  });

  it('end with what is overdue at a pause, and come back with nothing left', () => {
    const story = Story.promised(only('agent_work'), opening(), assign(1)).when(hold(6));
    expect(clocksIn(story)).toEqual([
      ['SlaBreached', 5, { clock: 'agent_work#1', dueAt: monday9 + 5 * hour }],
      ['SlaPaused', 6, { clock: 'agent_work#1', remainingMs: -hour }],
    ]);
    story.when(resume(8));
    expect(clocksIn(story)).toEqual([
      ['SlaResumed', 8, { clock: 'agent_work#1', dueAt: monday9 + 8 * hour }],
    ]);
    expect(clocksIn(story.when(resolve(9)))).toEqual([
      ['SlaFulfilled', 9, { clock: 'agent_work#1', elapsedMs: 7 * hour }],
    ]);
  });

  it('can be told by a command, whose event happens at the deadline, however late it comes', () => {
    const breach = (clock: string, hours: number) => command('BreachSla', { clock }, 'system', hours);
    const story = Story.promised(only('first_reply'), opening({ priority: 'high' }));
    story
      .when(breach('first_reply#1', 0.5))
      .thenRejected('condition_unmet', /not due before 2026-03-02T10:00/);
    story.when(breach('first_reply#2', 3)).thenRejected('condition_unmet', /no SLA clock first_reply#2/);
    story
      .when(command('BreachSla', { clock: 'first_reply#1' }, 'lead', 3))
      .thenRejected('role_not_permitted');
    expect(clocksIn(story.when(breach('first_reply#1', 30)))).toEqual([
      ['SlaBreached', 1, { clock: 'first_reply#1', dueAt: monday9 + hour }],
    ]);
    story.when(breach('first_reply#1', 31)).thenRejected('condition_unmet', /breached already/);
    const closed = Story.promised(only('first_reply'), opening(), assign(1), resolve(2));
    closed.when(breach('first_reply#1', 9)).thenRejected('illegal_transition');
  });
});

describe('the end of a ticket', () => {
  it('cancels what was promised when it is cancelled or merged', () => {
    const story = Story.promised(only('resolution'), opening()).when(
      command('CancelTicket', { reason: 'spam' }, 'agent', 1),
    );
    expect(clocksIn(story)).toEqual([['SlaCancelled', 1, { clock: 'resolution#1', reason: 'cancelled' }]]);
    const other = { ...opening(), ticketId: 'T-2' };
    const merged = Story.promised(only('resolution'), opening(), other).when(
      command('MergeTicket', { into: 'T-2' }, 'agent', 1),
    );
    expect(clocksIn(merged)).toEqual([['SlaCancelled', 1, { clock: 'resolution#1', reason: 'merged' }]]);
  });

  it('a reopened ticket begins anew, but for the first reply', () => {
    const story = Story.promised(rules, opening(), assign(1), resolve(2)).when(reopen(5));
    expect(clocksIn(story)).toMatchObject([
      ['SlaStarted', 5, { clock: 'first_reply#2' }],
      ['SlaStarted', 5, { clock: 'requester_wait#2', dueAt: monday9 + 13 * hour }],
      ['SlaStarted', 5, { clock: 'agent_work#2' }],
      ['SlaStarted', 5, { clock: 'resolution#2' }],
    ]);
    const replied = Story.promised(rules, opening(), assign(1), reply(1), resolve(2)).when(reopen(5));
    expect(clocksIn(replied).map(([, , data]) => (data as { metric: string }).metric)).not.toContain(
      'first_reply',
    );
  });
});

describe('another priority', () => {
  it('ends the clock and starts one that goes on with what has passed', () => {
    const story = Story.promised(only('first_reply'), opening()).when(prioritise('high', 0.5));
    expect(clocksIn(story)).toMatchObject([
      ['SlaCancelled', 0.5, { clock: 'first_reply#1', reason: 'priority_changed' }],
      [
        'SlaStarted',
        0.5,
        { clock: 'first_reply#2', priority: 'high', elapsedMs: 30 * minute, dueAt: monday9 + hour },
      ],
    ]);
    expect(clocksIn(story.when(reply(0.75)))).toEqual([
      ['SlaFulfilled', 0.75, { clock: 'first_reply#2', elapsedMs: 45 * minute }],
    ]);
  });

  it('that promised less time than has passed is breached as it comes, and leaves the past alone', () => {
    const story = Story.promised(only('first_reply'), opening()).when(prioritise('high', 3));
    expect(clocksIn(story)).toMatchObject([
      ['SlaCancelled', 3, { clock: 'first_reply#1' }],
      ['SlaStarted', 3, { clock: 'first_reply#2', dueAt: monday9 + 3 * hour }],
      ['SlaBreached', 3, { clock: 'first_reply#2' }],
    ]);
  });

  it('keeps a paused clock paused', () => {
    const story = Story.promised(only('agent_work'), opening(), assign(1), hold(2)).when(
      prioritise('low', 7),
    );
    expect(clocksIn(story)).toMatchObject([
      ['SlaCancelled', 7, { clock: 'agent_work#1' }],
      ['SlaStarted', 7, { clock: 'agent_work#2', elapsedMs: 2 * hour }],
      ['SlaPaused', 7, { clock: 'agent_work#2', remainingMs: 3 * hour }],
    ]);
  });

  it('given to a ticket that nothing was promised yet counts from its opening', () => {
    const high = {
      ...gold,
      targets: [{ metric: 'first_reply', priority: 'high', minutes: 60, hours: 'calendar' }],
    };
    const story = Story.promised(slaRules(high), opening()).when(prioritise('high', 0.25));
    expect(clocksIn(story)).toMatchObject([
      ['SlaStarted', 0.25, { clock: 'first_reply#1', elapsedMs: 15 * minute, dueAt: monday9 + hour }],
    ]);
    const late = Story.promised(slaRules(high), opening(), reply(0.1)).when(prioritise('high', 0.25));
    expect(clocksIn(late)).toEqual([]);
    expect(clocksIn(story.when(prioritise(null, 0.5)))).toEqual([
      ['SlaCancelled', 0.5, { clock: 'first_reply#1', reason: 'no_target' }],
    ]);
  });
});

describe('other policies', () => {
  it('apply to tickets from then on, and leave running clocks their terms', () => {
    const story = Story.promised(only('resolution'), opening());
    const before = story.ticket().clocks;
    story.sla = slaRules({
      ...gold,
      version: '2',
      targets: [{ metric: 'resolution', minutes: 1, hours: 'calendar' }],
    });
    expect(clocksIn(story.when(assign(1)))).toEqual([]);
    expect(story.ticket().clocks).toEqual(before);
    expect(clocksIn(story.when(command('ChangeFields', { fields: { room: 'B' } }, 'agent', 2)))).toEqual([]);
    story.when(resolve(2));
    expect(clocksIn(story.when(reopen(3)))).toMatchObject([
      ['SlaStarted', 3, { clock: 'resolution#2', policyVersion: '2', targetMs: minute }],
    ]);
  });

  it('that a group asks for replace the one that the ticket had', () => {
    const network = { ...gold, name: 'network', when: { group: ['network'] } };
    const story = Story.promised(slaRules(network, gold), opening()).when(
      command('QueueTicket', { group: 'network' }, 'agent', 1),
    );
    expect(clocksIn(story).slice(0, 2)).toMatchObject([
      ['SlaCancelled', 1, { clock: 'first_reply#1', reason: 'policy_changed' }],
      ['SlaStarted', 1, { clock: 'first_reply#2', policy: 'network', group: 'network', elapsedMs: hour }],
    ]);
  });
});
