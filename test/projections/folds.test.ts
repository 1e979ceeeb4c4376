/** Each read model by itself: events in, rows out, without a database. */
import { describe, expect, it } from 'vitest';
import { everyHourCounts } from '../../domain/metrics/calendars.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { instantText } from '../../projections/instants.ts';
import type { Projection, TableWrite } from '../../projections/projection.ts';
import { changingColumns, columnNames, qualifiedName } from '../../projections/table.ts';
import { throughputProjection } from '../../projections/throughput.ts';
import { entryOfRow, foldTicket, ticketProjection, ticketTable } from '../../projections/ticket.ts';
import { ticketEventProjection } from '../../projections/ticket-event.ts';
import { monday9 } from '../support/tickets.ts';
import { commandOf, Recorder, randomHistory } from './histories.ts';

const hour = 3_600_000;
const context = { workflows: builtInWorkflows, calendars: everyHourCounts, nameOf: qualifiedName };

/** Opened at nine, assigned at ten, held at eleven, resumed at one, resolved at two; recorded a day later. */
function story(): Recorder {
  const recorder = new Recorder();
  recorder.now = monday9 + 24 * hour;
  const fields = { subject: 'No light', priority: 2, category: ['lamp', 'switch'], room: 'B' };
  for (const [type, role, data, hours] of [
    ['OpenTicket', 'requester', { requester: 'rita', fields }, 0],
    ['AssignTicket', 'agent', { agent: 'ada', group: 'desk' }, 1],
    ['HoldTicket', 'agent', { reason: 'vendor', until: monday9 + 9 * hour, timerId: 't-1' }, 2],
    ['ResumeTicket', 'agent', {}, 4],
    ['ResolveTicket', 'agent', { code: 'fixed', notes: 'New bulb.', fields: { room: null } }, 5],
  ] as const) {
    expect(recorder.submit(commandOf('T-1', type, role, data, monday9 + hours * hour))).toBe(true);
  }
  return recorder;
}

/** The rows by column, per table and kind of write. */
function rowsOf(projection: Projection, upTo: number, from = 0) {
  const fold = projection.start(context);
  const { events } = story();
  for (const event of events.slice(0, from)) fold.fold(event);
  if (from > 0) fold.takeWrites();
  for (const event of events.slice(from, upTo)) fold.fold(event);
  return fold
    .takeWrites()
    .map((write) => ({ kind: write.kind, table: write.table.name, rows: named(write) }));
}

function named(write: TableWrite): readonly object[] {
  const columns = write.kind === 'change' ? changingColumns(write.table) : write.table.columns;
  const names = columnNames(columns);
  return [...write.rows].map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
}

describe('ticket', () => {
  it('is one row per ticket, as it is after the batch', () => {
    const [created, changed] = rowsOf(ticketProjection, 3);
    expect(changed).toMatchObject({ kind: 'change', rows: [] });
    expect(created).toMatchObject({ kind: 'append', table: 'ticket' });
    expect(created?.rows).toEqual([
      {
        ticket_id: 'T-1',
        workflow: 'support@1',
        state: 'on_hold/assigned/L0',
        status: 'on_hold',
        status_category: 'hold',
        closed: false,
        assignment: 'assigned',
        escalation: 'L0',
        hold_reason: 'vendor',
        hold_until: '2026-03-02 18:00:00.000Z',
        hold_timer_id: 't-1',
        assignee: 'ada',
        assigned_group: 'desk',
        offered_to: null,
        offer_expires_at: null,
        requester: 'rita',
        subject: 'No light',
        priority: '2',
        category: 'lamp, switch',
        fields: { subject: 'No light', priority: 2, category: ['lamp', 'switch'], room: 'B' },
        links: '[]',
        resolution_code: null,
        resolved_at: null,
        merged_into: null,
        opened_at: '2026-03-02 09:00:00.000Z',
        opened_by_id: 'requester-1',
        opened_by_role: 'requester',
        updated_at: '2026-03-02 11:00:00.000Z',
        revision: 3,
        partition: 0,
        position: 3,
      },
    ]);
  });

  it('replaces the row in a later batch, without the columns that never change', () => {
    const [created, changed] = rowsOf(ticketProjection, 5, 3);
    expect(created?.rows).toEqual([]);
    expect(changed?.rows).toMatchObject([
      { ticket_id: 'T-1', status: 'resolved', hold_reason: null, resolution_code: 'fixed', revision: 5 },
    ]);
    expect(Object.keys(changed?.rows[0] ?? {})).not.toContain('opened_at');
  });

  it('refuses an event that is not the next', () => {
    const fold = ticketProjection.start(context);
    const [first, second, third] = story().events;
    if (first === undefined || second === undefined || third === undefined) throw new Error('no events');
    expect(() => fold.fold(second)).toThrow('its revision is 2');
    fold.fold(first);
    expect(() => fold.fold(third)).toThrow('is at revision 1');
    expect(() => fold.fold(first)).toThrow('is at revision 1');
  });

  it('keeps every part of the state of a ticket but its clocks in its row', () => {
    const entries = new Map<string, ReturnType<typeof foldTicket>>();
    for (const event of randomHistory({ seed: 3, events: 4_000, liveTickets: 20 })) {
      const entry = foldTicket(entries.get(event.ticketId), event, builtInWorkflows);
      entries.set(event.ticketId, entry);
      const row = Object.fromEntries(ticketTable.columns.map((each) => [each.name, each.of(entry)]));
      const ticket = { ...entry.ticket, replied: undefined, clocks: undefined };
      const stored = { ...entry, ticket };
      expect(entryOfRow(row as unknown as Parameters<typeof entryOfRow>[0], builtInWorkflows)).toEqual(
        stored,
      );
    }
  });
});

describe('ticket_event', () => {
  it('is one row per event, with the state it led to', () => {
    const [write] = rowsOf(ticketEventProjection, 5);
    expect(write?.rows).toHaveLength(5);
    expect(write?.rows[2]).toEqual({
      ticket_id: 'T-1',
      revision: 3,
      partition: 0,
      position: 3,
      type: 'TicketHeld',
      workflow: 'support@1',
      status: 'on_hold',
      status_category: 'hold',
      occurred_at: '2026-03-02 11:00:00.000Z',
      recorded_at: '2026-03-03 09:00:00.000Z',
      actor_id: 'agent-1',
      actor_role: 'agent',
      on_behalf_of_id: null,
      command_id: null,
      correlation_id: null,
      source: 'test',
      data: { reason: 'vendor', until: monday9 + 9 * hour, timerId: 't-1' },
    });
  });
});

describe('throughput', () => {
  it('counts by commit time, and the windows agree with each other', () => {
    const writes = rowsOf(throughputProjection, 5);
    expect(writes.map(({ kind, table }) => [kind, table])).toEqual([
      ['count', 'throughput_second'],
      ['count', 'throughput_minute'],
      ['count', 'throughput_hour'],
      ['count', 'throughput_day'],
      ['expire', 'throughput_second'],
      ['expire', 'throughput_minute'],
      ['expire', 'throughput_hour'],
    ]);
    for (const { rows } of writes.slice(0, 4)) expect(rows).toHaveLength(5);
    expect(writes[3]?.rows[0]).toEqual({
      window_start: '2026-03-03 00:00:00.000Z',
      workflow: 'support@1',
      type: 'TicketAssigned',
      state: 'open',
      transitions: 1,
    });
  });
});

describe('the text of an instant', () => {
  it.each([
    [0, '1970-01-01 00:00:00.000Z'],
    [-1, '1969-12-31 23:59:59.999Z'],
    [Date.UTC(2026, 1, 28, 23, 5, 9, 7), '2026-02-28 23:05:09.007Z'],
    [Date.UTC(12_026, 0, 1), '12026-01-01T00:00:00.000Z'],
    [-62_135_596_800_001, '0001-12-31T23:59:59.999Z BC'],
    [-8.64e15, '4714-11-24T00:00:00.000Z BC'],
  ])('%d', (epochMs, text) => {
    expect(instantText(epochMs)).toBe(text);
  });
});
