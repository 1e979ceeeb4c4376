/**
 * Rows of a run as points of a chart, not more than it can show. What is thinned out is said with the chart,
 * and never hides a peak: latencies, lag and the like keep the highest of their time, rates their mean.
 */

export interface Column<Row> {
  readonly name: string;
  readonly of: (row: Row) => number | undefined;
  /** What stands for several rows. */
  readonly keep: 'mean' | 'highest';
}

export interface Sampled {
  /** Seconds since the run began, the start of what each point stands for. */
  readonly x: readonly number[];
  /** For each column its values; null where nothing was measured. */
  readonly values: readonly (readonly (number | null)[])[];
  readonly secondsEach: number;
}

/** At most `pointsMax` points, evenly spread over the time from the first row to the last. */
export function sampled<Row extends { readonly second: number }>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  pointsMax: number,
): Sampled {
  const seconds = rows.map(({ second }) => second).filter(Number.isFinite);
  const first = Math.floor(seconds.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY));
  const last = Math.floor(seconds.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY));
  if (seconds.length === 0) return { x: [], values: columns.map(() => []), secondsEach: 1 };
  const secondsEach = Math.max(1, Math.ceil((last - first + 1) / pointsMax));
  const points: Row[][] = Array.from({ length: Math.floor((last - first) / secondsEach) + 1 }, () => []);
  for (const row of rows) points[Math.floor((Math.floor(row.second) - first) / secondsEach)]?.push(row);
  return {
    x: points.map((_, index) => first + index * secondsEach),
    values: columns.map((column) => points.map((each) => valueOfAll(each, column))),
    secondsEach,
  };
}

function valueOfAll<Row>(rows: readonly Row[], { of, keep }: Column<Row>): number | null {
  const found = rows.flatMap((row) => {
    const value = of(row);
    return value !== undefined && Number.isFinite(value) ? [value] : [];
  });
  if (found.length === 0) return null;
  if (keep === 'highest') return found.reduce((most, value) => Math.max(most, value));
  return found.reduce((sum, value) => sum + value, 0) / found.length;
}
