/** `docket export` as a person runs it: files, stdout, selections, and what it says when it can not. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docket, docketJson } from '../support/docket.ts';

const folder = mkdtempSync(join(tmpdir(), 'docket-export-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const dataDir = join(folder, 'data');
let events = 0;

beforeAll(async () => {
  const stats = await docketJson(
    'simulate',
    '--tickets',
    '40',
    '--workflow',
    'incident',
    '--data-dir',
    dataDir,
  );
  events = (stats as { events: number }).events;
});

const exportEvents = (...args: readonly string[]) =>
  docketJson('export', 'events', '--data-dir', dataDir, ...args);

describe('docket export events', () => {
  it.each(['parquet', 'ocel-sqlite', 'xes'])(
    '--format %s writes the whole log and tells what it wrote',
    async (format) => {
      const out = join(folder, `log.${format}`);
      const report = await exportEvents('--format', format, '--out', out);
      expect(report).toMatchObject({
        events,
        cases: 40,
        positions: [{ partition: 0, from: 1, to: events }],
        bytes: readFileSync(out).length,
      });
      expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
    },
  );

  it('goes to stdout without anything else there', async () => {
    const { code, stdout, stderr } = await docket(
      ...['export', 'events', '--format', 'ndjson', '--out', '-', '--data-dir', dataDir],
      ...['--from-position', '11', '--to-position', '20', '--source', 'urn:desk'],
    );
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).logposition)).toEqual(
      Array.from({ length: 10 }, (_, index) => String(11 + index)),
    );
    expect(JSON.parse(lines[0] ?? '').source).toBe('urn:desk');
    expect(stderr).toMatch(/^10 events of \d+ tickets/);
  });

  it('takes tickets, workflows and times', async () => {
    const out = join(folder, 'some.ndjson');
    const some = await exportEvents('--format', 'ndjson', '--out', out, '--ticket', 'sim1-1', 'sim1-2');
    expect(some).toMatchObject({ cases: 2 });
    const none = { events: 0, cases: 0 };
    expect(await exportEvents('--format', 'csv', '--out', out, '--workflow', 'support')).toMatchObject(none);
    expect(await exportEvents('--format', 'csv', '--out', out, '--to', '1990-01-01')).toMatchObject(none);
    const recorded = ['--time', 'recorded', '--from', '1990-01-01T00:00:00+01:00'];
    expect(await exportEvents('--format', 'csv', '--out', out, ...recorded)).toMatchObject({ events });
  });

  it.each([
    [['--format', 'word', '--out', 'x'], /Allowed choices are ndjson, csv, parquet/],
    [['--format', 'csv', '--out', 'x', '--from', 'monday'], /2026-01-31T08:00:00Z/],
    [['--format', 'ocel-sqlite', '--out', '-'], /can not be written to stdout; name a file/],
    [['--format', 'xes', '--out', 'x', '--guard-formulas'], /for csv only/],
  ])('%s is a usage error that says what would be right', async (args, expected) => {
    const { code, stderr } = await docket('export', 'events', '--data-dir', dataDir, ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(expected);
  });

  it.each(['ndjson', 'ocel-json'])('--format %s shows to roles what they may see', async (format) => {
    const read = { table: 'ticket', operations: ['read'], roles: ['viewer'] };
    const rules = [
      { id: 'some', ...read, condition: 'ticket.ticketId.endsWith("1")' },
      { id: 'group', ...read, field: 'group' },
    ];
    const policy = join(folder, 'policy.json');
    writeFileSync(policy, JSON.stringify({ roles: { viewer: {} }, rules }));
    const out = join(folder, `seen.${format}`);
    const as = ['--as-roles', 'viewer', '--policy', policy];
    expect(await exportEvents('--format', format, '--out', out, ...as)).toMatchObject({ cases: 4 });
    const text = readFileSync(out, 'utf8');
    expect(text).toContain('sim1-11');
    expect(text).not.toContain('sim1-12');
    expect(text).not.toMatch(/Something about|undefined|\w+\/assigned\/L0/);
  });

  it.each([
    [['--as-user', 'ann'], 2, /--as-user needs --as-roles, without which all is exported/],
    [['--as-roles', 'boss'], 3, /there is no role boss; declared are admin, lead, agent/],
    [['--as-roles', 'agent', '--policy', '/nowhere.json'], 3, /nowhere.json: not readable as JSON/],
  ])('%s is refused, and nothing written', async (args, expected, message) => {
    const out = join(folder, 'refused.csv');
    const { code, stderr } = await docket(
      ...['export', 'events', '--format', 'csv', '--out', out, '--data-dir', dataDir],
      ...args,
    );
    expect([code, existsSync(out)]).toEqual([expected, false]);
    expect(stderr).toMatch(message);
  });

  it('says where it can not write, and where there is no log', async () => {
    const nowhere = join(folder, 'nowhere', 'log.csv');
    const unwritable = await docket(
      ...['export', 'events', '--format', 'csv', '--out', nowhere, '--data-dir', dataDir],
    );
    expect(unwritable).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/nowhere\/log\.csv can not be/),
    });
    const out = join(folder, 'none.csv');
    const none = await docket(
      'export',
      'events',
      '--format',
      'csv',
      '--out',
      out,
      '--data-dir',
      join(folder, 'no'),
    );
    expect(none).toMatchObject({ code: 3, stderr: expect.stringMatching(/there is no log/) });
    expect(existsSync(out)).toBe(false);
  });
});
