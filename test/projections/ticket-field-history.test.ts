/** The history of fields, and links: hand-made stories in, hand-computed rows out. */
import { describe, expect, it } from 'vitest';
import { everyHourCounts } from '../../domain/metrics/calendars.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import type { Projection } from '../../projections/projection.ts';
import { qualifiedName } from '../../projections/table.ts';
import { ticketFieldHistoryProjection } from '../../projections/ticket-field-history.ts';
import { ticketLinkProjection } from '../../projections/ticket-link.ts';
import { monday9 } from '../support/tickets.ts';
import { commandOf, Recorder } from './histories.ts';
import { WrittenTables } from './written.ts';

const hour = 3_600_000;
const context = { workflows: builtInWorkflows, calendars: everyHourCounts, nameOf: qualifiedName };

type Step = readonly [hours: number, type: Command['type'], role: Command['actor']['role'], data: object];

function eventsOf(steps: readonly Step[], ticketId = 'T-1', recorder = new Recorder()) {
  for (const [hours, type, role, data] of steps) {
    expect(recorder.submit(commandOf(ticketId, type, role, data, monday9 + hours * hour))).toBe(true);
  }
  return recorder.events;
}

function tablesOf(projection: Projection, events: readonly RecordedEvent[], batchSize: number) {
  const fold = projection.start(context);
  const tables = new WrittenTables();
  for (let start = 0; start < events.length; start += batchSize) {
    for (const event of events.slice(start, start + batchSize)) fold.fold(event);
    tables.apply(fold.takeWrites());
  }
  return tables;
}

/** `field: value from-to` of each row, in hours of Monday; `…` for one that holds. */
function linesOf(events: readonly RecordedEvent[], batchSize: number): readonly string[] {
  const rows = tablesOf(ticketFieldHistoryProjection, events, batchSize).rows('ticket_field_history');
  const hourOf = (text: unknown) => (typeof text === 'string' ? text.slice(11, 13) : '…');
  return rows.map((row) => `${row.field}: ${row.value} ${hourOf(row.valid_from)}-${hourOf(row.valid_to)}`);
}

describe.each([1, 2, 100])('the history of fields, %d events in a batch', (batchSize) => {
  it('has a row for each value, and says who set it', () => {
    const events = eventsOf([
      [0, 'OpenTicket', 'requester', { fields: { subject: 'No light', impact: 3, tags: ['a', 'ü"\\'] } }],
      [1, 'ChangeFields', 'agent', { fields: { subject: 'No light at all', vip: true, room: null } }],
      [2, 'ChangeFields', 'agent', { fields: { subject: null, impact: 3, tags: ['a', 'ü"\\'] } }],
      [3, 'AssignTicket', 'agent', { agent: 'ada' }],
      [4, 'ResolveTicket', 'agent', { code: 'fixed', notes: 'Bulb.', fields: { cause: 'bulb' } }],
    ]);
    expect(linesOf(events, batchSize)).toEqual([
      'subject: "No light" 09-10',
      'impact: 3 09-…',
      'tags: ["a","ü\\"\\\\"] 09-…',
      'subject: "No light at all" 10-11',
      'vip: true 10-…',
      'subject: null 11-…',
      'cause: "bulb" 13-…',
    ]);
    const tables = tablesOf(ticketFieldHistoryProjection, events, batchSize);
    expect(tables.rows('ticket_field_history')[3]).toEqual({
      ticket_id: 'T-1',
      field: 'subject',
      revision: 2,
      value: '"No light at all"',
      valid_from: '2026-03-02 10:00:00.000Z',
      valid_to: '2026-03-02 11:00:00.000Z',
      changed_by: 'agent-1',
      position: 2,
    });
  });

  it('knows a value again that PostgreSQL could not hold as it was', () => {
    const fields = { subject: 'zero \0 and lone \ud800', tags: ['\0'] };
    const events = eventsOf([
      [0, 'OpenTicket', 'requester', { fields }],
      [1, 'ChangeFields', 'agent', { fields: { ...fields, room: 'B' } }],
    ]);
    expect(linesOf(events, batchSize)).toEqual([
      'subject: "zero \ufffd and lone \ufffd" 09-…',
      'tags: ["\ufffd"] 09-…',
      'room: "B" 10-…',
    ]);
  });

  it('never runs backwards: a change that is told late holds from the change before it', () => {
    const events = eventsOf([
      [0, 'OpenTicket', 'requester', { fields: { room: 'A' } }],
      [3, 'ChangeFields', 'agent', { fields: { room: 'B' } }],
      [1, 'ChangeFields', 'agent', { fields: { room: 'C', floor: 2 } }],
    ]);
    expect(linesOf(events, batchSize)).toEqual([
      'room: "A" 09-12',
      'room: "B" 12-12',
      'room: "C" 12-…',
      'floor: 2 12-…',
    ]);
  });

  it('loses every value of a field that is redacted, and none of a later one', () => {
    const events = eventsOf([
      [0, 'OpenTicket', 'requester', { fields: { subject: 'Rita, born 1970', room: 'A' } }],
      [1, 'ChangeFields', 'agent', { fields: { subject: 'Rita' } }],
      [2, 'ChangeFields', 'agent', { fields: { subject: 'Rita again', room: null } }],
      [3, 'RedactContent', 'lead', { fields: ['subject', 'room', 'no such field'], reason: 'personal' }],
      [4, 'ChangeFields', 'agent', { fields: { subject: 'A lamp' } }],
      [5, 'ChangeFields', 'agent', { fields: { subject: 'The lamp' } }],
    ]);
    expect(linesOf(events, batchSize)).toEqual([
      'subject: null 09-10',
      'room: null 09-11',
      'subject: null 10-11',
      'subject: null 11-12',
      'room: null 11-…',
      'subject: null 12-13',
      'subject: "A lamp" 13-14',
      'subject: "The lamp" 14-…',
    ]);
  });
});

describe('the history of fields', () => {
  it('refuses an event that can not follow, and only one that touches fields', () => {
    const [opened, changed, comment] = eventsOf([
      [0, 'OpenTicket', 'requester', { fields: { room: 'A' } }],
      [1, 'ChangeFields', 'agent', { fields: { room: 'B' } }],
      [2, 'AddComment', 'agent', { body: 'Hm.', public: false }],
    ]);
    if (opened === undefined || changed === undefined || comment === undefined) throw new Error('no events');
    const fold = ticketFieldHistoryProjection.start(context);
    expect(() => fold.fold(changed)).toThrow('its revision is 2');
    expect(() => fold.fold(comment)).not.toThrow();
    fold.fold(opened);
    expect(() => fold.fold(opened)).toThrow('are at revision 1');
    expect(fold.takeWrites().map(({ rowCount }) => rowCount)).toEqual([1, 0]);
  });
});

describe('links', () => {
  it('are told by each ticket that has them', () => {
    const recorder = new Recorder();
    for (const ticketId of ['A', 'B', 'C']) {
      eventsOf([[0, 'OpenTicket', 'requester', { requester: 'rita' }]], ticketId, recorder);
    }
    eventsOf(
      [
        [1, 'LinkTicket', 'agent', { ticket: 'C', relation: 'related' }],
        [2, 'SplitTicket', 'agent', {}],
        [3, 'MergeTicket', 'agent', { into: 'B' }],
      ],
      'A',
      recorder,
    );
    eventsOf(
      [
        [4, 'AssignTicket', 'agent', { agent: 'ada' }],
        [4, 'ResolveTicket', 'agent', { code: 'fixed', notes: 'New bulb.' }],
        [4, 'ConfirmResolution', 'requester', {}],
        [5, 'OpenFollowUp', 'requester', {}],
      ],
      'C',
      recorder,
    );
    const rows = tablesOf(ticketLinkProjection, recorder.events, 2).rows('ticket_link');
    const lines = rows.map((row) => `${row.ticket_id}.${row.revision} ${row.relation} ${row.linked_ticket}`);
    expect(lines).toEqual([
      'A.2 related C',
      'A.3 split_off A-3',
      'A-3.1 split_from A',
      'A.4 merged_into B',
      'B.2 merged A',
      'C.5 follow_up C-5',
      'C-5.1 follow_up_of C',
    ]);
    expect(rows[0]).toEqual({
      ticket_id: 'A',
      revision: 2,
      relation: 'related',
      linked_ticket: 'C',
      linked_at: '2026-03-02 10:00:00.000Z',
      linked_by: 'agent-1',
      position: 4,
    });
  });
});
