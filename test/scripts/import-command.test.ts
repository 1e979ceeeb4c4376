/** `docket import` of event logs and of Docket's own files, as a person runs it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { xes, xesEvent, xesTrace } from '../adapters/imports/case-files.ts';
import { docketXes } from '../adapters/imports/docket-xes.ts';
import { randomHistory } from '../projections/histories.ts';
import { docket, docketJson } from '../support/docket.ts';

const folder = mkdtempSync(join(tmpdir(), 'docket-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const mapping = file(
  'mapping.json',
  JSON.stringify({
    caseId: 'case',
    activity: 'state',
    time: { column: 'at', format: 'd/M/yyyy HH:mm', zone: 'Europe/Berlin' },
    workflow: 'incident',
    states: { New: 'new', Active: 'in_progress' },
  }),
);
const csv = file(
  'desk.csv',
  'case,state,at\nI1,New,1/3/2016 08:00\nI1,Active,1/3/2016 09:00\nI1,Lost,1/3/2016 10:00\n',
);

describe('docket import csv', () => {
  const dataDir = join(folder, 'csv-data');

  it('accounts for every row, and twice adds nothing', async () => {
    const first = await docketJson('import', 'csv', csv, '--mapping', mapping, '--data-dir', dataDir);
    expect(first).toMatchObject({ rows: 3, tickets: 1, accepted: 2, rejected: 1, malformed: 0, events: 2 });
    const rejects = readFileSync(join(dataDir, 'rejects.ndjson'), 'utf8');
    expect(JSON.parse(rejects)).toMatchObject({
      line: 4,
      caseId: 'I1',
      code: 'unknown_state',
      claimed: 'Lost',
    });
    const { code, stdout } = await docket('import', 'csv', csv, '--mapping', mapping, '--data-dir', dataDir);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /3 rows of 1 tickets.*\n {2}0 became 0 events\n {2}2 said nothing new\n {2}1 were rejected/,
    );
  });

  it('says what is missing', async () => {
    const noMapping = await docket('import', 'csv', csv, '--data-dir', dataDir);
    expect(noMapping).toMatchObject({ code: 2, stderr: expect.stringMatching(/--mapping/) });
    const other = file('other.xes', xes(xesTrace('1', xesEvent('A', '2016-03-01T08:00:00Z'))));
    const noWorkflow = await docket('import', 'xes', other, '--data-dir', dataDir);
    expect(noWorkflow).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--workflow; known are support@1/),
    });
  });
});

describe("docket import xes of Docket's own file", () => {
  const events = randomHistory({ seed: 3, events: 200, liveTickets: 10 });

  it('brings the tickets back', async () => {
    const own = file('own.xes', docketXes(events));
    const report = await docketJson('import', 'xes', own, '--data-dir', join(folder, 'own-data'));
    expect(report).toMatchObject({ rows: 200, restored: 200, differences: [] });
    const misused = await docket('import', 'xes', own, '--workflow', 'incident', '--data-dir', folder);
    expect(misused).toMatchObject({ code: 2, stderr: expect.stringMatching(/leave the options out/) });
  });

  it('ends with 1 where an event does not come back as it was', async () => {
    const [first, ...others] = events;
    if (first === undefined) throw new Error('no events');
    const changed = file('changed.xes', docketXes([{ ...first, state: 'closed/assigned/L3' }, ...others]));
    const { code, stdout } = await docket(
      'import',
      'xes',
      changed,
      '--data-dir',
      join(folder, 'changed-data'),
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/199 were restored.*1 are different.*state is "new\/unassigned/s);
  });
});
