/** Figures for node_exporter: whole at every moment, as promtool wants them, honest about the last audit. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { auditFile } from '../../../scripts/measuring/audit-textfile.ts';
import { readExposition, sumOf } from '../../../scripts/measuring/exposition.ts';
import { writeTextfile } from '../../../scripts/measuring/textfile.ts';
import { docket } from '../../support/docket.ts';
import { testFolder } from '../../support/postgres.ts';

const folder = testFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const family = (value: number) => ({
  name: 'docket_bench_events_per_second',
  help: 'Committed transitions per second.',
  kind: 'gauge' as const,
  samples: [
    { labels: { section: 'engine' }, value },
    { labels: { section: 'odd "one"\n\\' }, value: 0.5 },
  ],
});

describe('a textfile', () => {
  const path = join(folder, 'docket_bench.prom');

  it('holds the families, without times, for everybody to read, and nothing lies beside it', async () => {
    await writeTextfile(path, [family(1)]);
    await writeTextfile(path, [family(1_500_000)]);
    const text = readFileSync(path, 'utf8');
    expect(sumOf(readExposition(text), 'docket_bench_events_per_second', { section: 'engine' })).toBe(
      1_500_000,
    );
    expect(sumOf(readExposition(text), 'docket_bench_events_per_second', { section: 'odd "one"\n\\' })).toBe(
      0.5,
    );
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of samples) expect(line).toMatch(/\} [\d.]+$/);
    expect(statSync(path).mode & 0o444).toBe(0o444);
    expect(readdirSync(folder).filter((name) => name.startsWith('docket_bench'))).toEqual([
      'docket_bench.prom',
    ]);
  });

  it.skipIf(!hasPromtool)('passes promtool check metrics (skipped where there is no promtool)', () => {
    execFileSync('promtool', ['check', 'metrics'], { input: readFileSync(path) });
  });

  it('stays as it was where another can not be written', async () => {
    const before = readFileSync(path, 'utf8');
    mkdirSync(join(folder, 'taken.prom'));
    const onto = writeTextfile(join(folder, 'taken.prom'), [family(2)]);
    await expect(onto).rejects.toMatchObject({ code: 'output_unwritable' });
    const nowhere = writeTextfile(join(folder, 'nowhere', 'x.prom'), [family(2)]);
    await expect(nowhere).rejects.toThrow(/nowhere/);
    await expect(writeTextfile(join(folder, 'x.txt'), [family(2)])).rejects.toThrow(/\.prom/);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(folder).filter((name) => /\.prom\.|x\.txt/.test(name))).toEqual([]);
  });
});

describe('docket verify --textfile', () => {
  const dataDir = join(folder, 'data');
  const collected = join(folder, 'collected');
  const figures = () => {
    const read = readExposition(readFileSync(join(collected, auditFile), 'utf8'));
    return (name: string) => sumOf(read, `docket_audit_${name}`, { log: 'segment' });
  };
  const verify = (into = collected) => docket('verify', '--textfile', into, '--data-dir', dataDir);

  it('tells of an audit that found nothing wrong', async () => {
    mkdirSync(collected);
    await docket('simulate', '--tickets', '5', '--seed', '3', '--data-dir', dataDir);
    const startedAt = Date.now() / 1_000;
    expect((await verify()).code).toBe(0);
    const audit = figures();
    expect(audit('failures')).toBe(0);
    expect(audit('checked_position')).toBeGreaterThan(5);
    expect(audit('last_success_timestamp_seconds')).toBeGreaterThanOrEqual(startedAt);
    expect(audit('last_run_timestamp_seconds')).toBe(audit('last_success_timestamp_seconds'));
  });

  it('keeps the time of the last good one when the next finds damage', async () => {
    const good = figures()('last_success_timestamp_seconds');
    const log = join(dataDir, 'log');
    const segment = join(log, readdirSync(log).find((name) => name.endsWith('.seg')) ?? '');
    const bytes = readFileSync(segment);
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
    writeFileSync(segment, bytes);
    expect((await verify()).code).toBe(1);
    const audit = figures();
    expect(audit('failures')).toBe(1);
    expect(audit('last_success_timestamp_seconds')).toBe(good);
    expect(audit('last_run_timestamp_seconds')).toBeGreaterThan(good ?? 0);
    if (hasPromtool) {
      execFileSync('promtool', ['check', 'metrics'], { input: readFileSync(join(collected, auditFile)) });
    }
  });

  it('says when it can not write there, after it has told what it found', async () => {
    const { code, stdout, stderr } = await verify(join(folder, 'missing'));
    expect(code).toBe(3);
    expect(stdout).toContain('1 problems');
    expect(stderr).toMatch(/can not write .*missing.*output_unwritable/s);
    expect(existsSync(join(folder, 'missing'))).toBe(false);
  });
});
