/** What is said of two runs: changes are found, chance is not, and what can not be compared is refused. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../../adapters/simulation/random.ts';
import { compareRuns, type Verdict } from '../../../scripts/bench/compare.ts';
import { figureOf } from '../../../scripts/bench/figures.ts';
import type { BenchResult } from '../../../scripts/bench/result.ts';
import { rate, roundsAround, runOf } from './runs.ts';

const seeds = 1_000;
const scatter = 0.05;

/** How often each verdict is reached over many seeds. */
function verdicts(make: (random: Random) => readonly [BenchResult, BenchResult]): Record<Verdict, number> {
  const counted = { better: 0, worse: 0, no_difference: 0, not_comparable: 0 };
  for (let seed = 1; seed <= seeds; seed += 1) {
    const [before, after] = make(new Random(seed));
    const verdict = compareRuns(before, after).figures.find(({ id }) => id === 'ours')?.verdict;
    if (verdict !== undefined) counted[verdict] += 1;
  }
  return counted;
}

function rounds(middle: number, random: Random): number[] {
  return roundsAround(middle, scatter, random);
}

describe('a comparison', () => {
  it('calls the same code the same in at least 95 of 100 runs', () => {
    const found = verdicts((random) => [
      runOf(rate(rounds(1_000, random))),
      runOf(rate(rounds(1_000, random))),
    ]);
    expect(found.no_difference).toBeGreaterThanOrEqual(0.95 * seeds);
  });

  it('finds a figure that is a quarter lower, and calls it worse', () => {
    const found = verdicts((random) => [
      runOf(rate(rounds(1_000, random))),
      runOf(rate(rounds(750, random))),
    ]);
    expect(found.worse).toBeGreaterThanOrEqual(0.95 * seeds);
    expect(found.better).toBe(0);
  });

  it('finds a time that is a quarter lower better', () => {
    const time = (values: readonly number[]) =>
      runOf([figureOf({ id: 'ours', what: 'ours', unit: 'ms', rounds: values, conditions: '' })]);
    const found = verdicts((random) => [time(rounds(1_000, random)), time(rounds(750, random))]);
    expect(found.better).toBeGreaterThanOrEqual(0.95 * seeds);
  });

  it('blames the machine where its raw limit moved as far', () => {
    const { figures } = compareRuns(
      runOf(rate([100, 101, 102, 103, 104], [200, 202, 204, 206, 208])),
      runOf(rate([70, 71, 72, 73, 74], [140, 142, 144, 146, 148])),
    );
    expect(figures).toMatchObject([
      { id: 'ours', yardstick: 'raw', verdict: 'no_difference', absolute: { direction: 'down' } },
    ]);
    expect(figures[0]?.note).toBe('went down, and so did the machine');
  });

  it('finds what a faster machine hides', () => {
    const { figures } = compareRuns(
      runOf(rate([100, 101, 102, 103, 104], [200, 202, 204, 206, 208])),
      runOf(rate([100, 101, 102, 103, 104], [300, 302, 304, 306, 308])),
    );
    expect(figures).toMatchObject([{ verdict: 'worse', note: 'by its ratio to the raw limit only' }]);
  });

  it('says nothing where the figure and its ratio went opposite ways', () => {
    const { figures } = compareRuns(
      runOf(rate([100, 101, 102, 103, 104], [200, 202, 204, 206, 208])),
      runOf(rate([150, 151, 152, 153, 154], [900, 902, 904, 906, 908])),
    );
    expect(figures).toMatchObject([{ verdict: 'no_difference' }]);
    expect(figures[0]?.note).toContain('opposite ways');
  });

  it('does not judge by fewer than five rounds', () => {
    const { figures } = compareRuns(runOf(rate([1, 2, 3])), runOf(rate([10, 20, 30])));
    expect(figures).toMatchObject([
      { verdict: 'not_comparable', note: 'rounds: 3 are too few to tell a change from noise' },
    ]);
  });

  it('judges only what is Docket’s, and tells what only one run has', () => {
    const before = runOf(rate([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]));
    const other = figureOf({ id: 'new', what: 'new', unit: '/s', rounds: [1], conditions: '' });
    const after = runOf([...rate([1, 2, 3, 4, 5]), other]);
    const comparison = compareRuns(before, after);
    expect(comparison.figures.map(({ id }) => id)).toEqual(['ours']);
    expect([comparison.onlyBefore, comparison.onlyAfter]).toEqual([['raw'], ['new']]);
  });
});

describe('runs that can not be compared', () => {
  const run = runOf(rate([1, 2, 3, 4, 5]));
  const others: readonly (readonly [Partial<BenchResult>, string])[] = [
    [{ quick: true }, 'quick: the new run was a quick one'],
    [
      { validity: { valid: false, reasons: ['others used 40 %'], remarks: [] } },
      'validity: the new run is invalid (others used 40 %)',
    ],
    [{ machine: { ...run.machine, cores: 8 } }, 'machine.cores: 2 before, 8 now'],
    [{ machine: { ...run.machine, cpu: 'EPYC' } }, 'machine.cpu: Xeon before, EPYC now'],
    [
      { durability: { ...run.durability, flushes: 'likely', fdatasyncMicroseconds: 900 } },
      'durability.fdatasyncMicroseconds: 57 µs before (flushes: unlikely), 900 µs now (flushes: likely)',
    ],
    [
      { durability: { ...run.durability, postgres: { fsync: 'off' } } },
      'durability.postgres.fsync: on before, off now',
    ],
    [{ sizes: { ...run.sizes, events: 1_000 } }, 'sizes.events: 300000 before, 1000 now'],
  ];

  it.each(others)('are refused by the field: %j', (changes, obstacle) => {
    const { obstacles, figures } = compareRuns(run, runOf(rate([10, 20, 30, 40, 50]), changes));
    expect(obstacles).toEqual([obstacle]);
    expect(figures).toMatchObject([{ verdict: 'not_comparable', note: obstacle }]);
  });

  it('are not those of another version of Node, which is told', () => {
    const versions = { ...run.versions, node: 'v26.0.0' };
    const comparison = compareRuns(run, runOf(rate([1, 2, 3, 4, 5]), { versions }));
    expect(comparison.obstacles).toEqual([]);
    expect(comparison.differences).toEqual(['versions.node: v24.21.0 before, v26.0.0 now']);
  });
});
