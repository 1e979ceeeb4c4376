/**
 * A chart of the report: as data for uPlot, which draws it in the browser, and as the markup around it. Each
 * has a text that says what it shows and a table with its figures, so that nothing is in a picture alone.
 */
import { type Content, Markup, markup } from '../../../adapters/reports/markup.ts';
import { clock, figure, type Unit } from './figures.ts';
import { type Cells, notMeasured, section, tableMarkup } from './page-parts.ts';
import { type Column, sampled } from './sampling.ts';

/** Colours of the page, by number. */
export type Colour = 1 | 2 | 3 | 4 | 5 | 6;

export interface ChartSeries {
  readonly name: string;
  readonly colour: Colour;
  readonly values: readonly (number | null)[];
  readonly look: 'line' | 'dashed' | 'points';
}

export interface Chart {
  /** Its own on the page. */
  readonly id: string;
  readonly title: string;
  /** What it shows, for those who can not see it. */
  readonly description: Content;
  /** How x is told: `second` is shared by all charts over time, which move together. */
  readonly across: 'second' | 'quantile' | 'rate' | 'count';
  readonly acrossName: string;
  readonly x: readonly number[];
  readonly unit: Unit;
  readonly series: readonly ChartSeries[];
  /** A logarithmic axis can be switched on, or is from the start. */
  readonly log: 'never' | 'off' | 'on';
  readonly limits: readonly { readonly value: number; readonly label: string }[];
  readonly marks: readonly { readonly x: number; readonly label: string }[];
  readonly table: Cells;
}

/** A part of a section: a chart, or what is said in the place of one. */
export type ChartOrWords = Chart | Markup;

/** What only the browser needs; the words stand in the page already. */
export type ChartData = Omit<Chart, 'id' | 'title' | 'description' | 'table' | 'log'>;

export function chartData({ across, acrossName, x, unit, series, limits, marks }: Chart): ChartData {
  const values = (each: ChartSeries) =>
    each.values.map((value) => (value === null ? null : shortened(value)));
  return {
    across,
    acrossName,
    x: x.map(shortened),
    unit,
    series: series.map((each) => ({ ...each, values: values(each) })),
    limits,
    marks,
  };
}

/** A page of an eight-hour run would be twice as large with all digits. */
function shortened(value: number): number {
  return Number(value.toPrecision(6));
}

export function chartMarkup({ id, title, description, log, table }: Chart): Markup {
  const control =
    log === 'never'
      ? ''
      : markup`<label class="control" hidden><input type="checkbox" data-log="${id}"${log === 'on' ? markup` checked` : ''}> logarithmic</label>`;
  return markup`<figure id="${id}" role="group" aria-labelledby="${id}-title" aria-describedby="${id}-words">
<figcaption><h3 id="${id}-title">${title}</h3>${control}</figcaption>
<p class="words" id="${id}-words">${description}</p>
<div class="plot" data-chart="${id}"></div>
<details><summary>The figures<span class="unseen"> of: ${title}</span></summary>
${tableMarkup(table)}</details>
</figure>
`;
}

/** A section of the report before it is markup, so that the page can find its charts. */
export interface Part {
  /** Also the anchor of the page. */
  readonly id: string;
  readonly title: string;
  readonly intro: Content;
  readonly blocks: readonly ChartOrWords[];
  /** Charts that are small enough to stand beside each other. */
  readonly beside?: true;
}

export function chartsOf({ blocks }: Part): readonly Chart[] {
  return blocks.flatMap((block) => (block instanceof Markup ? [] : [block]));
}

export function partMarkup({ id, title, intro, blocks, beside }: Part): Markup {
  const content = blocks.map((block) => (block instanceof Markup ? block : chartMarkup(block)));
  return section(id, title, intro, beside ? markup`<div class="beside">${content}</div>` : content);
}

export interface TimeColumn<Row> extends Column<Row> {
  readonly colour: Colour;
  readonly look?: ChartSeries['look'];
}

export interface TimeChart<Row> {
  readonly id: string;
  readonly title: string;
  /** A sentence on what it is for or how to read it. */
  readonly about: string;
  readonly unit: Unit;
  readonly rows: readonly Row[];
  readonly columns: readonly TimeColumn<Row>[];
  readonly log?: Chart['log'];
  readonly limits?: Chart['limits'];
  /** Said where no row has a value. */
  readonly missing: string;
}

/** More points than a wide screen has pixels for a chart would only make the page large. */
const pointsMax = 1_200;
const tableRowsMax = 30;

/** A chart over the time of the run, without the columns that nothing was measured for. */
export function timeChart<Row extends { readonly second: number }>(options: TimeChart<Row>): ChartOrWords {
  const { id, title, about, unit, rows, columns, log = 'never', limits = [], missing } = options;
  const { x, values, secondsEach } = sampled(rows, columns, pointsMax);
  const all = columns.map(({ name, colour, look = 'line' }, index) => ({
    name,
    colour,
    look,
    values: values[index] ?? [],
  }));
  const series = all.filter((each) => each.values.some((value) => value !== null));
  if (series.length === 0) return notMeasured(title, missing);
  const absent = all.filter((each) => !series.includes(each)).map(({ name }) => name);
  const ranges = series.map((each, index) => [index === 0 ? ' ' : ' · ', range(each, x, unit)]);
  const remarks = [
    thinned(secondsEach, columns),
    absent.length === 0 ? '' : `Not measured: ${absent.join(', ')}.`,
  ];
  return {
    id,
    title,
    description: [about, ranges, '.', ...remarks.map((remark) => [' ', remark])],
    across: 'second',
    acrossName: 'time',
    // In the middle of the time that they stand for, so that they lie within their stage.
    x: x.map((second) => second + secondsEach / 2),
    unit,
    series,
    log,
    limits,
    marks: [],
    table: timeTable(options, series),
  };
}

/** Said of every chart that can not show each second. */
function thinned(secondsEach: number, columns: readonly Column<never>[]): string {
  if (secondsEach === 1) return '';
  const kept = new Set(columns.map(({ keep }) => (keep === 'mean' ? 'the mean' : 'the highest')));
  return `Each point stands for ${secondsEach} s and is ${[...kept].join(' or ')} of them; every second is in result.json.`;
}

/** From the lowest to the highest value, and when that was. */
function range({ name, values }: ChartSeries, x: readonly number[], unit: Unit): Markup {
  const found = values.filter((value) => value !== null);
  const [least, most] = [Math.min(...found), Math.max(...found)];
  const words =
    least === most
      ? `${figure(unit, most)} throughout`
      : `${figure(unit, least)} to ${figure(unit, most)} (at ${clock(x[values.indexOf(most)] ?? 0)})`;
  return markup`<b>${name}</b> ${words}`;
}

function timeTable<Row extends { readonly second: number }>(
  { title, unit, rows, columns }: TimeChart<Row>,
  series: readonly ChartSeries[],
): Cells {
  const shown = columns.filter(({ name }) => series.some((each) => each.name === name));
  const { x, values, secondsEach } = sampled(rows, shown, tableRowsMax);
  const span = secondsEach === 1 ? 'each second' : `each ${secondsEach} s from the time given`;
  return {
    caption: `${title}, ${span}`,
    headings: ['time', ...shown.map(({ name, keep }) => (secondsEach === 1 ? name : `${name} (${keep})`))],
    rows: x.map((second, index) => [clock(second), ...values.map((column) => figure(unit, column[index]))]),
  };
}
