/**
 * The UCI import on small logs made by hand, one for each trap of the real one: what a row becomes, which
 * rows are rejected and why, importing twice, busy sinks, and files that are not what they should be.
 */
import { describe, expect, test } from 'vitest';
import { Fault } from '../../../domain/errors.ts';
import type { CommandSink } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import {
  allEvents,
  type Cells,
  csvOf,
  fileWith,
  headerLine,
  importing,
  newEngine,
  rowLine,
  zipOf,
} from './uci-files.ts';

const at = (day: number, hour = 9) => `${day}/3/2016 ${String(hour).padStart(2, '0')}:00`;

const life: readonly Cells[] = [
  {},
  { incident_state: 'Active', assigned_to: 'Resolver 1', sys_updated_at: at(2) },
  { incident_state: 'Awaiting User Info', assigned_to: 'Resolver 1', sys_updated_at: at(3) },
  { incident_state: 'Resolved', assigned_to: 'Resolver 1', sys_updated_at: at(4) },
  {
    incident_state: 'Closed',
    active: 'false',
    assigned_to: 'Resolver 1',
    sys_updated_at: at(9),
  },
];

async function imported(...rows: readonly Cells[]) {
  const { engine, log } = newEngine();
  const { report, rejects } = await importing(await fileWith(csvOf(...rows)), { sink: engine });
  return { engine, log, report, rejects, events: await allEvents(log) };
}

describe('a row becomes the commands that make up the difference', () => {
  test('from opening to closing', async () => {
    const { events, report } = await imported(...life);
    expect(events.map((event) => [event.type, event.state])).toEqual([
      ['TicketOpened', 'new/unassigned'],
      ['TicketQueued', 'new/queued'],
      ['WorkStarted', 'in_progress/queued'],
      ['TicketAssigned', 'in_progress/assigned'],
      ['TicketHeld', 'on_hold/assigned'],
      ['TicketResolved', 'resolved/assigned'],
      ['FieldsChanged', 'resolved/assigned'],
      ['TicketClosed', 'closed/assigned'],
    ]);
    expect(report).toMatchObject({
      rows: 5,
      tickets: 1,
      events: 8,
      rowsWithEvents: 5,
      unchanged: 0,
      rejected: 0,
    });
    expect(report.stateChanges).toEqual({ claimed: 4, legal: 4, alreadySo: 0, refused: 0 });
    expect(events[0]).toMatchObject({
      ticketId: 'INC1',
      workflow: 'incident@1',
      occurredAt: Date.UTC(2016, 2, 1, 8),
      actor: { id: 'uci-import', role: 'integration' },
      onBehalfOf: { id: 'Updated by 1', role: 'agent' },
      source: 'uci-incidents',
      data: { requester: 'Caller 1', fields: { priority: '3 - Moderate', made_sla: true, reopen_count: 0 } },
    });
    expect(events[1]?.occurredAt).toBe(Date.UTC(2016, 2, 1, 8, 10));
  });

  test('final values are not used before the ticket is resolved or closed', async () => {
    const { events } = await imported(...life);
    const early = events.filter((event) => event.type !== 'TicketResolved' && event.type !== 'TicketClosed');
    expect(JSON.stringify(early)).not.toMatch(/closed_code|resolved_by|resolved_at|closed_at|code 6/);
    expect(events.find((event) => event.type === 'TicketResolved')?.data).toEqual({
      code: 'code 6',
      fields: { resolved_by: 'Resolved by 1', resolved_at: '1/3/2016 12:00' },
    });
    expect(events.at(-1)?.data).toEqual({ fields: { closed_at: '6/3/2016 12:00' } });
  });

  test('a resolved_at after the row is knowledge of the future, and waits for the closing', async () => {
    const later = { resolved_at: at(20) };
    const { events } = await imported(
      { ...later },
      { ...later, incident_state: 'Resolved', sys_updated_at: at(4) },
      { ...later, incident_state: 'Closed', sys_updated_at: at(25) },
    );
    expect(events.find((event) => event.type === 'TicketResolved')?.data).toEqual({ code: 'code 6' });
    expect(events.at(-1)?.data).toMatchObject({
      fields: { resolved_at: at(20), resolved_by: 'Resolved by 1' },
    });
  });

  test('closing without resolving takes the code on the closing', async () => {
    const { events } = await imported({}, { incident_state: 'Closed', sys_updated_at: at(9) });
    expect(events.at(-1)).toMatchObject({
      type: 'TicketClosed',
      data: { fields: { closed_code: 'code 6' } },
    });
  });

  test("'?' is no value: absent at first, and clearing later", async () => {
    const { events } = await imported({ category: 'Category 1' }, { sys_updated_at: at(2) });
    expect(events[0]).not.toHaveProperty('data.fields.location');
    expect(events.at(-1)).toMatchObject({ type: 'FieldsChanged', data: { fields: { category: null } } });
  });

  test('group and agent: queued, assigned, kept without a group, taken from both', async () => {
    const place = (assignment_group: string, assigned_to: string, day: number) => ({
      assignment_group,
      assigned_to,
      sys_updated_at: at(day),
    });
    const { events } = await imported(
      place('?', '?', 1),
      place('Group 1', '?', 2),
      place('Group 1', 'Resolver 1', 3),
      place('?', 'Resolver 1', 4),
      place('Group 2', 'Resolver 1', 5),
      place('Group 2', '?', 6),
      place('?', '?', 7),
    );
    expect(events.slice(1).map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'TicketQueued', data: { group: 'Group 1' } },
      { type: 'TicketAssigned', data: { agent: 'Resolver 1' } },
      { type: 'TicketAssigned', data: { agent: 'Resolver 1', group: null } },
      { type: 'TicketAssigned', data: { agent: 'Resolver 1', group: 'Group 2' } },
      { type: 'TicketQueued', data: { group: 'Group 2' } },
      { type: 'TicketUnassigned', data: {} },
    ]);
  });

  test('another caller than the first is kept as a field', async () => {
    const { events } = await imported({}, { caller_id: 'Caller 2' }, { caller_id: 'Caller 1' });
    expect(events.slice(2).map((event) => event.data)).toEqual([
      { fields: { caller_id: 'Caller 2' } },
      { fields: { caller_id: null } },
    ]);
  });

  test('times that run backwards and numbers that repeat are taken as they are', async () => {
    const { events, report } = await imported(
      { sys_mod_count: '1', sys_updated_at: at(5) },
      { sys_mod_count: '1', sys_updated_at: at(3), incident_state: 'Active' },
    );
    expect(report.rejected).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'WorkStarted', occurredAt: Date.UTC(2016, 2, 3, 9) });
  });

  test('a row that says nothing new is unchanged', async () => {
    const { report } = await imported({}, { sys_updated_at: at(7), sys_mod_count: '9' });
    expect(report).toMatchObject({ rows: 2, rowsWithEvents: 1, unchanged: 1, events: 2 });
  });
});

describe('rows that can not be taken', () => {
  test('a closed incident is not reopened, and nothing else of the row is sent', async () => {
    const { report, rejects, events } = await imported(
      ...life,
      { incident_state: 'Active', assignment_group: 'Group 9', sys_updated_at: at(10) },
      { incident_state: 'Resolved', sys_updated_at: at(11) },
      { incident_state: 'Closed', active: 'false', assigned_to: 'Resolver 1', sys_updated_at: at(12) },
    );
    expect(events).toHaveLength(8);
    expect(report).toMatchObject({ rows: 8, rowsWithEvents: 5, unchanged: 1, rejected: 2 });
    expect(report.stateChanges).toEqual({ claimed: 7, legal: 4, alreadySo: 1, refused: 2 });
    expect(report.reasons).toEqual([
      {
        code: 'illegal_transition',
        reason: 'illegal_transition: ReopenTicket while closed',
        rows: 1,
        stateChanges: 1,
      },
      {
        code: 'illegal_transition',
        reason: 'illegal_transition: ResolveTicket while closed',
        rows: 1,
        stateChanges: 1,
      },
    ]);
    expect(rejects[0]).toMatchObject({
      line: 7,
      number: 'INC1',
      claimed: 'Active',
      tried: 'ReopenTicket',
      code: 'illegal_transition',
      state: 'closed/assigned',
      legal: ['ChangeFields', 'LinkTicket', 'RedactContent', 'RateTicket'],
      row: { assignment_group: 'Group 9' },
    });
  });

  test('the next row is compared with what Docket holds', async () => {
    const { rejects, events } = await imported(
      {},
      { incident_state: '-100', assignment_group: 'Group 2', sys_updated_at: at(2) },
      { incident_state: 'Resolved', assignment_group: 'Group 2', sys_updated_at: at(3) },
    );
    expect(rejects).toMatchObject([
      { line: 3, code: 'unknown_state', column: 'incident_state', claimed: '-100' },
    ]);
    expect(events.slice(2).map((event) => event.type)).toEqual(['TicketResolved', 'TicketQueued']);
  });

  test.each([
    ['sys_updated_at', '31/4/2016 10:00', 'unreadable_cell'],
    ['sys_updated_at', '2016-04-01T10:00:00Z', 'unreadable_cell'],
    ['sys_updated_at', '?', 'missing_cell'],
    ['opened_at', '29/2/2015 10:00', 'unreadable_cell'],
    ['sys_created_at', 'yesterday', 'unreadable_cell'],
    ['made_sla', 'maybe', 'unreadable_cell'],
    ['reopen_count', '-1', 'unreadable_cell'],
    ['number', '?', 'missing_cell'],
  ] as const)('column %s with %s', async (column, cell, code) => {
    const { report, rejects, events } = await imported({ [column]: cell });
    expect(rejects).toMatchObject([{ line: 2, column, code, reason: expect.stringContaining(column) }]);
    expect(report).toMatchObject({ rows: 1, rejected: 1, events: 0 });
    expect(events).toHaveLength(0);
  });

  test('a number that is no ticket id, and a cell too long for a name', async () => {
    const { rejects } = await imported({ number: 'INC 1' }, { number: 'INC2', assigned_to: 'x'.repeat(201) });
    expect(rejects).toMatchObject([
      { code: 'invalid_command', reason: expect.stringContaining('ticketId') },
      { code: 'invalid_command', tried: 'AssignTicket', reason: expect.stringContaining('data.agent') },
    ]);
  });

  test('a ticket that has a history of its own is left alone, all rows of it are rejected', async () => {
    const { engine, log } = newEngine();
    const actor = { id: 'ann', role: 'agent' as const };
    await engine.submit([{ type: 'OpenTicket', ticketId: 'INC1', actor, workflow: 'incident', data: {} }]);
    const { report, rejects } = await importing(await fileWith(csvOf(...life)), { sink: engine });
    expect(await log.head()).toBe(1);
    expect(report).toMatchObject({ rows: 5, rejected: 5, events: 0, tickets: 0 });
    expect(rejects.map((reject) => reject.code)).toEqual([
      'ticket_exists',
      ...Array(4).fill('ticket_changed_elsewhere'),
    ]);
  });

  test('rows after a change from elsewhere are rejected, never mixed in', async () => {
    const { engine, log } = newEngine();
    await importing(await fileWith(csvOf(...life.slice(0, 2))), { sink: engine });
    const actor = { id: 'ann', role: 'agent' as const };
    await engine.submit([
      { type: 'AddComment', ticketId: 'INC1', actor, data: { body: 'Hello', public: true } },
    ]);
    const { report, rejects } = await importing(await fileWith(csvOf(...life)), { sink: engine });
    expect(await log.head()).toBe(5);
    expect(report).toMatchObject({ unchanged: 2, rejected: 3, events: 0 });
    expect(rejects[0]).toMatchObject({ line: 4, code: 'revision_conflict' });
  });
});

describe('importing again', () => {
  test('adds nothing and rejects the same rows', async () => {
    const { engine, log } = newEngine();
    const file = await fileWith(csvOf(...life, { incident_state: 'Active' }));
    const first = await importing(file, { sink: engine });
    const head = await log.head();
    const second = await importing(file, { sink: engine });
    expect(await log.head()).toBe(head);
    expect(second.report).toMatchObject({ rows: 6, tickets: 1, events: 0, unchanged: 5, rejected: 1 });
    expect(second.rejects).toEqual(first.rejects);
    expect(second.report.stateChanges).toEqual(first.report.stateChanges);
  });

  test('goes on where an import was broken off', async () => {
    const { engine, log } = newEngine();
    await importing(await fileWith(csvOf(...life.slice(0, 3))), { sink: engine });
    const { report } = await importing(await fileWith(csvOf(...life)), { sink: engine });
    expect(report).toMatchObject({ events: 3, unchanged: 3, rowsWithEvents: 2 });
    expect(await log.head()).toBe(8);
  });
});

describe('incidents whose rows are not together', () => {
  const mixed = [0, 1, 2, 3, 4].flatMap((index) =>
    ['INC1', 'INC2', 'INC3'].map((number) => ({ ...life[index], number })),
  );

  test('work as if they were', async () => {
    const { report } = await imported(...mixed);
    expect(report).toMatchObject({ tickets: 3, events: 24, rejected: 0 });
  });

  test('beyond what is remembered, the engine refuses to mix histories', async () => {
    const { engine, log } = newEngine();
    const file = await fileWith(csvOf(...mixed));
    const limits = { picturesMax: 1, rowsAheadMax: 1 };
    const { report, rejects } = await importing(file, { sink: engine, limits });
    expect(report.rows).toBe(15);
    expect(report.rejected).toBe(12);
    expect(new Set(rejects.map((reject) => reject.code))).toEqual(new Set(['command_id_reused']));
    expect(await log.head()).toBe(6);
  });
});

describe('the sink', () => {
  test('is asked again when it is overloaded, and the import fails when it stays so', async () => {
    const { engine } = newEngine();
    let refusals = 3;
    const busy: CommandSink = {
      submit: async (commands) => {
        refusals -= 1;
        if (refusals >= 0) throw new Fault('overloaded', 'full');
        return engine.submit(commands);
      },
    };
    const file = await fileWith(csvOf(...life));
    const limits = { retryDelayMsFirst: 1, overloadRetriesMax: 3 };
    expect((await importing(file, { sink: busy, limits })).report.events).toBe(8);
    refusals = 1_000;
    await expect(importing(file, { sink: busy, limits })).rejects.toMatchObject({ code: 'overloaded' });
  });

  test.each([0, 30])('that fails after %i ms ends the import with its fault', async (delayMs) => {
    const broken: CommandSink = {
      submit: async () => {
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        throw new Fault('log_failed', 'disk');
      },
    };
    const limits = { commandsPerSubmitMax: 1, submitsInFlightMax: 1, rowsAheadMax: 2 };
    const rows = ['INC1', 'INC2', 'INC3'].map((number) => ({ number }));
    const file = await fileWith(csvOf(...rows));
    await expect(importing(file, { sink: broken, limits })).rejects.toMatchObject({ code: 'log_failed' });
    await expect(importing(file, { sink: broken })).rejects.toMatchObject({ code: 'log_failed' });
  });

  test('never gets more at once than the bounds say', async () => {
    const { engine } = newEngine();
    let inFlight = 0;
    let most = 0;
    let largest = 0;
    const watched: CommandSink = {
      submit: async (commands: readonly Command[]) => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        largest = Math.max(largest, commands.length);
        const outcomes = await engine.submit(commands);
        inFlight -= 1;
        return outcomes;
      },
    };
    const rows = Array.from({ length: 60 }, (_, index) =>
      life.map((row) => ({ ...row, number: `INC${index}` })),
    );
    const limits = { commandsPerSubmitMax: 7, submitsInFlightMax: 2, rowsAheadMax: 40 };
    const { report } = await importing(await fileWith(csvOf(...rows.flat())), { sink: watched, limits });
    expect(report).toMatchObject({ events: 480, rejected: 0, tickets: 60 });
    expect([most, largest]).toEqual([2, 7]);
  });

  test('an abort ends the import with its reason', async () => {
    const { engine } = newEngine();
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    const importingNow = importing(await fileWith(csvOf(...life)), { sink: engine, signal: stop.signal });
    await expect(importingNow).rejects.toThrow('enough');
  });
});

describe('the file', () => {
  const { engine } = newEngine();
  const sink = engine;

  test.each([
    ['a missing column', csvOf().replace('sys_updated_at,', ''), /missing: sys_updated_at/],
    ['a renamed column', csvOf().replace('priority', 'prio'), /missing: priority; unknown: prio/],
    [
      'a column that is there twice',
      csvOf().replace('rfc', 'vendor'),
      /missing: rfc; more than once: vendor/,
    ],
    ['an empty file', '', /is empty; its first line must name the columns number,incident_state/],
    ['an endless line', 'x'.repeat(3_000_000), /does not end within/],
    ['an open quote', `${headerLine}\nINC1,"New\n`, /line 2 opens a quoted cell that is never closed/],
  ])('%s is a fault that says what would be right', async (_, content, message) => {
    const file = await fileWith(content);
    await expect(importing(file, { sink })).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(message),
    });
  });

  test('a missing file, something that is no zip, and a zip of something else', async () => {
    const fault = (message: RegExp) => ({
      code: 'input_unreadable',
      message: expect.stringMatching(message),
    });
    await expect(importing('/nowhere/log.csv', { sink })).rejects.toMatchObject(fault(/ENOENT/));
    const notZip = await fileWith('hello', 'log.zip');
    await expect(importing(notZip, { sink })).rejects.toMatchObject(fault(/log\.zip can not be read/));
    const other = await fileWith(zipOf('a,b\n', 'readme.csv'), 'log.zip');
    await expect(importing(other, { sink })).rejects.toMatchObject(fault(/holds readme\.csv/));
    const cut = await fileWith(zipOf(csvOf(...life)).subarray(0, 200), 'log.zip');
    await expect(importing(cut, { sink })).rejects.toMatchObject(fault(/can not be read/));
  });

  test.each([
    ['a zip', zipOf(csvOf(...life))],
    ['CRLF', csvOf(...life).replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${csvOf(...life)}`],
    ['no newline at the end', csvOf(...life).trimEnd()],
    ['empty lines', csvOf(...life).replaceAll('\n', '\n\n')],
    [
      'other column order',
      csvOf(...life)
        .split('\n')
        .map((line) => line.split(',').reverse().join(','))
        .join('\n'),
    ],
    ['quotes everywhere', csvOf(...life).replaceAll(/[^,\n]+/g, '"$&"')],
  ])('%s', async (_, content) => {
    const fresh = newEngine();
    const { report } = await importing(await fileWith(content), { sink: fresh.engine });
    expect(report).toMatchObject({ rows: 5, events: 8, rejected: 0 });
  });

  test('commas, quotes and newlines inside a cell, and the right line numbers after them', async () => {
    const fresh = newEngine();
    const content = csvOf({ u_symptom: '"a, ""b""\r\nc"' }, { sys_updated_at: 'x' });
    const { rejects } = await importing(await fileWith(content), { sink: fresh.engine });
    expect((await allEvents(fresh.log))[0]).toMatchObject({ data: { fields: { u_symptom: 'a, "b"\r\nc' } } });
    expect(rejects).toMatchObject([{ line: 4, column: 'sys_updated_at' }]);
  });

  test('ragged rows and senseless quotes are rejected with their line, the others taken', async () => {
    const fresh = newEngine();
    const rows = [
      rowLine({}),
      'INC2,New',
      `${rowLine({ number: 'INC3' })},more`,
      `INC4,a"b"`,
      rowLine({ number: 'INC5' }),
    ];
    const file = await fileWith(`${headerLine}\n${rows.join('\n')}`);
    const { report, rejects } = await importing(file, { sink: fresh.engine });
    expect(report).toMatchObject({ rows: 5, rejected: 3, tickets: 2 });
    const codes = rejects.map((reject) => [reject.line, reject.code]);
    expect(codes.sort()).toEqual([
      [3, 'cell_count'],
      [4, 'cell_count'],
      [5, 'quoting'],
    ]);
  });
});
