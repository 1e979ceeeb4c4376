/**
 * Docket's own XES files, imported: the log that comes of it holds the same events, whatever they were, and
 * where it does not, the report says which and why.
 */
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDocketXes } from '../../../adapters/imports/docket-events.ts';
import { type DocketImportOptions, importDocket } from '../../../adapters/imports/import-docket.ts';
import { SortedRuns } from '../../../adapters/imports/sorted-runs.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { Recorder, randomHistory } from '../../projections/histories.ts';
import { arbitraryCommands } from '../../support/arbitrary-commands.ts';
import { tempFile, xes } from './case-files.ts';
import { type Desk, deskOf } from './case-imports.ts';
import { docketXes } from './docket-xes.ts';
import { allEvents } from './uci-files.ts';

async function restoring(desk: Desk, content: string, over: Partial<DocketImportOptions> = {}) {
  const scratch = await mkdtemp(join(tmpdir(), 'docket-restore-'));
  const rejects = join(scratch, 'rejects.ndjson');
  const file = await tempFile(content, 'export.xes');
  const report = await importDocket({ file, sink: desk.engine, reader: desk.log, rejects, scratch, ...over });
  const lines = (await readFile(rejects, 'utf8')).split('\n').filter((line) => line !== '');
  expect(await readdir(scratch), 'nothing is left of the sorting').toEqual(['rejects.ndjson']);
  return { report, rejects: lines.map((line) => JSON.parse(line)) };
}

/** All of an event but what a log gives it. A key without a value is no key. */
function essence(events: readonly RecordedEvent[]): unknown[] {
  return events.map(({ position: _, recordedAt: __, partition: ___, commandDigest: ____, ...event }) =>
    JSON.parse(JSON.stringify(event)),
  );
}

async function expectRestored(events: readonly RecordedEvent[]): Promise<void> {
  const desk = deskOf();
  const { report } = await restoring(desk, docketXes(events));
  expect(report).toMatchObject({ rows: events.length, restored: events.length, differences: [] });
  expect(essence(await allEvents(desk.log))).toEqual(essence(events));
}

const someHistory = randomHistory({ seed: 11, events: 600, liveTickets: 20 });

describe('into an empty log', () => {
  test('a random history comes back event by event, in the same order', async () => {
    await expectRestored(someHistory);
  });

  test('so does a log of any commands, with command ids, merges, follow-ups, splits and places on opening', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCommands, fc.boolean(), async (commands, withIds) => {
        const desk = deskOf();
        const named = commands.map((command, index): Command => {
          return withIds ? { ...command, commandId: `c-${index}` } : command;
        });
        for (const command of named) await desk.engine.submit([command]);
        await expectRestored(await allEvents(desk.log));
      }),
      { numRuns: 40 },
    );
  });

  test('times and texts at the edge of what XML holds come back as they were', async () => {
    const recorder = new Recorder();
    const actor = { id: 'ann "the\n<lead>" & ☂', role: 'lead' as const };
    for (const [index, occurredAt] of [-8.64e15, -1, 0, 8.64e15].entries()) {
      const data = { fields: { note: `zero \u0000 lone \ud800 line\u2028 tab\t end\r\n ${index}` } };
      recorder.submit({ type: 'OpenTicket', ticketId: `T-${index}`, actor, occurredAt, data });
    }
    await expectRestored(recorder.events);
  });
});

describe('again, and on top of something', () => {
  test('importing again adds nothing', async () => {
    const desk = deskOf();
    await restoring(desk, docketXes(someHistory));
    const { report } = await restoring(desk, docketXes(someHistory));
    expect(report).toMatchObject({ rows: 600, restored: 0, unchanged: 600, different: 0, missing: 0 });
    expect(await desk.log.head()).toBe(600);
  });

  test('a broken off import goes on from there', async () => {
    const desk = deskOf();
    await restoring(desk, docketXes(someHistory.slice(0, 250)));
    const { report } = await restoring(desk, docketXes(someHistory));
    expect(report).toMatchObject({ unchanged: 250, restored: 350 });
    expect(essence(await allEvents(desk.log))).toEqual(essence(someHistory));
  });

  test('a ticket with another history is left alone, and each of its events told', async () => {
    const desk = deskOf();
    const actor = { id: 'eve', role: 'agent' as const };
    await desk.engine.submit([{ type: 'OpenTicket', ticketId: 'T-1', actor, data: {} }]);
    const { report, rejects } = await restoring(desk, docketXes(someHistory.slice(0, 200)));
    const own = someHistory.slice(0, 200).filter(({ ticketId }) => ticketId === 'T-1');
    expect(report).toMatchObject({ different: 1, missing: own.length - 1, restored: 200 - own.length });
    expect(rejects[0]).toMatchObject({ ticketId: 'T-1', revision: 1, code: 'different' });
    expect(rejects[1]).toMatchObject({
      code: 'missing',
      reason: expect.stringMatching(/^the log has another history of it: at revision 1, /),
    });
    expect(await desk.log.readTicket('T-1')).toHaveLength(1);
  });
});

describe('files that are not whole', () => {
  test('an event that was changed is told with what differs', async () => {
    const changed = someHistory
      .slice(0, 100)
      .map((event) => (event.type === 'TicketOpened' ? { ...event, state: 'resolved/assigned/L0' } : event));
    const opened = changed.filter(({ type }) => type === 'TicketOpened').length;
    const { report } = await restoring(deskOf(), docketXes(changed));
    expect(report).toMatchObject({ rows: 100, different: opened, restored: 100 - opened });
    expect(report.differences[0]?.reason).toMatch(
      /^state is "new.*" in the log and "resolved.*" in the file$/,
    );
  });

  test('events without their beginning or their cause, and elements that are none, are told with their line', async () => {
    const recorder = new Recorder();
    const actor = { id: 'ann', role: 'agent' as const };
    recorder.submit({ type: 'OpenTicket', ticketId: 'A', actor, data: {} });
    recorder.submit({ type: 'SplitTicket', ticketId: 'A', actor, data: {} });
    const [, , opening] = recorder.events;
    if (opening === undefined) throw new Error('nothing was split off');
    const flaw = '<event><string key="concept:name" value="TicketOpened"/></event>';
    const content = docketXes([
      opening,
      ...someHistory.filter(({ revision }) => revision > 1).slice(0, 10),
    ]).replace('<event>', `${flaw}\n<event>`);
    const { report } = await restoring(deskOf(), content);
    expect(report).toMatchObject({ rows: 12, malformed: 1, restored: 0, missing: 11 });
    expect(report.differences.slice(0, 2)).toMatchObject([
      { line: 4, code: 'malformed', reason: expect.stringMatching(/time:timestamp/) },
      {
        line: 5,
        ticketId: opening.ticketId,
        reason: expect.stringMatching(/made by a command of another ticket/),
      },
    ]);
  });

  test('a file of a later format is a fault; other files are not Docket’s', async () => {
    const later = await tempFile(docketXes([]).replace('value="1"', 'value="2"'), 'later.xes');
    await expect(isDocketXes(later)).rejects.toMatchObject({
      message: expect.stringMatching(/format 2; .* format 1/),
    });
    expect(await isDocketXes(await tempFile(docketXes(someHistory.slice(0, 9)), 'own.xes'))).toBe(true);
    expect(await isDocketXes(await tempFile(xes('<trace/>'), 'other.xes'))).toBe(false);
    expect(await isDocketXes(await tempFile('a,b\n', 'other.csv'))).toBe(false);
  });
});

describe('sorting', () => {
  test('in many small runs, as in one', async () => {
    const desk = deskOf();
    const content = docketXes(someHistory);
    const { report } = await restoring(desk, content, {
      sortLimits: { runCharactersMax: 20_000, readBytes: 100 },
    });
    expect(report).toMatchObject({ rows: 600, restored: 600 });
    expect(essence(await allEvents(desk.log))).toEqual(essence(someHistory));
  });

  test('any lines come out in order, whatever is in them', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\u2028', '{', ' ', '\\', 'ü', '\r') });
    const lines = fc.array(fc.tuple(fc.integer(), fc.integer({ min: -3, max: 3 }), text), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 1, max: 200 }), async (entries, runCharactersMax) => {
        const folder = await mkdtemp(join(tmpdir(), 'docket-sort-'));
        const runs = new SortedRuns(folder, { runCharactersMax, readBytes: 16 });
        const keyed = entries.map(([first, second, value]) => ({ first, second, value }));
        for (const each of keyed) await runs.add([each.first, each.second], JSON.stringify(each));
        const sorted: string[] = [];
        for await (const line of runs.sorted()) sorted.push(line);
        const keys = sorted.map((line) => JSON.parse(line)).map(({ first, second }) => [first, second]);
        expect(keys).toEqual(
          keyed
            .map(({ first, second }) => [first, second])
            .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0)),
        );
        expect([...sorted].sort()).toEqual(keyed.map((each) => JSON.stringify(each)).sort());
      }),
      { numRuns: 40 },
    );
  });

  test('more than it may hold is a fault', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'docket-sort-'));
    const runs = new SortedRuns(folder, { runCharactersMax: 1, runsMax: 2 });
    for (const key of [1, 2]) await runs.add([key], '{}');
    await expect(runs.add([3], '{}')).rejects.toMatchObject({ code: 'input_unreadable' });
  });
});
