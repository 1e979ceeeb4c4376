/**
 * How a benchmark tells what it measured: every figure with its unit and the conditions it holds under, for
 * people as tables and for scripts as JSON. It must never judge a figure: a benchmark is not a test.
 */
import { print, table } from '../cli/output.ts';

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What was done, how often, in what sizes. */
  readonly conditions: string;
}

export interface Section {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** What a reader must know to not be misled, and what limits a figure where that was measured. */
  readonly notes: readonly string[];
}

export function showSection({ title, figures, notes }: Section): void {
  print(`\n${title}`);
  const cells = figures.map(({ what, value, unit, conditions }) => [what, rounded(value), unit, conditions]);
  if (cells.length > 0) print(table(['what', 'figure', 'unit', 'conditions'], cells));
  for (const note of notes) print(`  - ${note}`);
}

/** More digits than these are noise. */
export function rounded(value: number): number {
  if (Math.abs(value) >= 100) return Math.round(value);
  return Number(value.toPrecision(3));
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** A figure that was measured several times: its median, with the lowest and highest beside it. */
export interface Repeated {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Throws where nothing was measured. */
export function repeated(values: readonly number[]): Repeated {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, lowest, highest] = [sorted[(sorted.length - 1) >> 1], sorted[0], sorted.at(-1)];
  if (median === undefined || lowest === undefined || highest === undefined) {
    throw new RangeError('there must be a value');
  }
  return { median, lowest, highest };
}

export function spread({ lowest, highest }: Repeated): string {
  return `${count(lowest)} to ${count(highest)}`;
}
