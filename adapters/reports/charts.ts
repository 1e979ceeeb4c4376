/**
 * Charts as inline SVG: no script, no font, nothing from a network. Colours are classes of the page, so that
 * they follow light and dark. Each has a title and a description for those who can not see it; the figures
 * themselves are in a table beside it.
 */
import { whole } from './format.ts';
import { type Content, type Markup, markup } from './markup.ts';
import type { Chart } from './report.ts';

type ChartOf<Kind extends Chart['kind']> = Extract<Chart, { readonly kind: Kind }>;

const width = 880;
/** Room for the figures of the axis, the words below and the legend above. */
const left = 56;
const right = 12;
const top = 30;
const plotHeight = 200;
const innerWidth = width - left - right;
/** Classes c1 to c4; further series begin anew. */
const colourCount = 4;
/** Words below an axis that fit beside each other. */
const axisWordsMax = 9;
/** Half of the longest of them, a day. */
const halfWordWidth = 36;

/** The chart; `id` must be its own on the page. */
export function chartMarkup(chart: Chart, id: string): Markup {
  switch (chart.kind) {
    case 'line':
      return lineChart(chart, id);
    case 'columns':
      return columnChart(chart, id);
    case 'bars':
      return barChart(chart, id);
    case 'heat':
      return heatChart(chart, id);
    default:
      return chart;
  }
}

function figure(chart: Chart, id: string, height: number, content: Content): Markup {
  return markup`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${chart.title}</title><desc id="${id}-desc">${chart.description}</desc>
${content}
</svg>`;
}

function lineChart(chart: ChartOf<'line'>, id: string): Markup {
  const most = niceCeiling(Math.max(0, ...chart.values));
  const step = chart.values.length > 1 ? innerWidth / (chart.values.length - 1) : 0;
  const points = chart.values.map((value, index) => `${at(left + index * step)},${at(yOf(value, most))}`);
  const floor = at(top + plotHeight);
  const area = `${left},${floor} ${points.join(' ')} ${at(left + (points.length - 1) * step)},${floor}`;
  const words = spread(chart.labels).map(([index, label]) =>
    word('axis', left + index * step, top + plotHeight + 18, anchorAt(left + index * step), label),
  );
  return figure(chart, id, top + plotHeight + 30, [
    grid(most),
    markup`<polygon class="c1 area" points="${area}"/><polyline class="c1 line" points="${points.join(' ')}"/>`,
    words,
  ]);
}

function columnChart(chart: ChartOf<'columns'>, id: string): Markup {
  const most = niceCeiling(Math.max(0, ...chart.series.flatMap(({ values }) => values)));
  const slot = innerWidth / Math.max(1, chart.labels.length);
  const bar = (slot * 0.8) / Math.max(1, chart.series.length);
  const columns = chart.series.map(({ name, values }, series) =>
    values.map((value, index) => {
      const x = left + index * slot + slot * 0.1 + series * bar;
      const y = yOf(value, most);
      return markup`<rect class="${colour(series)}" x="${at(x)}" y="${at(y)}" width="${at(bar)}" height="${at(
        top + plotHeight - y,
      )}"><title>${chart.labels[index] ?? ''}: ${whole(value)} ${name}</title></rect>`;
    }),
  );
  const words = spread(chart.labels).map(([index, label]) =>
    word(
      'axis',
      left + (index + 0.5) * slot,
      top + plotHeight + 18,
      anchorAt(left + (index + 0.5) * slot),
      label,
    ),
  );
  return figure(chart, id, top + plotHeight + 30, [grid(most), columns, words, legend(chart.series)]);
}

/** Room for the words on the left of horizontal bars and heat maps. */
const wordsWidth = 190;
const barHeight = 13;
const rowGap = 10;

function barChart(chart: ChartOf<'bars'>, id: string): Markup {
  const values = chart.series.flatMap((series) => series.values);
  const length = lengths(values, chart.scale, width - wordsWidth - 110);
  const rowHeight = barHeight * chart.series.length + rowGap;
  const rows = chart.labels.map((label, row) => {
    const y = top + row * rowHeight;
    const middle = y + (rowHeight - rowGap) / 2 + 4;
    const bars = chart.series.map(({ name, values: own }, series) => {
      const value = own[row] ?? 0;
      const long = length(value);
      const barY = y + series * barHeight;
      return markup`<rect class="${colour(series)}" x="${wordsWidth}" y="${barY}" width="${at(long)}" height="${
        barHeight - 2
      }"><title>${label}, ${name}: ${chart.format(value)}</title></rect>${word('axis', wordsWidth + long + 5, barY + barHeight - 3, 'start', chart.format(value))}`;
    });
    return [word('word', wordsWidth - 8, middle, 'end', cut(label)), bars];
  });
  return figure(chart, id, top + chart.labels.length * rowHeight, [rows, legend(chart.series)]);
}

function heatChart(chart: ChartOf<'heat'>, id: string): Markup {
  const cellHeight = 30;
  const cellWidth = Math.min(110, (width - wordsWidth) / Math.max(1, chart.columns.length));
  const most = Math.max(1, ...chart.values.flat());
  const heads = chart.columns.map((column, index) =>
    word('word', wordsWidth + (index + 0.5) * cellWidth, top - 8, 'middle', cut(column, cellWidth)),
  );
  const rows = chart.rows.map((row, rowIndex) => {
    const y = top + rowIndex * cellHeight;
    const cells = chart.columns.map((column, columnIndex) => {
      const value = chart.values[rowIndex]?.[columnIndex] ?? 0;
      const x = wordsWidth + columnIndex * cellWidth;
      // The root keeps rare moves visible beside frequent ones.
      const strength = value === 0 ? 0 : 0.12 + 0.88 * Math.sqrt(value / most);
      const ink = strength > 0.55 ? 'inside' : 'word';
      const told = value === 0 ? [] : word(ink, x + cellWidth / 2, y + 19, 'middle', whole(value));
      return markup`<rect class="cell" x="${at(x)}" y="${y}" width="${at(cellWidth - 2)}" height="${
        cellHeight - 2
      }"/><rect class="c1" fill-opacity="${strength.toFixed(2)}" x="${at(x)}" y="${y}" width="${at(
        cellWidth - 2,
      )}" height="${cellHeight - 2}"><title>${row} to ${column}: ${whole(value)}</title></rect>${told}`;
    });
    return [word('word', wordsWidth - 8, y + 19, 'end', cut(row)), cells];
  });
  return figure(chart, id, top + chart.rows.length * cellHeight + 4, [heads, rows]);
}

type Anchor = 'start' | 'middle' | 'end';

function word(kind: 'axis' | 'word' | 'inside', x: number, y: number, anchor: Anchor, text: string): Markup {
  return markup`<text class="${kind}" x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${text}</text>`;
}

function grid(most: number): Content {
  return [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const y = at(yOf(most * part, most));
    return markup`<line class="grid" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}"/>${word('axis', left - 6, yOf(most * part, most) + 4, 'end', Number.isInteger(most * part) ? whole(most * part) : '')}`;
  });
}

function legend(series: readonly { readonly name: string }[]): Content {
  if (series.length < 2) return [];
  return series.map(
    ({ name }, index) =>
      markup`<rect class="${colour(index)}" x="${left + index * 150}" y="4" width="12" height="12"/>${word('word', left + index * 150 + 18, 14, 'start', name)}`,
  );
}

/** How long a bar is. A logarithmic scale begins at a third of the smallest value, which keeps a length. */
function lengths(
  values: readonly number[],
  scale: 'linear' | 'log',
  longest: number,
): (value: number) => number {
  const most = Math.max(0, ...values);
  if (most === 0) return () => 0;
  if (scale === 'linear') return (value) => (value / most) * longest;
  const least = Math.min(...values.filter((value) => value > 0)) / 3;
  return (value) => (value <= least ? 0 : (Math.log(value / least) / Math.log(most / least)) * longest);
}

function yOf(value: number, most: number): number {
  return top + plotHeight * (1 - value / most);
}

/** The next of its power of ten whose quarters are short to write; never 0, so that it may divide. */
function niceCeiling(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8].find((each) => each * power >= value) ?? 10) * power;
}

/** As many labels as fit, evenly. */
function spread(labels: readonly string[]): readonly (readonly [index: number, label: string])[] {
  const every = Math.max(1, Math.ceil(labels.length / axisWordsMax));
  return labels.flatMap((label, index) => (index % every === 0 ? [[index, label] as const] : []));
}

/** A word at the end of the axis would be cut off by the picture's edge. */
function anchorAt(x: number): 'middle' | 'end' {
  return x + halfWordWidth > width ? 'end' : 'middle';
}

const characterWidth = 7;

/** A word that fits; the whole one is in the table and in the title of what it names. */
function cut(word: string, room = wordsWidth): string {
  const charactersMax = Math.max(3, Math.floor(room / characterWidth));
  return word.length <= charactersMax ? word : `${word.slice(0, charactersMax - 1)}…`;
}

function colour(series: number): string {
  return `c${(series % colourCount) + 1}`;
}

/** A coordinate, to a tenth of a unit: a year of days would be twice as long otherwise. */
function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}
