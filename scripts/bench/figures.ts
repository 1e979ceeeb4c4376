/**
 * Figures from rounds: the median, how they stand to what was measured in turns with them, and whether they
 * lie too far apart. Sections that measure a thing once say less, and are completed here.
 */
import { median } from '../statistics/robust.ts';
import { relativeSpread } from '../statistics/spread.ts';
import { sampleSizeMax } from '../statistics/two-samples.ts';
import type { Figure } from './report.ts';
import type { BenchFigure, BenchSection, Role } from './result.ts';

/**
 * Of the median, which the middle half of the rounds may span. On the machine of docs/benchmarks.md rounds of
 * the same code span 5 to 20 %; beyond this the next run's median could be anywhere.
 */
export const noisySpread = 0.3;

export interface RoundsOf {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  readonly conditions: string;
  /** Docket's own, unless said otherwise. */
  readonly role?: Role;
  /** By the unit, unless said otherwise: rates are better high, everything else low. */
  readonly better?: BenchFigure['better'];
  /** Measured in turns with it; the yardstick first. */
  readonly beside?: readonly BenchFigure[];
}

export function figureOf(parts: RoundsOf): BenchFigure {
  const { id, what, unit, conditions, role = 'docket', beside = [] } = parts;
  const rounds = [...parts.rounds];
  return {
    id,
    what,
    role,
    value: median(rounds),
    unit,
    better: parts.better ?? betterByUnit(unit),
    rounds,
    noisy: relativeSpread(rounds) > noisySpread,
    conditions,
    beside: beside.map((other) => {
      const ratios = ratiosOf(rounds, other.rounds);
      return { id: other.id, ratio: median(ratios), rounds: ratios };
    }),
  };
}

/** Round by round where they took turns; of the medians alone where they did not. */
function ratiosOf(rounds: readonly number[], others: readonly number[]): number[] {
  if (rounds.length !== others.length) return [median(rounds) / median(others)];
  return rounds.map((value, index) => value / (others[index] ?? Number.NaN));
}

function betterByUnit(unit: string): BenchFigure['better'] {
  return unit.endsWith('/s') || unit === 'of raw' || unit === 'times' || unit === '%' ? 'higher' : 'lower';
}

export interface FiguresOfSection {
  readonly figures: readonly BenchFigure[];
  /** What could not be measured here. */
  readonly notes: readonly string[];
}

/**
 * Completes figures of sections that have no rounds: ids from their words, each a detail, because one
 * measurement can not be told from noise. Whatever is not a number is left out, and said to be.
 */
export function completed(
  section: BenchSection['name'],
  figures: readonly (Figure | BenchFigure)[],
): FiguresOfSection {
  const notes: string[] = [];
  const whole: BenchFigure[] = [];
  let heading = '';
  for (const figure of figures) {
    if (!('rounds' in figure) && !figure.what.startsWith(' ')) heading = figure.what;
    if (!hasNumbers(figure)) {
      notes.push(`${figure.what.trim()} is not known here`);
      continue;
    }
    if ('rounds' in figure) whole.push(figure);
    else whole.push(alone(section, heading, figure, whole));
  }
  return { figures: whole, notes };
}

function hasNumbers(figure: Figure | BenchFigure): boolean {
  const values =
    'rounds' in figure
      ? [figure.value, ...figure.rounds, ...figure.beside.flatMap(({ rounds }) => rounds)]
      : [figure.value];
  return values.every(Number.isFinite) && values.length <= 4 * sampleSizeMax;
}

function alone(section: string, heading: string, figure: Figure, before: readonly BenchFigure[]) {
  const { what, value, unit, conditions } = figure;
  const words = what.startsWith(' ') ? `${heading} ${what}` : what;
  const id = `${section}-${words}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  const same = before.filter((other) => other.id === id || other.id.startsWith(`${id}-again-`)).length;
  return figureOf({
    id: same === 0 ? id : `${id}-again-${same}`,
    what,
    unit,
    conditions,
    rounds: [value],
    role: 'detail',
  });
}
