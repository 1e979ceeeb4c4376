/**
 * Which tickets an analysis is about and over which days: the filter as conditions of SQL, and checked. A
 * value that no ticket has is refused with those that there are: a report about nothing would look like good
 * news.
 *
 * Parameters are the same in every statement of an analysis: $1 to $4 are group, priority, category and
 * workflow, $5 and $6 the beginning and the end of the period.
 */
import { Fault } from '../../domain/errors.ts';
import type { Queries, SqlValue } from '../sql.ts';
import { ticketDaysMax } from '../views/backlog.ts';
import type { AnalysisFilter, AnalysisPeriod } from './analysis.ts';

/** Days of one analysis: one less than the backlog is told for, which begins a day earlier. */
export const analysisDaysMax = ticketDaysMax - 1;

const dayMs = 86_400_000;

/** How many values a message names that could have been meant. */
const namedValuesMax = 10;

export interface Scope {
  readonly filter: AnalysisFilter;
  readonly period: AnalysisPeriod;
  /** $1 to $4. */
  readonly labels: readonly SqlValue[];
  /** $1 to $6. */
  readonly all: readonly SqlValue[];
  /** The two ends of the period alone, as instants. */
  readonly instants: readonly [from: string, to: string];
}

/** The condition on rows of ticket_metrics, or of a view on it: by what the tickets are now. */
export const chosen = `($1::text IS NULL OR coalesce(assigned_group, '') = $1)
  AND ($2::text IS NULL OR coalesce(priority, '') = $2)
  AND ($3::text IS NULL OR coalesce(category, '') = $3)
  AND ($4::text IS NULL OR workflow = $4)`;

/** The condition that an instant lies in the period. */
export function inPeriod(column: string): string {
  return `(${column} >= $5::timestamptz AND ${column} < $6::timestamptz)`;
}

const labelColumns = {
  group: 'assigned_group',
  priority: 'priority',
  category: 'category',
  workflow: 'workflow',
} as const;
type Label = keyof typeof labelColumns;
const labelNames: readonly Label[] = ['group', 'priority', 'category', 'workflow'];

/**
 * Checks the filter and finds the period. Without days it is all that is known of the tickets, or its last
 * `analysisDaysMax` days. Throws `Fault('input_unreadable')` that names the option and what would be right.
 */
export async function scopeOf(sql: Queries, filter: AnalysisFilter): Promise<Scope> {
  const from = filter.from === undefined ? undefined : dayNumber('from', filter.from);
  const to = filter.to === undefined ? undefined : dayNumber('to', filter.to);
  if (from !== undefined && to !== undefined && to < from)
    throw unreadable(`--to ${filter.to} is before --from ${filter.from}; both days are included`);
  for (const label of labelNames) await expectKnown(sql, label, filter[label]);
  const labels = labelNames.map((label) => filter[label] ?? null);
  const known = await knownDays(sql, labels);
  const period = periodOf(from, to, known);
  const instants = [
    `${period.firstDay}T00:00:00Z`,
    `${dayText(dayNumber('to', period.lastDay) + 1)}T00:00:00Z`,
  ] as const;
  return { filter, period, labels, all: [...labels, ...instants], instants };
}

/** Whether the filter names a property of tickets, and not only days. */
export function namesTickets({ filter }: Scope): boolean {
  return labelNames.some((label) => filter[label] !== undefined);
}

/** The days of the period, in order. */
export function daysOf({ firstDay, lastDay }: AnalysisPeriod): readonly string[] {
  const first = dayNumber('from', firstDay);
  const count = dayNumber('to', lastDay) - first + 1;
  return Array.from({ length: count }, (_, index) => dayText(first + index));
}

interface Known {
  readonly first: number;
  readonly last: number;
}

function periodOf(
  from: number | undefined,
  to: number | undefined,
  known: Known | undefined,
): AnalysisPeriod {
  // Where only one end is given, what is known may lie on its other side; the period is then that one day.
  const last = to ?? Math.max(known?.last ?? from ?? 0, from ?? Number.NEGATIVE_INFINITY);
  const first = from ?? Math.min(known?.first ?? last, last);
  const tooLong = last - first >= analysisDaysMax;
  if (tooLong && from !== undefined)
    throw unreadable(
      `from ${dayText(first)} to ${dayText(last)} are ${last - first + 1} days; an analysis holds at most` +
        ` ${analysisDaysMax}: give --from and --to that are nearer to each other`,
    );
  return {
    firstDay: dayText(tooLong ? last - analysisDaysMax + 1 : first),
    lastDay: dayText(last),
    known: known === undefined ? null : { firstDay: dayText(known.first), lastDay: dayText(known.last) },
    cut: tooLong,
  };
}

async function knownDays(sql: Queries, labels: readonly SqlValue[]): Promise<Known | undefined> {
  const [row] = await sql.query<{ first: number | null; last: number | null }>(
    `SELECT min(opened_at) AS first,
  max(greatest(opened_at, last_resolved_at, closed_at, status_since)) AS last
FROM docket.ticket_metrics WHERE ${chosen}`,
    labels,
  );
  if (row === undefined || row.first === null || row.last === null) return undefined;
  return { first: nearDay(row.first), last: nearDay(row.last) };
}

async function expectKnown(sql: Queries, label: Label, value: string | undefined): Promise<void> {
  if (value === undefined) return;
  const column = `coalesce(${labelColumns[label]}, '')`;
  const [found] = await sql.query(
    `SELECT 1 AS found FROM docket.ticket_metrics WHERE ${column} = $1 LIMIT 1`,
    [value],
  );
  if (found !== undefined) return;
  const rows = await sql.query<{ value: string; others: number }>(
    `SELECT ${column} AS value, count(*) OVER () AS others FROM docket.ticket_metrics
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ${namedValuesMax}`,
  );
  if (rows.length === 0) return;
  const names = rows.map((row) => (row.value === '' ? "'' (none)" : row.value)).join(', ');
  const more = (rows[0]?.others ?? 0) - rows.length;
  throw unreadable(
    `--${label} ${JSON.stringify(value)}: no ticket has it; there ${rows.length === 1 ? 'is' : 'are'} ${names}` +
      (more > 0 ? ` and ${more} more` : ''),
  );
}

const firstWritableDay = -719_162;
const lastWritableDay = 2_932_896;

/** Days since 1970, of an instant; far ones are taken as the first or last day with a four-digit year. */
function nearDay(at: number): number {
  return Math.min(lastWritableDay, Math.max(firstWritableDay, Math.floor(at / dayMs)));
}

function dayText(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** Whether it is a day of the calendar, as YYYY-MM-DD. */
export function isDay(text: string): boolean {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse takes a 30th of February, as a day of March.
  return !Number.isNaN(at) && dayText(at / dayMs) === text && at / dayMs < lastWritableDay;
}

function dayNumber(option: 'from' | 'to', text: string): number {
  if (isDay(text)) return Date.parse(`${text}T00:00:00Z`) / dayMs;
  throw unreadable(
    `--${option} ${JSON.stringify(text)} is no day; write it as YYYY-MM-DD, such as 2016-03-31`,
  );
}

function unreadable(message: string): Fault {
  return new Fault('input_unreadable', message);
}
