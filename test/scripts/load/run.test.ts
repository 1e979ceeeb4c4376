/**
 * `npm run load` as a person runs it: real servers, a real PostgreSQL, the real generator, for a few seconds.
 * No figure of speed is asserted: only that what was measured is whole and agrees with the log.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LoadResult } from '../../../scripts/load/result.ts';

const entry = join(import.meta.dirname, '../../../scripts/load.ts');
const runMsMax = 120_000;

async function load(...args: readonly string[]) {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

function resultIn(out: string, id: string): { readonly result: LoadResult; readonly report: string } {
  const folder = readdirSync(out).find((name) => name.startsWith(`${id}-`));
  if (folder === undefined) throw new Error(`there is no result of ${id} in ${out}`);
  const result: LoadResult = JSON.parse(readFileSync(join(out, folder, 'result.json'), 'utf8'));
  return { result, report: readFileSync(join(out, folder, 'report.html'), 'utf8') };
}

const small = {
  id: 'SMALL',
  title: 'A few seconds of a desk',
  purpose: 'Every action once, a ladder of two steps, and rows in PostgreSQL.',
  kind: 'load',
  users: 16,
  ticketsBefore: 60,
  mix: ['open', 'comment', 'advance', 'read', 'list', 'search', 'history'].map((action) => {
    return { action, weight: 1 };
  }),
  stages: [
    { name: 'warm', role: 'warm', shape: 'hold', perSecond: 40, seconds: 1 },
    { name: 'measured', role: 'measured', shape: 'hold', perSecond: 60, seconds: 3 },
  ],
  ladder: { fromPerSecond: 20, factor: 2, stepsMax: 2, secondsEach: 1, warmSeconds: 0 },
  // The machine may be as busy as it likes: what is tested is the way, not the server.
  objective: { p99Ms: 60_000, errorShareMax: 1, achievedShareMin: 0.01 },
  kpis: { memoryShareMax: 1, uptimeShareMin: 0.01, databaseOperationsMin: 50 },
};

describe('a scenario', () => {
  it('runs from its file to a result that agrees with the log, and a report', {
    timeout: runMsMax,
  }, async () => {
    const out = mkdtempSync(join(tmpdir(), 'load-'));
    const file = join(out, 'small.json');
    writeFileSync(file, JSON.stringify(small));
    const { stdout, stderr } = await load(file, '--out', out);
    const { result, report } = resultIn(out, 'SMALL');
    // On a busy machine a step may miss, and is then asked once more.
    const again = result.stages.filter(({ name }) => name.includes(' again'));
    const stages = result.stages.filter((stage) => !again.includes(stage));
    expect(
      stages.map(({ role }) => role),
      stderr,
    ).toEqual(['warm', 'measured', 'step', 'step', 'after']);
    const [, measured] = stages;
    // 180 were due, whatever became of them, and 7 stages and preparations left their events in the log.
    expect(Object.values(measured?.endings ?? {}).reduce((sum, count) => sum + count, 0)).toBe(180);
    const { counting } = result;
    expect(counting).toMatchObject({ equal: true, unexplained: 0, logBefore: 0 });
    expect(counting.logAfter).toBe(counting.acknowledged);
    expect(counting.acknowledged).toBeGreaterThan(60);
    const rows = result.seconds.filter(({ stage }) => !again.some(({ index }) => index === stage));
    expect(rows.reduce((sum, { due }) => sum + due, 0)).toBe(40 + 180 + 20 + 40 + 20);
    // What is called transitions per second is the log's count, here of the only measured stage.
    expect(counting.logPerSecond).toBeCloseTo(measured?.transitionsPerSecond ?? 0, 6);
    expect(result.kpis.find(({ name }) => name === 'database operations')).toMatchObject({
      note: expect.stringContaining(
        `${counting.logAfter.toLocaleString('en')} of ${counting.logAfter.toLocaleString('en')} events are rows`,
      ),
    });
    expect(Math.max(...result.resources.map(({ memory }) => memory.postgres ?? 0))).toBeGreaterThan(1e6);
    expect(Math.max(...result.resources.map(({ cpu }) => cpu.server ?? 0))).toBeGreaterThan(0);
    expect(report).toContain('A few seconds of a desk');
    expect(stdout).toContain('report.html');
    const folder = result.conditions['data folder'] ?? '';
    expect(folder).toContain('docket-load-');
    expect(existsSync(folder), 'the servers left their folder behind').toBe(false);
  });

  it('PT07 refuses what is beyond the allowance, each time with a time to come back, and loses nothing', {
    timeout: runMsMax,
  }, async () => {
    const out = mkdtempSync(join(tmpdir(), 'load-'));
    const { stdout, stderr } = await load('PT07', '--duration', '3s', '--json', '--out', out);
    const result: LoadResult = JSON.parse(stdout);
    expect(result.changed, stderr).toBe('measured for 3 s in place of 60 s (--duration)');
    expect(result.counting).toMatchObject({ equal: true, unexplained: 0 });
    const verdicts = new Map(result.kpis.map(({ name, verdict }) => [name, verdict]));
    expect(verdicts.get('throttled')).toBe('met');
    expect(verdicts.get('Retry-After')).toBe('met');
  });

  it('PT06 is not run, and says why, without counting as failed', async () => {
    const out = mkdtempSync(join(tmpdir(), 'load-'));
    const { code, stdout } = await load('pt06', '--out', out);
    expect(code).toBe(0);
    expect(stdout).toContain('not run: it classifies tickets, and Docket has no classifier yet');
    expect(resultIn(out, 'PT06').result).toMatchObject({ verdict: 'not_run', stages: [] });
  });

  it('of a server that does not answer says so', async () => {
    const { code, stderr } = await load('LOAD', '--url', 'http://127.0.0.1:9', '--key', 'x');
    expect(stderr).toContain('no answer from http://127.0.0.1:9; is the server running?');
    expect(code).toBe(3);
  });

  it('with a mistake is not run at all', async () => {
    const out = mkdtempSync(join(tmpdir(), 'load-'));
    const file = join(out, 'wrong.json');
    writeFileSync(file, JSON.stringify({ ...small, users: -1 }));
    const { code, stderr } = await load(file, '--out', out);
    expect(code).toBe(3);
    expect(stderr).toContain('wrong.json is no scenario: users: ');
  });
});
