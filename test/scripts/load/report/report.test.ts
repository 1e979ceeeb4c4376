/**
 * The report of a load test as text: what each kind of run shows, that what is missing is said, that nothing
 * can break out of it, and that it can be made again from the file.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clock, figure } from '../../../../scripts/load/report/figures.ts';
import { reportOf, writeReport } from '../../../../scripts/load/report/render.ts';
import { reportPage } from '../../../../scripts/load/report/report-page.ts';
import { resultFromText } from '../../../../scripts/load/report/result-file.ts';
import { sampled } from '../../../../scripts/load/report/sampling.ts';
import type { LoadResult } from '../../../../scripts/load/result.ts';
import { noLatency } from '../results.ts';
import { ladderResult, loadResult, notRunResult, soakResult } from './fixture.ts';

/** The texts of the page without its scripts and styles. */
function wordsOf(page: string): string {
  return page
    .replaceAll(/<(script|style)[\s>].*?<\/\1>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ');
}

function dataOf(page: string): { charts: Record<string, { x: number[]; series: { name: string }[] }> } {
  const [, text = ''] = /id="chart-data">(.*?)<\/script>/s.exec(page) ?? [];
  return JSON.parse(text);
}

const spike = loadResult();

describe('the page', () => {
  it('tells the verdict, why, what differed, and what it holds on', () => {
    const words = wordsOf(reportPage({ ...spike, changed: '90 s in place of 8 h' }));
    for (const told of [
      'PT04: A sudden surge of 2,000 tickets',
      '✗ Failed 1 of 4 KPIs was missed',
      'Not as its scenario file says: 90 s in place of 8 h',
      'commit 0652788',
      'machine 2 × AMD EPYC 7B13',
      'durability segment log: fdatasync before each answer',
      'synchronous_commit on',
      'The API process is what limits.',
      'back in the band after 71 s',
      'Equal : the log holds exactly what was acknowledged',
      'The server did not answer 3 of 174 probes',
    ])
      expect(words).toContain(told);
  });

  it('says what is not recorded', () => {
    expect(wordsOf(reportPage({ ...spike, conditions: {} }))).toContain('commit not recorded');
  });

  it('says of an invalid run that its figures are not to be used, and why', () => {
    const validity = { ...spike.validity, valid: false, reasons: ['p99 of the send delay was 84 ms'] };
    const words = wordsOf(reportPage({ ...spike, verdict: 'invalid', validity }));
    expect(words).toContain('Invalid : do not use the figures of this run. p99 of the send delay was 84 ms');
  });

  it('lets only its own scripts and styles in, by their hashes, and asks nothing of anybody', () => {
    const page = reportPage(spike);
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    const allowed = new Set(policy.replaceAll('&#39;', "'").match(/'sha256-[^']+'/g));
    const own = [...page.matchAll(/<(script|style)>(.*?)<\/\1>/gs)].map(
      ([, , text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
    );
    expect(own).toHaveLength(5);
    expect(new Set(own)).toEqual(allowed);
    expect(policy).toContain('default-src &#39;none&#39;');
    expect(policy).not.toContain('unsafe');
    const [head = ''] = page.split('<script type=');
    expect([...head.matchAll(/\s(?:src|href|style|on\w+)="([^#][^"]*)"/g)]).toEqual([]);
  });

  it('lets no text of a run end the script that the data stands in, or become markup', () => {
    const evil = '</script><img src=x onerror="alert(1)"><!--';
    const stages = spike.stages.map((stage) => ({ ...stage, name: evil }));
    const page = reportPage({ ...spike, why: evil, stages });
    const [, data = ''] = /id="chart-data">(.*)/.exec(page) ?? [];
    expect(data.replace(/<\/script>$/, '')).not.toMatch(/</);
    expect(JSON.stringify(dataOf(page))).toContain(JSON.stringify(evil));
    expect(page).not.toContain('<img');
  });

  it('gives each chart a text, a table with the figures, and an id of its own', () => {
    for (const result of [spike, ladderResult()]) {
      const page = reportPage(result);
      const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const charts = Object.keys(dataOf(page).charts);
      expect(charts.length).toBeGreaterThan(10);
      for (const id of charts) {
        const [, chart = ''] = new RegExp(`<figure id="${id}"(.*?)</figure>`, 's').exec(page) ?? [];
        expect(chart, id).toMatch(/<tbody>\s*<tr>/);
        expect(wordsOf(chart).length, id).toBeGreaterThan(100);
      }
    }
  });

  it('never shows what is no number', () => {
    const nan = Number.NaN;
    const odd: LoadResult = {
      ...ladderResult(),
      latency: { ...spike.latency, p99Ms: nan },
      resources: spike.resources.map((row) => ({
        ...row,
        cpu: { ...row.cpu, generator: nan },
        lagEvents: nan,
      })),
    };
    for (const result of [spike, odd, notRunResult()])
      expect(wordsOf(reportPage(result))).not.toMatch(/NaN|Infinity|undefined|null|\[object/);
    expect(wordsOf(reportPage(odd))).toContain('Not measured: generator.');
  });
});

describe('a sweep', () => {
  it('over events is drawn over what it set, without the marks of loads', () => {
    const told = (value: number) => `preloaded ${value.toLocaleString('en')} events`;
    const ladder = ladderResult();
    const values = [4_000, 50, 1_000_000];
    const steady = spike.stages[1] ?? expect.unreachable();
    const stages = values.map((value, index) => ({
      ...steady,
      index,
      role: 'measured' as const,
      sweep: told(value),
    }));
    const sweep = { over: 'preloadEvents' as const, values };
    const page = reportPage({ ...ladder, scenario: { ...ladder.scenario, sweep }, stages });
    expect(dataOf(page).charts['steps-latency']?.x).toEqual([50, 4_000, 1_000_000]);
    expect(wordsOf(page)).toContain(
      'Latency by events in the log before logarithmic The objective is a p99 of 2 s.',
    );
    expect(wordsOf(page)).toContain(`before measured ${told(4_000)}`);
  });
});

describe('a ladder for each round of a sweep', () => {
  it('is drawn over the load, with a line for each round', () => {
    const ladder = ladderResult();
    const sweep = { over: 'servers', values: [1, 2] } as const;
    const rounds = sweep.values.flatMap((servers) =>
      ladder.stages.map((stage) => ({ ...stage, sweep: `servers ${servers}` })),
    );
    const scenario = { ...ladder.scenario, sweep: { ...sweep, values: [...sweep.values] } };
    const { charts } = dataOf(reportPage({ ...ladder, scenario, stages: rounds }));
    const names = charts['steps-throughput']?.series.map(({ name }) => name);
    expect(names).toEqual(['offered', 'servers 1', 'servers 2']);
    expect(charts['steps-latency']?.x).toHaveLength(20);
  });
});

describe('a ladder', () => {
  const ladder = ladderResult();

  it('shows each run of the closed loop beside the capacity, and what they come to', () => {
    const page = reportPage(ladder);
    expect(page).toContain('agrees</span>: the ladder kept 2,150/s, 5.5 % less than the 2,275/s');
    expect(page).toContain('wrk in a closed loop over 200 connections; median 2,275/s');
    expect(page).toMatch(/before the ladder<\/th>.*2,240\/s.*2,240\/s/);
  });

  it('says why the closed loop was not asked, without an empty table', () => {
    const words = 'it was not asked: a sweep has a capacity for each of its values';
    const unasked = { tool: undefined, runs: [], perSecond: undefined, spreadShare: undefined };
    const page = reportPage({
      ...ladder,
      secondMethod: { ...unasked, connections: 200, verdict: 'not_judged', words },
    });
    expect(page).toContain(`open</span>: ${words}.`);
    expect(page).not.toContain('in a closed loop over');
  });

  it('tells a capacity that is only the least, and the step whose generator was late', () => {
    const { capacity } = ladder.analyses;
    if (capacity === undefined) throw new Error('a ladder has a capacity');
    const late = { valid: false, reasons: ['late'], generatorCpuShare: 0.95 };
    const page = reportPage({
      ...ladder,
      stages: ladder.stages.map((stage, index) => (index === 9 ? { ...stage, validity: late } : stage)),
      analyses: { ...ladder.analyses, capacity: { ...capacity, atLeast: true } },
    });
    expect(page).toContain('<dd>at least 2,150/s</dd>');
    expect(page.match(/<td class="\w+">late<\/td>/g)).toHaveLength(1);
  });
});

describe('what was not measured', () => {
  const nothing: LoadResult = {
    ...spike,
    stages: [],
    seconds: [],
    resources: [],
    quantileChart: [],
    latencyByAction: {},
    latency: { ...noLatency, histogram: '' },
    analyses: { ...notRunResult().analyses },
    kpis: [],
  };

  it('is said with its reason in the place of each chart', () => {
    const page = reportPage(nothing);
    expect(dataOf(page).charts).toEqual({});
    expect(page).not.toContain('<figure');
    const reasons = wordsOf(page).match(/Not measured: \w+ \w+/g) ?? [];
    expect(reasons.length).toBeGreaterThan(12);
  });

  it('is said of single figures that the server did not tell', () => {
    const resources = spike.resources.map((row) => ({
      ...row,
      heapAfterMajorGcBytes: undefined,
      majorCollections: 0,
      lagSeconds: undefined,
      memory: { ...row.memory, projector: undefined },
    }));
    const conditions = { ...spike.conditions, 'not measured': 'lag: no exporter answers' };
    const page = reportPage({ ...spike, resources, conditions });
    const words = wordsOf(page);
    expect(words).toContain('Heap after a major collection Not measured: no major collection took place');
    expect(words).toContain("Lag in seconds Not measured: the server's metrics did not tell the lag");
    expect(words).toContain('; noted with the run: lag: no exporter answers');
    expect(dataOf(page).charts.memory?.series.map(({ name }) => name)).not.toContain('projector');
  });

  it('of a run that did not take place is said once', () => {
    const words = wordsOf(reportPage(notRunResult()));
    expect(words).toContain('– Not run It classifies tickets, and Docket has no classifier yet');
    expect(words).toContain('Nothing was judged');
    expect(words.match(/Not measured/g)).toHaveLength(1);
  });

  it('is nothing where nothing failed', () => {
    const stages = [{ name: 'calm', role: 'measured', seconds: 30, perSecond: 10 }] as const;
    const words = wordsOf(reportPage(loadResult({ stages })));
    expect(words).toMatch(/Every request succeeded: (\d+) of \1\./);
  });
});

describe('long runs', () => {
  it('are thinned out, say so, and stay small', () => {
    const page = reportPage(soakResult());
    expect(Buffer.byteLength(page)).toBeLessThan(5_000_000);
    expect(wordsOf(page)).not.toMatch(/NaN|Infinity|undefined|null/);
    expect(wordsOf(page)).toContain(
      'Each point stands for 24 s and is the highest of them; every second is in result.json.',
    );
    const { charts } = dataOf(page);
    for (const [id, { x, series }] of Object.entries(charts)) {
      expect(x.length, id).toBeLessThanOrEqual(1_200);
      for (const { name } of series) expect(name).not.toBe('');
    }
    expect(charts.throughput?.x).toHaveLength(1_200);
  });

  it('keep every peak and every mean when they are thinned out', () => {
    const row = fc.record({ value: fc.nat(1_000_000), gap: fc.integer({ min: 1, max: 400 }) });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        (gaps, max) => {
          let second = 0;
          const rows = gaps.map(({ value, gap }) => {
            second += gap;
            return { second, value };
          });
          const of = ({ value }: { value: number }) => value;
          const columns = [
            { name: 'most', of, keep: 'highest' },
            { name: 'mean', of, keep: 'mean' },
          ] as const;
          const { x, values, secondsEach } = sampled(rows, columns, max);
          const [most = [], mean = []] = values;
          expect(x.length).toBeLessThanOrEqual(max);
          expect(Math.max(...most.map((each) => each ?? 0))).toBe(Math.max(...rows.map(of)));
          for (const [index, from] of x.entries()) {
            const within = rows
              .filter((each) => each.second >= from && each.second < from + secondsEach)
              .map(of);
            const sum = within.reduce((total, each) => total + each, 0);
            if (within.length === 0) expect(mean[index]).toBeNull();
            else expect(mean[index]).toBeCloseTo(sum / within.length, 6);
          }
        },
      ),
    );
  });
});

describe('figures', () => {
  it.each([
    ['ms', 0.25, '250 µs'],
    ['ms', 12.345, '12.3 ms'],
    ['ms', 61_500, '61.5 s'],
    ['rate', 12_345.6, '12,346/s'],
    ['share', 0.0425, '4.25 %'],
    ['bytes', 3 * 2 ** 20, '3 MiB'],
    ['seconds', 5_400, '90 min'],
    ['count', 0, '0'],
    ['count', Number.NaN, '–'],
    ['ms', undefined, '–'],
  ] as const)('of %s: %s is %s', (unit, value, told) => {
    expect(figure(unit, value)).toBe(told);
  });

  it('of time are minutes and seconds, and hours where there are any', () => {
    expect([0, 65.9, 3_599, 3_600, 28_799].map(clock)).toEqual([
      '0:00',
      '1:05',
      '59:59',
      '1:00:00',
      '7:59:59',
    ]);
  });
});

describe('from a file', () => {
  it('the report is the same as the one that the run made', () => {
    const odd = { ...spike, latency: { ...spike.latency, p99Ms: Number.NaN } };
    for (const result of [spike, odd, ladderResult(), notRunResult()])
      expect(reportPage(resultFromText(JSON.stringify(result), 'result.json'))).toBe(reportPage(result));
  });

  it('is written beside the result', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'docket-report-'));
    try {
      const path = await writeReport(spike, folder);
      expect(path).toBe(join(folder, 'report.html'));
      const made = readFileSync(path, 'utf8');
      writeFileSync(join(folder, 'result.json'), JSON.stringify(spike));
      expect(await reportOf(join(folder, 'result.json'))).toBe(path);
      expect(readFileSync(path, 'utf8')).toBe(made);
      await expect(reportOf(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'input_unreadable' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each([
    ['{"schema":', /result\.json is no JSON/],
    ['{}', /schema: .*; and \d+ more/],
    [JSON.stringify({ ...spike, cores: 'two' }), /is no result of a load test: cores: .*expected number/],
    [JSON.stringify({ ...spike, seconds: [{}] }), /seconds\.0\.second: /],
    [JSON.stringify({ ...spike, verdict: 'fine' }), /verdict: .*passed/],
  ])('is refused where the file is not one, with the field: %#', (text, told) => {
    expect(() => resultFromText(text, 'result.json')).toThrow(told);
  });
});
