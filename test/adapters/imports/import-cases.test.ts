/**
 * The import of other systems' event logs on small files made by hand: what a case event becomes under a
 * workflow given as data and under a built-in one, what is rejected and why, and importing again.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caseIdOf, ticketIdOf } from '../../../adapters/imports/ticket-ids.ts';
import { ticketIdSchema } from '../../../domain/ticket/values.ts';
import { csvMapping, tempFile, xes, xesEvent, xesTrace } from './case-files.ts';
import { caseImport, deskOf, repairEvents } from './case-imports.ts';
import { allEvents } from './uci-files.ts';

const at = (hour: number) => new Date(Date.UTC(2016, 2, 1, hour)).toISOString();
const who = (name: string) => `<string key="org:resource" value="${name}"/>`;

const life = xesTrace(
  'R1',
  xesEvent('Register', at(8), who('ann'), '<int key="amount" value="3"/>'),
  xesEvent('Analyse defect', at(9), who('bob'), '<string key="org:group" value="lab"/>'),
  xesEvent('Repair', at(10), who('bob'), '<int key="amount" value="4"/>'),
  xesEvent('Repair', at(11)),
  xesEvent('Archive', at(12), who('ann')),
);

describe('under a workflow given as data', () => {
  test('a case becomes a ticket, its events moves, its resources agents', async () => {
    const desk = deskOf();
    const { report } = await caseImport(desk, await tempFile(xes(life), 'repairs.xes'));
    expect(report).toMatchObject({
      rows: 5,
      tickets: 1,
      accepted: 5,
      unchanged: 0,
      rejected: 0,
      malformed: 0,
    });
    const events = await allEvents(desk.log);
    expect(events.map(({ type, state, data }) => [type, state, data])).toEqual([
      ['TicketOpened', 'registered/unassigned', { fields: { amount: 3 } }],
      ['TicketAssigned', 'registered/assigned', { agent: 'ann' }],
      ['TicketAssigned', 'registered/assigned', { agent: 'bob', group: 'lab' }],
      ['TicketMoved', 'analysed/assigned', { to: 'analysed', activity: 'Analyse defect' }],
      ['TicketMoved', 'repaired/assigned', { to: 'repaired', activity: 'Repair', fields: { amount: 4 } }],
      ['TicketMoved', 'repaired/assigned', { to: 'repaired', activity: 'Repair' }],
      ['TicketAssigned', 'repaired/assigned', { agent: 'ann' }],
      ['TicketMoved', 'archived/assigned', { to: 'archived', activity: 'Archive' }],
    ]);
    expect(events[3]).toMatchObject({
      ticketId: 'R1',
      workflow: 'repair@1',
      occurredAt: Date.UTC(2016, 2, 1, 9),
      actor: { id: 'case-import', role: 'integration' },
      onBehalfOf: { id: 'bob', role: 'agent' },
      source: 'repairs',
      commandId: 'import:repairs:R1:2:2',
    });
  });

  test('what the workflow does not allow is rejected whole, and the next event goes on from what is', async () => {
    const desk = deskOf();
    const file = xes(
      xesTrace(
        'R/1',
        xesEvent('Register', at(8)),
        xesEvent('Archive', at(9), who('eve')),
        xesEvent('Analyse defect', at(10)),
        xesEvent('Dance', at(11)),
        '<event/>',
      ),
    );
    const { report, rejects } = await caseImport(desk, await tempFile(file, 'repairs.xes'));
    expect(report).toMatchObject({
      rows: 5,
      accepted: 2,
      unchanged: 0,
      rejected: 2,
      malformed: 1,
      events: 2,
    });
    expect(
      rejects.map(({ line, code, claimed, tried, state }) => [line, code, claimed, tried, state]).sort(),
    ).toEqual([
      [6, 'illegal_transition', 'Archive', 'MoveTicket', 'registered/unassigned'],
      [8, 'unknown_state', 'Dance', undefined, 'analysed/unassigned'],
      [9, 'missing_cell', undefined, undefined, undefined],
    ]);
    const events = await allEvents(desk.log);
    expect(events[0]).toMatchObject({ ticketId: 'R:2f1', data: { fields: { case_id: 'R/1' } } });
  });

  test('importing again adds nothing and rejects the same', async () => {
    const desk = deskOf();
    const file = await tempFile(
      xes(life, xesTrace('R2', xesEvent('Register', at(8)), xesEvent('Dance', at(9)))),
      'r.xes',
    );
    const first = await caseImport(desk, file);
    const head = await desk.log.head();
    const second = await caseImport(desk, file);
    expect(await desk.log.head()).toBe(head);
    expect(second.report).toMatchObject({
      rows: 7,
      tickets: 2,
      events: 0,
      accepted: 0,
      unchanged: 6,
      rejected: 1,
    });
    expect(second.rejects).toEqual(first.rejects);
  });

  test('a ticket with a history of its own is left alone', async () => {
    const desk = deskOf();
    const actor = { id: 'ann', role: 'agent' as const };
    await desk.engine.submit([{ type: 'OpenTicket', ticketId: 'R1', actor, workflow: 'repair', data: {} }]);
    const { report, rejects } = await caseImport(desk, await tempFile(xes(life), 'repairs.xes'));
    expect(await desk.log.head()).toBe(1);
    expect(report).toMatchObject({ rows: 5, rejected: 5, events: 0 });
    expect(rejects.map(({ code }) => code)).toEqual([
      'ticket_exists',
      ...Array(4).fill('ticket_changed_elsewhere'),
    ]);
  });
});

describe('under a built-in workflow', () => {
  const csv = (...rows: readonly string[]) => `case,what,when,who\n${rows.join('\n')}\n`;
  const mapping = {
    ...csvMapping,
    resource: 'who',
    states: {
      Open: 'new',
      Work: 'in_progress',
      Wait: 'on_hold',
      Vendor: 'on_hold',
      Done: 'resolved',
      Shut: 'closed',
    },
    reasons: { Vendor: 'vendor', Wait: 'caller', Done: 'fixed' },
  };
  const importing = async (rows: readonly string[], over: object = {}) => {
    const desk = deskOf();
    const file = await tempFile(csv(...rows), 'desk.csv');
    const result = await caseImport(desk, file, { workflow: 'incident', mapping: { ...mapping, ...over } });
    return { ...result, events: await allEvents(desk.log) };
  };

  test('states of activities lead to commands; cases may be mixed', async () => {
    const rows = [
      'Open,08,',
      'Work,09,ann',
      'Wait,10,',
      'Vendor,11,',
      'Work,12,',
      'Done,13,',
      'Work,14,',
      'Done,15,',
      'Shut,16,',
    ];
    const both = rows.flatMap((row) =>
      ['1', '2'].map((id) => `${id},${row.replace(/,(\d+),/, ',2016-03-01T$1:00:00Z,')}`),
    );
    const { report, events } = await importing(both);
    expect(report).toMatchObject({ rows: 18, tickets: 2, accepted: 18, rejected: 0 });
    const types = events.filter(({ ticketId }) => ticketId === '1').map(({ type }) => type);
    expect(types).toEqual([
      'TicketOpened',
      'TicketAssigned',
      'WorkStarted',
      'TicketHeld',
      'TicketHeld',
      'TicketResumed',
      'TicketResolved',
      'TicketReopened',
      'TicketResolved',
      'TicketClosed',
    ]);
  });

  test('a command that needs a reason is not sent without one, and no way back is made up', async () => {
    const rows = ['1,Open,2016-03-01,', '1,Wait,2016-03-02,', '1,Work,2016-03-03,', '1,Open,2016-03-04,'];
    const { rejects } = await importing(rows, { reasons: {} });
    expect(rejects).toMatchObject([
      { line: 3, code: 'no_command', reason: expect.stringMatching(/give "Wait" one of caller, vendor/) },
      { line: 5, code: 'no_command', reason: 'no command leads from in_progress to new' },
    ]);
  });

  test('what a command can not hold is rejected with the field', async () => {
    const long = 'x'.repeat(201);
    const { rejects } = await importing(['1,Open,2016-03-01,ann', `1,Work,2016-03-02,${long}`]);
    expect(rejects).toMatchObject([
      { line: 3, code: 'invalid_command', reason: expect.stringMatching(/onBehalfOf.id/) },
    ]);
  });

  test('an unknown workflow is a fault that names the known ones', async () => {
    const file = await tempFile(csv(), 'desk.csv');
    const importing = caseImport(deskOf(), file, { workflow: 'nope', mapping });
    await expect(importing).rejects.toMatchObject({
      message: expect.stringMatching(/no workflow nope; known are support@1/),
    });
  });
});

test('random logs are accounted for to the last event, whatever they hold', async () => {
  await fc.assert(
    fc.asyncProperty(repairEvents, async (traces) => {
      const desk = deskOf();
      const file = await tempFile(xes(...traces), 'random.xes');
      const { report, rejects } = await caseImport(desk, file, {
        limits: { picturesMax: 2, rowsAheadMax: 3 },
      });
      expect(report.rows).toBe(traces.join('').split('<event').length - 1);
      expect(rejects).toHaveLength(report.rejected + report.malformed);
      const head = await desk.log.head();
      expect(report.events).toBe(head);
      const again = await caseImport(desk, file, { limits: { picturesMax: 2, rowsAheadMax: 3 } });
      expect(again.report.events).toBe(0);
      expect(await desk.log.head()).toBe(head);
    }),
    { numRuns: 25 },
  );
});

describe('ticket ids of cases', () => {
  test.each([
    ['INC0000045', 'INC0000045'],
    ['a_b-c.d', 'a_b-c.d'],
    ['INC:5', 'INC:5'],
    ['Case 1', 'Case:201'],
    ['R/1', 'R:2f1'],
    ['_x', 'c::_x'],
    ['x:2f1', 'x:3a2f1'],
    ['Füße', 'F:c3:bc:c3:9fe'],
  ])('%s is ticket %s', (caseId, ticketId) => {
    expect(ticketIdOf(caseId)).toBe(ticketId);
    expect(caseIdOf(ticketId)).toBe(caseId);
  });

  test('every case id has a ticket id of its own, which can be read back unless it is too long', () => {
    const ids = fc.string({
      unit: fc.constantFrom('a', 'f', '0', '2', ':', '_', ' ', 'ü', 'c', 'h'),
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        const [first, second] = [ticketIdOf(one), ticketIdOf(other)];
        expect(ticketIdSchema.safeParse(first).success).toBe(true);
        expect(first === second).toBe(one === other);
        expect([one, undefined]).toContain(caseIdOf(first));
        if (!first.startsWith('h::')) expect(caseIdOf(first)).toBe(one);
      }),
      { numRuns: 2_000 },
    );
  });
});
