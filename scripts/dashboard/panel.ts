/**
 * What a panel of the Grafana dashboard is: its question, its unit and its queries. `$of` stands for the
 * chosen job and instances in every selector, so that no query can forget them.
 */

export interface Query {
  readonly expression: string;
  /** What the legend calls a line: `{{label}}` stands for the label's value. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What it says, and what to make of it. */
  readonly description: string;
  /** Grafana's name of the unit. */
  readonly unit: 'short' | 'cps' | 'reqps' | 's' | 'bytes' | 'percentunit' | 'bool_yes_no';
  /** A single figure instead of lines over time. */
  readonly isFigure?: true;
  /** Shows requests that can be looked up by their ids as points. */
  readonly exemplars?: true;
  readonly queries: readonly Query[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A rate per second over the time that a pixel stands for. */
export const rate = (metric: string, of = '$of') => `rate(${metric}{${of}}[$__rate_interval])`;
export const sumOfRate = (by: string, metric: string, of?: string) => `sum by (${by}) (${rate(metric, of)})`;
/** p50 and p99 of a histogram; `by` are labels that stay apart. */
export function quantiles(metric: string, by?: string): readonly Query[] {
  const kept = by === undefined ? 'le' : `le, ${by}`;
  const suffix = by === undefined ? '' : ` {{${by}}}`;
  return [0.5, 0.99].map((quantile) => ({
    expression: `histogram_quantile(${quantile}, ${sumOfRate(kept, `${metric}_bucket`)})`,
    legend: `p${quantile * 100}${suffix}`,
  }));
}
