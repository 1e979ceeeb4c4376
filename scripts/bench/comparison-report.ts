/** A comparison of two runs, for people: one line a figure, and what the verdicts rest on. */
import { print, table } from '../cli/output.ts';
import { type Change, type Comparison, changeMin, falseAlarmsMax, type Verdict } from './compare.ts';
import { rounded, wrapped } from './report.ts';

const words: Record<Verdict, string> = {
  better: 'better',
  worse: 'WORSE',
  no_difference: 'no difference beyond the noise',
  not_comparable: 'not comparable',
};

export function showComparison(comparison: Comparison, path: string): void {
  const { obstacles, differences, figures, onlyBefore, onlyAfter } = comparison;
  print(`\nCompared with ${path}`);
  if (obstacles.length > 0) {
    print('The runs can not be compared:');
    for (const line of obstacles) print(wrapped(line));
    return;
  }
  for (const line of differences) print(wrapped(`differs, ${line}`));
  const rows = figures.map((figure) => [
    figure.what.trim(),
    `${rounded(figure.before).toLocaleString('en')} → ${rounded(figure.after).toLocaleString('en')}`,
    figure.unit,
    inWords(figure.absolute),
    inWords(figure.relative),
    words[figure.verdict],
  ]);
  if (rows.length > 0) print(table(['what', 'before → now', 'unit', 'itself', 'to raw', 'verdict'], rows));
  for (const { what, note } of figures) if (note !== '') print(wrapped(`${what.trim()}: ${note}`));
  if (onlyBefore.length > 0) print(wrapped(`only before: ${onlyBefore.join(', ')}`));
  if (onlyAfter.length > 0) print(wrapped(`only now: ${onlyAfter.join(', ')}`));
  print(wrapped(method));
}

const method =
  `"itself" and "to raw" are new divided by old; the ratio to the raw limit of the same run decides where there is` +
  ` one. A change must be surer than ${percent(falseAlarmsMax)} (rank test of Mann and Whitney, exact) and larger` +
  ` than ${percent(changeMin)}; of a hundred figures one is expected to be told falsely`;

function percent(share: number): string {
  return `${100 * share} %`;
}

function inWords(change: Change | undefined): string {
  return change === undefined ? '' : `× ${change.factor.toFixed(2)}`;
}
