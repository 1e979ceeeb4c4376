/** The command line without a server: help, exit codes, errors that say what to do, and JSON results. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { docket, docketJson } from '../support/docket.ts';

const folder = mkdtempSync(join(tmpdir(), 'docket-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const dataDir = join(folder, 'data');

describe('help and usage', () => {
  it.each([
    [[]],
    [['serve']],
    [['projector']],
    [['import', 'uci']],
    [['export', 'events']],
    [['ticket', 'show']],
    [['throughput']],
    [['analyze']],
    [['replay']],
    [['verify']],
    [['workflow', 'list']],
    [['workflow', 'show']],
    [['workflow', 'check']],
    [['workflow', 'add']],
    [['workflow', 'discover']],
    [['conform']],
    [['simulate']],
    [['log', 'list']],
    [['log', 'compress']],
    [['log', 'archive']],
    [['key', 'create']],
    [['access', 'apply']],
    [['access', 'explain']],
  ])('docket %s --help explains itself', async (args) => {
    const { code, stdout } = await docket(...args, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Usage: docket/);
  });

  it.each([
    [['nonsense'], /unknown command/],
    [['throughput', '--window', '7x'], /1s, 1m, 1h or 1d/],
    [['simulate', '--tickets', 'many'], /whole number/],
    [['serve', '--port', '99999'], /at most 65535/],
    [['import', 'uci'], /missing required argument 'file'/],
    [['replay'], /--check/],
    [['workflow', 'show', 'nope'], /support@1, incident@1/],
    [['workflow', 'discover', 'x.csv', '--min-frequency', '2'], /from 0 to 1/],
    [['conform', 'x.csv'], /--workflow/],
  ])('docket %s is a usage error that says what would be right', async (args, expected) => {
    const { code, stdout, stderr } = await docket(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(expected);
    expect(stdout).toBe('');
  });
});

describe('without a log', () => {
  it.each([[['verify']], [['replay', '--check']], [['ticket', 'show', 'REQ0000001']]])(
    'docket %s says that there is none and what to do',
    async (args) => {
      const { code, stderr } = await docket(...args, '--data-dir', join(folder, 'none'));
      expect(code).toBe(3);
      expect(stderr).toMatch(/there is no log in .*docket serve/);
    },
  );

  it('an import of a missing file changes nothing', async () => {
    const { code, stderr } = await docket('import', 'uci', join(folder, 'no.csv'), '--data-dir', dataDir);
    expect(code).toBe(3);
    expect(stderr).toMatch(/no\.csv/);
  });
});

describe('workflows', () => {
  it('are listed and shown as JSON and as a diagram', async () => {
    expect(await docketJson('workflow', 'list')).toMatchObject([
      { id: 'support@1', default: true },
      { id: 'incident@1' },
    ]);
    expect(await docketJson('workflow', 'show', 'support')).toMatchObject({ id: 'support@1' });
    const { stdout } = await docket('workflow', 'show', 'incident', '--mermaid');
    expect(stdout).toMatch(/^stateDiagram-v2\n/);
    expect(stdout).toMatch(/new --> in_progress: StartWork/);
  });
});

describe('straight into the log', () => {
  it('a simulated desk can be verified, shown and, once damaged, is not called sound', async () => {
    const stats = await docketJson(
      'simulate',
      '--tickets',
      '30',
      '--workflow',
      'incident',
      '--data-dir',
      dataDir,
    );
    const { events } = stats as { events: number };
    expect(await docketJson('verify', '--data-dir', dataDir)).toEqual({
      ok: true,
      events,
      tickets: 30,
      problems: [],
    });
    const shown = await docket('ticket', 'show', 'sim1-1', '--data-dir', dataDir);
    expect(shown.stdout).toMatch(/legal now:/);
    const missing = await docket('ticket', 'show', 'nobody', '--data-dir', dataDir);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/no ticket nobody/) });

    const segment = join(dataDir, 'log', '00000000000000000001.seg');
    const bytes = readFileSync(segment);
    bytes[2_000] = (bytes[2_000] ?? 0) ^ 1;
    writeFileSync(segment, bytes);
    const damaged = await docket('verify', '--json', '--data-dir', dataDir);
    expect(damaged.code).toBe(1);
    const { ok, problems } = JSON.parse(damaged.stdout) as { ok: boolean; problems: { problem: string }[] };
    expect(ok).toBe(false);
    expect(problems[0]?.problem).toMatch(/00000000000000000001\.seg/);
  });
});
