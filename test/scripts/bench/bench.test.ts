/** `npm run bench` from outside: what it prints, stores, reads again, compares and refuses. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completed } from '../../../scripts/bench/figures.ts';
import { benchResultSchema } from '../../../scripts/bench/result.ts';
import { readRun, writeRun } from '../../../scripts/bench/stored-run.ts';
import { rate, runOf } from './runs.ts';

const entry = join(import.meta.dirname, '../../../scripts/bench.ts');
const endToEndMsMax = 90_000;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function bench(
  args: readonly string[],
  { onOutput, folder = tmpdir() }: { onOutput?: (stop: () => void) => void; folder?: string } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['--expose-gc', entry, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
    onOutput?.(() => child.kill('SIGINT'));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...said };
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'bench-test-'));
}

describe('a stored run', () => {
  it('is read as it was written', async () => {
    const path = join(newFolder(), 'run.json');
    const run = runOf(rate([1, 2, 3], [2, 4, 6]));
    await writeRun(path, run);
    expect(await readRun(path)).toEqual(run);
  });

  it.each([
    ['{', /not a stored run.*JSON/],
    ['{"schema":"docket-load/1"}', /schema: it is not "docket-bench\/1"/],
    [JSON.stringify({ ...runOf([]), quick: 'no' }), /: quick: /],
    [JSON.stringify(runOf([{ ...rate([1])[0], unit: 5 } as never])), /: sections\[0\]\.figures\[0\]\.unit: /],
  ])('is refused by the field that is wrong: %s', async (text, complaint) => {
    const path = join(newFolder(), 'run.json');
    writeFileSync(path, text);
    await expect(readRun(path)).rejects.toThrow(complaint);
  });
});

describe('figures that were measured once', () => {
  it('get an id from their words, under their heading, and are details', () => {
    const figure = { value: 3, unit: 'ms', conditions: '' };
    const { figures, notes } = completed('open', [
      { what: '8a open, closed', ...figure },
      { what: '   first append', ...figure },
      { what: '   first append', ...figure },
      { what: '   peak memory', ...figure, value: Number.NaN },
    ]);
    expect(figures.map(({ id }) => id)).toEqual([
      'open-8a-open-closed',
      'open-8a-open-closed-first-append',
      'open-8a-open-closed-first-append-again-1',
    ]);
    expect(figures[0]).toMatchObject({ role: 'detail', better: 'lower', rounds: [3], noisy: false });
    expect(notes).toEqual(['peak memory is not known here']);
  });
});

describe('npm run bench', () => {
  it(
    'measures the engine, and stores what it prints',
    async () => {
      const folder = newFolder();
      const out = join(folder, 'run.json');
      const sizes = ['--quick', '--events', '1000', '--rounds', '1'];
      const ended = await bench([...sizes, '--only', 'engine', '--json', '--out', out, '--textfile', folder]);
      expect(ended.code, ended.stderr).toBe(0);
      const run = benchResultSchema.parse(JSON.parse(ended.stdout));
      expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(run);
      expect(run).toMatchObject({ quick: true, sizes: { events: 1_000, rounds: 1 } });
      const figures = new Map(run.sections[0]?.figures.map((figure) => [figure.id, figure]));
      const live = figures.get('engine-live-tickets');
      expect(live?.value).toBeGreaterThan(0);
      expect(live?.beside.map(({ id }) => figures.get(id)?.role)).toEqual(['raw', 'raw', 'peer']);
      const text = readFileSync(join(folder, 'docket_bench.prom'), 'utf8');
      expect(text).toContain(
        `docket_bench_figure{id="engine-live-tickets",role="docket",unit="transitions/s"} ${live?.value}\n`,
      );
    },
    endToEndMsMax,
  );

  it(
    'leaves nothing behind when it is stopped',
    async () => {
      const folder = newFolder();
      // PostgreSQL's user must be able to pass through.
      chmodSync(folder, 0o711);
      let stopped = false;
      const onOutput = (stop: () => void) => {
        if (!stopped) stop();
        stopped = true;
      };
      const ended = await bench(['--quick', '--only', 'engine'], { onOutput, folder });
      expect(ended.code).toBe(130);
      expect(ended.stderr).toContain('stopped; nothing is left behind');
      expect(readdirSync(folder)).toEqual([]);
    },
    endToEndMsMax,
  );

  it('compares two stored runs, and fails on worse only if asked to', async () => {
    const folder = newFolder();
    const [before, after] = [join(folder, 'before.json'), join(folder, 'after.json')];
    await writeRun(before, runOf(rate([100, 101, 102, 103, 104])));
    await writeRun(after, runOf(rate([50, 51, 52, 53, 54])));
    const ended = await bench(['--stored', after, '--compare', before]);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(/ours +102 → 52 +\/s +× 0\.51 +WORSE/);
    expect((await bench(['--stored', after, '--compare', before, '--fail-on-worse'])).code).toBe(1);
    expect((await bench(['--stored', before, '--compare', before, '--fail-on-worse'])).code).toBe(0);
  });

  it('says at once that there is nothing to compare with', async () => {
    const folder = newFolder();
    const ended = await bench(['--quick', '--compare', join(folder, 'nothing.json')]);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(/nothing\.json is not a stored run.*ENOENT.*\[input_unreadable\]/);
  });
});
