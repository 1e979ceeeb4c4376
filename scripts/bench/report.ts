/**
 * How a benchmark tells what it measured, for people: figures as a table, what they hold under below it. It
 * must never judge a figure: a benchmark is not a test.
 */
import { print, table } from '../cli/output.ts';
import { completed } from './figures.ts';
import type { BenchFigure, BenchSection, BenchValidity } from './result.ts';

/** A figure that was measured once. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What was done, how often, in what sizes. */
  readonly conditions: string;
}

/** What a section of the benchmarks answers. */
export interface Section {
  readonly title: string;
  readonly figures: readonly (Figure | BenchFigure)[];
  /** What a reader must know to not be misled, and what limits a figure where that was measured. */
  readonly notes: readonly string[];
}

/** Of the widest terminal that everybody has. */
const columnsMax = 120;

export function showSection({ title, figures, notes, seconds }: BenchSection): void {
  print(`\n${title} (${rounded(seconds)} s)`);
  if (figures.length > 0) print(figureTable(figures));
  for (const { what, conditions } of figures) print(wrapped(`${what.trim()}: ${conditions}`));
  for (const note of notes) print(wrapped(note));
}

/** Each ratio on a line of its own, so that lines stay short. */
function figureTable(figures: readonly BenchFigure[]): string {
  const values = rightAligned(figures.map(({ value }) => digits(value)));
  const lows = rightAligned(figures.map(({ rounds }) => digits(Math.min(...rounds))));
  const highs = rightAligned(figures.map(({ rounds }) => digits(Math.max(...rounds))));
  const names = new Map(figures.map(({ id, what }) => [id, what.trim()]));
  const rows = figures.flatMap(({ what, unit, noisy, role, rounds, beside }, index) => {
    const [first = '', ...others] = beside.map(
      ({ id, ratio }) => `${digits(ratio)} × ${names.get(id) ?? id}`,
    );
    const single = rounds.length === 1;
    const range = single ? ['', ''] : [lows[index] ?? '', highs[index] ?? ''];
    const marked = `${noisy ? '~' : ''}${role === 'raw' || role === 'peer' ? `  ${what}` : what}`;
    return [
      [marked, values[index] ?? '', unit, ...range, first],
      ...others.map((other) => ['', '', '', '', '', other]),
    ];
  });
  return table(['what', 'median', 'unit', 'lowest', 'highest', 'beside'], rows);
}

function rightAligned(texts: readonly string[]): readonly string[] {
  const width = Math.max(...texts.map(({ length }) => length));
  return texts.map((text) => text.padStart(width));
}

const digits = (value: number): string => rounded(value).toLocaleString('en', { maximumFractionDigits: 6 });

/** As an entry of a list, with the lines that follow moved in. */
export function wrapped(text: string): string {
  const lines: string[] = [];
  let line = '  -';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > columnsMax) {
      lines.push(line);
      line = '   ';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}

export function showValidity({ valid, reasons, remarks }: BenchValidity): void {
  print(valid ? '\nThe run is valid.' : '\nThe run is INVALID: its figures say little.');
  for (const line of [...reasons, ...remarks]) print(wrapped(line));
}

/** What a section measured, as it is stored. */
export function storedSection(
  name: string,
  { title, figures, notes }: Section,
  circumstances: Pick<BenchSection, 'seconds' | 'cpu'>,
): BenchSection {
  const whole = completed(name, figures);
  return {
    name,
    title,
    figures: [...whole.figures],
    notes: [...notes, ...whole.notes],
    ...circumstances,
  };
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
