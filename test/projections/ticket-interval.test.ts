/** Intervals and what is counted from them: hand-made stories in, hand-computed rows out. */
import { describe, expect, it } from 'vitest';
import {
  type Calendar,
  type Calendars,
  everyHourCounts,
  roundTheClock,
} from '../../domain/metrics/calendars.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { replay } from '../../domain/ticket/evolve.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { qualifiedName } from '../../projections/table.ts';
import { ticketIntervalProjection } from '../../projections/ticket-interval.ts';
import { assigneeAfter, groupAfter, priorityAfter } from '../../projections/values-after.ts';
import { monday9 } from '../support/tickets.ts';
import { commandOf, Recorder, randomHistory } from './histories.ts';
import { type WrittenRow, WrittenTables } from './written.ts';

const hour = 3_600_000;

type Step = readonly [hours: number, type: Command['type'], role: Command['actor']['role'], data: object];

/** The events of one ticket; times are hours after Monday at nine. */
function eventsOf(steps: readonly Step[]): readonly RecordedEvent[] {
  const recorder = new Recorder();
  for (const [hours, type, role, data] of steps) {
    expect(recorder.submit(commandOf('T-1', type, role, data, monday9 + hours * hour))).toBe(true);
  }
  return recorder.events;
}

/** The tables after these events, `batchSize` at a time. */
function tablesOf(
  events: readonly RecordedEvent[],
  options: { readonly calendars?: Calendars; readonly batchSize?: number } = {},
): WrittenTables {
  const { calendars = everyHourCounts, batchSize = events.length } = options;
  const fold = ticketIntervalProjection.start({
    workflows: builtInWorkflows,
    calendars,
    nameOf: qualifiedName,
  });
  const tables = new WrittenTables();
  for (let start = 0; start < events.length; start += batchSize) {
    for (const event of events.slice(start, start + batchSize)) fold.fold(event);
    tables.apply(fold.takeWrites());
  }
  return tables;
}

/** `value from-to` of each interval of a dimension, in hours of Monday; `…` for one that runs. */
function linesOf(tables: WrittenTables, dimension: string): readonly string[] {
  return tables
    .rows('ticket_interval')
    .filter((row) => row.dimension === dimension)
    .map((row) => `${row.value ?? '-'} ${hourOf(row.begun_at)}-${hourOf(row.ended_at)}`);
}

function hourOf(text: WrittenRow[string] | undefined): string {
  return typeof text === 'string' ? text.slice(11, 13) : '…';
}

/** Rows without what every row of this story has alike. */
function brief(rows: readonly WrittenRow[], ...names: readonly string[]): readonly unknown[] {
  return rows.map((row) => names.map((name) => row[name]));
}

const life: readonly Step[] = [
  [0, 'OpenTicket', 'requester', { requester: 'rita', fields: { priority: 2 } }],
  [1, 'AssignTicket', 'agent', { agent: 'ada', group: 'desk' }],
  [2, 'HoldTicket', 'agent', { reason: 'vendor' }],
  [4, 'ResumeTicket', 'agent', {}],
  [4, 'ChangeFields', 'agent', { fields: { priority: 'high', room: 'B' } }],
  [5, 'ResolveTicket', 'agent', { code: 'fixed', notes: 'New bulb.' }],
];

describe.each([1, 2, 100])('intervals, %d events in a batch', (batchSize) => {
  it('say which value a ticket had, from when to when', () => {
    const tables = tablesOf(eventsOf(life), { batchSize });
    expect(linesOf(tables, 'status')).toEqual([
      'new 09-10',
      'open 10-11',
      'on_hold 11-13',
      'open 13-14',
      'resolved 14-…',
    ]);
    expect(linesOf(tables, 'assignee')).toEqual(['ada 10-…']);
    expect(linesOf(tables, 'group')).toEqual(['desk 10-…']);
    expect(linesOf(tables, 'priority')).toEqual(['2 09-13', 'high 13-…']);
    expect(tables.rows('ticket_interval').find((row) => row.value === 'on_hold')).toEqual({
      ticket_id: 'T-1',
      dimension: 'status',
      revision: 3,
      value: 'on_hold',
      status_category: 'hold',
      next_value: 'open',
      begun_at: '2026-03-02 11:00:00.000Z',
      ended_at: '2026-03-02 13:00:00.000Z',
      ms: 2 * hour,
      business_ms: 2 * hour,
      workflow: 'support@1',
      assigned_group: 'desk',
      priority: '2',
      position: 3,
    });
  });

  it('know nobody only between two holders and after the last', () => {
    const tables = tablesOf(
      eventsOf([
        [0, 'OpenTicket', 'requester', {}],
        [1, 'AssignTicket', 'agent', { agent: 'ada', group: 'desk' }],
        [2, 'UnassignTicket', 'lead', {}],
        [3, 'AssignTicket', 'agent', { agent: 'ada' }],
        [4, 'QueueTicket', 'agent', { group: 'net' }],
      ]),
      { batchSize },
    );
    expect(linesOf(tables, 'assignee')).toEqual(['ada 10-11', '- 11-12', 'ada 12-13', '- 13-…']);
    expect(linesOf(tables, 'group')).toEqual(['desk 10-11', '- 11-13', 'net 13-…']);
    expect(linesOf(tables, 'priority')).toEqual([]);
  });

  it('never run backwards: a change that is told late counts from the change before it', () => {
    const tables = tablesOf(
      eventsOf([
        [0, 'OpenTicket', 'requester', {}],
        [3, 'AssignTicket', 'agent', { agent: 'ada', group: 'desk' }],
        [2, 'HoldTicket', 'agent', { reason: 'vendor' }],
        [1, 'QueueTicket', 'agent', { group: 'net' }],
        [5, 'ResumeTicket', 'agent', {}],
      ]),
      { batchSize },
    );
    expect(linesOf(tables, 'status')).toEqual(['new 09-12', 'open 12-12', 'on_hold 12-14', 'open 14-…']);
    expect(linesOf(tables, 'group')).toEqual(['desk 12-12', 'net 12-…']);
  });

  it('count business time by the calendar of the group that had the ticket then', () => {
    const closed: Calendar = { name: 'closed', businessMs: () => 0, addBusinessMs: (from) => from };
    const calendars: Calendars = {
      ...everyHourCounts,
      of: (group) => (group === 'night' ? closed : roundTheClock),
    };
    const tables = tablesOf(
      eventsOf([
        [0, 'OpenTicket', 'requester', { fields: { priority: 'low' } }],
        [1, 'AssignTicket', 'agent', { agent: 'ada', group: 'desk' }],
        [3, 'AssignTicket', 'agent', { agent: 'ada', group: 'night' }],
        [7, 'AssignTicket', 'agent', { agent: 'ada', group: 'desk' }],
        [8, 'ChangeFields', 'agent', { fields: { priority: 'high' } }],
        [10, 'ResolveTicket', 'agent', { code: 'fixed', notes: 'Done.' }],
      ]),
      { calendars, batchSize },
    );
    const ended = tables.rows('ticket_interval').filter((row) => row.ended_at !== null);
    expect(new Set(brief(ended, 'value', 'ms', 'business_ms'))).toEqual(
      new Set([
        ['new', hour, hour],
        // From ten to seven; from noon to four nothing counts.
        ['open', 9 * hour, 5 * hour],
        ['desk', 2 * hour, 2 * hour],
        ['night', 4 * hour, 0],
        ['low', 8 * hour, 4 * hour],
      ]),
    );
  });
});

describe.each([1, 2, 100])('what is counted, %d events in a batch', (batchSize) => {
  it('is the backlog entered and left, by a quarter of an hour and by the day', () => {
    const tables = tablesOf(eventsOf(life), { batchSize });
    const names = ['assigned_group', 'priority', 'status_category', 'change'];
    expect(brief(tables.rows('backlog_change'), 'slot_start', ...names).toSorted()).toEqual([
      ['2026-03-02 09:00:00.000Z', '', '2', 'new', 1],
      ['2026-03-02 10:00:00.000Z', '', '2', 'new', -1],
      ['2026-03-02 10:00:00.000Z', 'desk', '2', 'open', 1],
      ['2026-03-02 11:00:00.000Z', 'desk', '2', 'hold', 1],
      ['2026-03-02 11:00:00.000Z', 'desk', '2', 'open', -1],
      ['2026-03-02 13:00:00.000Z', 'desk', '2', 'hold', -1],
      // Entered when the hold ended, left when the priority changed.
      ['2026-03-02 13:00:00.000Z', 'desk', '2', 'open', 0],
      ['2026-03-02 13:00:00.000Z', 'desk', 'high', 'open', 1],
      ['2026-03-02 14:00:00.000Z', 'desk', 'high', 'open', -1],
    ]);
    expect(brief(tables.rows('backlog_change_day'), 'day_start', ...names).toSorted()).toEqual([
      ['2026-03-02 00:00:00.000Z', '', '2', 'new', 0],
      ['2026-03-02 00:00:00.000Z', 'desk', '2', 'hold', 0],
      ['2026-03-02 00:00:00.000Z', 'desk', '2', 'open', 0],
      ['2026-03-02 00:00:00.000Z', 'desk', 'high', 'open', 0],
    ]);
  });

  it('is who has the ticket now, resolved ones too', () => {
    const tables = tablesOf(eventsOf(life), { batchSize });
    const now = (table: string) => tables.rows(table).filter((row) => row.tickets !== 0);
    expect(now('agent_workload')).toEqual([
      { agent: 'ada', workflow: 'support@1', status_category: 'resolved', tickets: 1 },
    ]);
    expect(now('group_workload')).toEqual([
      { assigned_group: 'desk', workflow: 'support@1', status_category: 'resolved', tickets: 1 },
    ]);
  });

  it('is the moves between statuses, with the time before them', () => {
    const tables = tablesOf(eventsOf(life), { batchSize });
    const moves = tables.rows('status_move_day');
    expect(new Set(moves.map((row) => row.day_start))).toEqual(new Set(['2026-03-02 00:00:00.000Z']));
    expect(new Set(brief(moves, 'assigned_group', 'from_status', 'to_status', 'moves', 'ms'))).toEqual(
      new Set([
        ['desk', 'new', 'open', 1, hour],
        ['desk', 'open', 'on_hold', 1, hour],
        ['desk', 'on_hold', 'open', 1, 2 * hour],
        ['desk', 'open', 'resolved', 1, hour],
      ]),
    );
  });

  it('is the handovers, and which of them went back to where the ticket came from', () => {
    const tables = tablesOf(
      eventsOf([
        [0, 'OpenTicket', 'requester', {}],
        [1, 'AssignTicket', 'agent', { agent: 'ada', group: 'desk' }],
        [3, 'AssignTicket', 'agent', { agent: 'ken', group: 'net' }],
        // Nobody in between makes no difference, and is in no time.
        [4, 'UnassignTicket', 'lead', {}],
        [8, 'AssignTicket', 'agent', { agent: 'ada', group: 'net' }],
        // Back to the same one is no handover, and ada still had it from ken.
        [9, 'RemoveAgent', 'lead', {}],
        [10, 'AssignTicket', 'agent', { agent: 'ada' }],
        [11, 'AssignTicket', 'agent', { agent: 'ken', group: 'ops' }],
        [12, 'AssignTicket', 'agent', { agent: 'ken', group: 'desk' }],
      ]),
      { batchSize },
    );
    const names = ['from_value', 'to_value', 'handovers', 'returns', 'ms'];
    const of = (dimension: string) =>
      brief(
        tables.rows('handover_day').filter((row) => row.dimension === dimension),
        ...names,
      ).toSorted();
    expect(of('assignee')).toEqual([
      ['ada', 'ken', 2, 1, 3 * hour],
      ['ken', 'ada', 1, 1, hour],
    ]);
    expect(of('group')).toEqual([
      ['desk', 'net', 1, 0, 2 * hour],
      ['net', 'ops', 1, 0, 3 * hour],
      ['ops', 'desk', 1, 0, hour],
    ]);
  });
});

describe('an event that can not follow', () => {
  it('is refused and changes nothing', () => {
    const [opened, assigned] = eventsOf(life);
    if (opened === undefined || assigned === undefined) throw new Error('no events');
    const context = { workflows: builtInWorkflows, calendars: everyHourCounts, nameOf: qualifiedName };
    const fold = ticketIntervalProjection.start(context);
    expect(() => fold.fold(assigned)).toThrow('its revision is 2');
    fold.fold(opened);
    expect(() => fold.fold(opened)).toThrow('are at revision 1');
    expect(() => fold.fold({ ...assigned, state: 'nowhere' })).toThrow('nowhere');
    const tables = new WrittenTables();
    tables.apply(fold.takeWrites());
    expect(linesOf(tables, 'status')).toEqual(['new 09-…']);
    expect(linesOf(tables, 'assignee')).toEqual([]);
  });
});

describe('who has a ticket, and how urgent it is', () => {
  it('is what the whole ticket says', () => {
    const histories = new Map<string, RecordedEvent[]>();
    for (const event of randomHistory({ seed: 5, events: 3_000, liveTickets: 30 })) {
      histories.set(event.ticketId, [...(histories.get(event.ticketId) ?? []), event]);
    }
    for (const [ticketId, events] of histories) {
      let [assignee, group, priority]: (string | undefined)[] = [];
      for (const event of events) {
        assignee = assigneeAfter(event, assignee);
        group = groupAfter(event, group);
        priority = priorityAfter(event, priority);
      }
      const ticket = replay(ticketId, events);
      const expected = [ticket?.assignee, ticket?.group, ticket?.fields.priority];
      expect([assignee, group, priority]).toEqual(expected);
    }
  });
});
