/** Workflows as data on the command line: discovered, checked, added, used by a server, held against logs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSink } from '../../scripts/runtime/sink.ts';
import { docket, docketJson } from '../support/docket.ts';
import { command } from '../support/given.ts';

const folder = mkdtempSync(join(tmpdir(), 'docket-workflow-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const dataDir = join(folder, 'data');
const at = (name: string) => join(folder, name);

const rows = [
  ['1', 'Request', '2026-03-02T09:00:00Z'],
  ['2', 'Request', '2026-03-02T09:01:00Z'],
  ['1', 'Legal/Check', '2026-03-02T09:02:00Z'],
  ['2', 'Refuse', '2026-03-02T09:03:00Z'],
  ['1', 'Waiting for customer', '2026-03-02T09:04:00Z'],
  ['1', 'Legal/Check', '2026-03-02T09:05:00Z'],
  ['1', 'Pay', '2026-03-02T09:06:00Z'],
];
writeFileSync(at('claims.csv'), `case,what,when\n${rows.map((row) => `${row.join(',')}\n`).join('')}`);
writeFileSync(
  at('mapping.json'),
  JSON.stringify({ caseId: 'case', activity: 'what', time: { column: 'when' } }),
);
const log = [at('claims.csv'), '--mapping', at('mapping.json')];

describe('a workflow from a log', () => {
  it('is drafted into a file, checked, added once, and shown', async () => {
    const out = at('claims.json');
    const drafted = await docket('workflow', 'discover', ...log, '--out', out);
    expect(drafted).toMatchObject({ code: 0 });
    expect(drafted.stdout).toMatch(/Waiting for customer +pending/);
    expect(drafted.stderr).toMatch(/categories are guesses.*\n +docket workflow add/);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ name: 'claims', version: '1' });
    const again = await docket('workflow', 'discover', ...log, '--out', out);
    expect(again).toMatchObject({ code: 3, stderr: expect.stringMatching(/can not be written to .*EEXIST/) });

    const checked = await docketJson('workflow', 'check', out);
    expect(checked).toMatchObject({ ok: true, id: 'claims@1', states: 5 });
    const added = await docket('workflow', 'add', out, '--data-dir', dataDir);
    expect(added.stdout).toMatch(/claims@1 was added/);
    expect(added.stderr).toMatch(/start it again/);
    const shown = await docket('workflow', 'show', 'claims', '--data-dir', dataDir);
    expect(shown.stdout).toMatch(/Legal%2FCheck +open +called Legal\/Check/);
    const drawn = await docket('workflow', 'discover', ...log, '--mermaid');
    expect(drawn.stdout).toMatch(/state "Legal\/Check" as s1\n(.*\n)* {2}Request --> s1: 1\n/);
  });

  it('rules tickets, whose log then is sound and can be shown', async () => {
    const { sink, close } = await openSink({ dataDir, log: 'segment' });
    const outcomes = await sink.submit([
      { ...command('OpenTicket'), workflow: 'claims' },
      command('MoveTicket', { to: 'Legal%2FCheck', activity: 'Legal/Check' }),
      command('MoveTicket', { to: 'Refuse' }),
      command('MoveTicket', { to: 'Pay', fields: { amount: 12 } }),
    ]);
    await close();
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'rejected', 'accepted']);
    expect(await docketJson('verify', '--data-dir', dataDir)).toMatchObject({ ok: true, events: 3 });
    const shown = await docket('ticket', 'show', 'T-1', '--data-dir', dataDir);
    expect(shown.stdout).toMatch(/T-1 {2}Pay\/unassigned {2}\(claims@1/);
  });

  it('is needed to look at its tickets, and who lacks it is told so', async () => {
    rmSync(join(dataDir, 'workflows'), { recursive: true });
    const shown = await docket('ticket', 'show', 'T-1', '--data-dir', dataDir);
    expect(shown).toMatchObject({ code: 3 });
    expect(shown.stderr).toMatch(/needs the workflow claims@1.*docket workflow add/);
  });
});

it('a workflow that can not be used is told with all that is wrong', async () => {
  writeFileSync(
    at('odd.json'),
    '{"name": "odd", "version": "1", "description": "Odd.", "states": {"a b": 1}}',
  );
  const checked = await docket('workflow', 'check', at('odd.json'));
  expect(checked).toMatchObject({ code: 1 });
  expect(checked.stdout).toMatch(/- initial: .*\n- states\.a b: /);
  const added = await docket('workflow', 'add', at('odd.json'), '--data-dir', dataDir);
  expect(added).toMatchObject({ code: 3, stderr: expect.stringMatching(/- states\.a b: /) });
});

describe('a log held against a workflow', () => {
  it('is told to fit, or where it does not', async () => {
    const fits = await docket('conform', ...log, '--workflow', at('claims.json'), '--data-dir', dataDir);
    expect(fits).toMatchObject({ code: 0, stdout: expect.stringMatching(/100\.000 % of the transitions/) });

    writeFileSync(
      at('odd.csv'),
      'case,what,when\n1,Request,2026-03-02T09:00:00Z\n1,Pay,2026-03-02T10:00:00Z\n',
    );
    const odd = [at('odd.csv'), '--mapping', at('mapping.json'), '--workflow', at('claims.json')];
    const told = await docket('conform', ...odd);
    expect(told).toMatchObject({ code: 1 });
    expect(told.stdout).toMatch(/Request +Pay +1 +no command leads there +1 \(line 3\)/);
  });

  it('needs a workflow that is known', async () => {
    const unknown = await docket('conform', ...log, '--workflow', 'nope', '--data-dir', dataDir);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching(/support@1, incident@1/) });
  });
});
