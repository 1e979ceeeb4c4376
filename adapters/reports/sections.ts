/**
 * From an analysis to a report: times, quality, promises, ages and breakdowns. What flows in and out and the
 * process have files of their own.
 */
import type {
  Analysis,
  Breakdown,
  BreakdownDimension,
  Distribution,
  DurationFigure,
  Share,
} from '../../projections/analysis/analysis.ts';
import { businessDuration, duration, nothing, orNone, percent } from './format.ts';
import type { Chart, Definition, ReportTable, Section } from './report.ts';
import { definitionsOf, leftOut } from './table-words.ts';

export function timesSection({ durations, resolutionHistogram }: Analysis): Section {
  const told = durations.filter(({ calendar }) => calendar !== null);
  const none = durations.filter(({ calendar }) => calendar === null).map(({ label }) => label);
  const charts: Chart[] = [];
  if (told.length > 0) {
    const values = (name: 'p50' | 'p90' | 'p99') => told.map(({ calendar }) => calendar?.[name] ?? 0);
    charts.push({
      kind: 'bars',
      title: 'How long it takes: median, 90 % and 99 %',
      description: 'Three bars for each duration, in calendar time, on a logarithmic scale.',
      labels: told.map(({ label }) => label),
      series: [
        { name: 'median', values: values('p50') },
        { name: '90 %', values: values('p90') },
        { name: '99 %', values: values('p99') },
      ],
      scale: 'log',
      format: duration,
    });
  }
  const resolved = resolutionHistogram.reduce((sum, { tickets }) => sum + tickets, 0);
  if (resolved > 0)
    charts.push({
      kind: 'columns',
      title: 'Full resolution times',
      description: 'How many tickets took how long from opening to the last resolution.',
      labels: resolutionHistogram.map(({ label }) => label),
      series: [{ name: 'tickets', values: resolutionHistogram.map(({ tickets }) => tickets) }],
    });
  return {
    id: 'times',
    title: 'How long it takes',
    intro:
      'Percentiles of raw durations. Replies are of the tickets opened in the period, all others of those first' +
      ` resolved in it.${none.length === 0 ? '' : ` Nothing to measure: ${none.join(', ')}.`}`,
    charts,
    tables: [
      durationTable('In calendar time', told, ({ calendar }) => calendar, duration, definitionsOf(durations)),
      durationTable('In business time', told, ({ business }) => business, businessDuration, [
        {
          word: 'business time',
          meaning: 'Hours of the calendars in force while the ticket had their group; told in hours.',
        },
      ]),
      {
        caption: 'Full resolution times',
        headings: ['from opening to last resolution', 'tickets', 'share'],
        rows: resolutionHistogram.map(({ label, tickets }) => [
          label,
          tickets,
          percent(resolved === 0 ? null : tickets / resolved),
        ]),
        definitions: [],
      },
    ],
  };
}

function durationTable(
  caption: string,
  figures: readonly DurationFigure[],
  of: (figure: DurationFigure) => Distribution | null,
  format: (ms: number | null) => string,
  definitions: readonly Definition[],
): ReportTable {
  return {
    caption,
    headings: ['duration', 'tickets', 'median', '90 %', '95 %', '99 %', 'mean'],
    rows: figures.map((figure) => {
      const found = of(figure);
      if (found === null) return [figure.label, 0, nothing, nothing, nothing, nothing, nothing];
      const { count, p50, p90, p95, p99, mean } = found;
      return [figure.label, count, ...[p50, p90, p95, p99, mean].map(format)];
    }),
    definitions,
  };
}

export function qualitySection({ quality, stations, satisfaction }: Analysis): Section {
  const totals: ReportTable = {
    caption: 'Added up over the tickets',
    headings: ['figure', 'how often'],
    rows: stations.map(({ label, value }) => [label, value]),
    definitions: definitionsOf(stations),
  };
  const tables = [shareTable('How many of the tickets', quality), totals];
  return {
    id: 'quality',
    title: 'How well it was done',
    intro:
      'Of the tickets first resolved in the period. One touch has three definitions that give different figures.' +
      (satisfaction === null ? ' Nothing was rated.' : ''),
    charts: [],
    tables: satisfaction === null ? tables : [...tables, shareTable('Satisfaction', satisfaction)],
  };
}

function shareTable(caption: string, shares: readonly Share[]): ReportTable {
  return {
    caption,
    headings: ['figure', 'share', 'tickets', 'of'],
    rows: shares.map(({ label, share, part, of }) => [label, percent(share), part, of]),
    definitions: definitionsOf(shares),
  };
}

export function slaSection({ sla }: Analysis): Section {
  const common = { id: 'sla', title: 'Promises kept', charts: [] };
  if (sla.rows.length === 0)
    return { ...common, intro: 'No SLA clock was started in the period.', tables: [] };
  return {
    ...common,
    intro:
      'Clocks started in the period, by the policy, priority and group when they were started: later changes do not' +
      ' rewrite them.',
    tables: [
      {
        caption: 'SLA attainment',
        headings: ['promise', 'policy', 'version', 'priority', 'clocks', 'in time', 'breached', 'attainment'],
        rows: sla.rows.map((each) => [
          each.metric,
          each.policy,
          each.policyVersion,
          orNone(each.priority),
          each.clocks,
          each.fulfilledInTime,
          each.breached,
          percent(each.attainment),
        ]),
        definitions: [
          {
            word: 'attainment',
            meaning:
              'In time / (in time + breached); a clock past its deadline is breached, also while it runs.',
          },
        ],
        note: leftOut(sla),
      },
    ],
  };
}

export function ageingSection({ ageing, askedAt }: Analysis): Section {
  const total = ageing.reduce((sum, { tickets }) => sum + tickets, 0);
  const common = { id: 'ageing', title: 'What lies there now' };
  if (total === 0) return { ...common, intro: 'No ticket is unresolved now.', charts: [], tables: [] };
  return {
    ...common,
    intro: `${total.toLocaleString('en')} tickets are unresolved as the report is made, by their age then; the period makes no difference.`,
    charts: [
      {
        kind: 'columns',
        title: 'Unresolved tickets by age',
        description: 'How many unresolved tickets were opened how long ago.',
        labels: ageing.map(({ bucket }) => bucket),
        series: [
          { name: 'unresolved', values: ageing.map(({ tickets }) => tickets) },
          { name: 'without an agent', values: ageing.map(({ unassigned }) => unassigned) },
        ],
      },
    ],
    tables: [
      {
        caption: `Age on ${new Date(askedAt).toISOString().slice(0, 10)}`,
        headings: ['age', 'unresolved', 'without an agent'],
        rows: ageing.map(({ bucket, tickets, unassigned }) => [bucket, tickets, unassigned]),
        definitions: [],
      },
    ],
  };
}

const dimensionNames: Readonly<Record<BreakdownDimension, string>> = {
  group: 'group',
  priority: 'priority',
  category: 'category',
};

export function breakdownSection(found: Breakdown): Section {
  const name = dimensionNames[found.dimension];
  const labels = found.rows.map(({ value }) => orNone(value));
  return {
    id: `by-${name}`,
    title: `By ${name}`,
    intro: `By the ${name} that the tickets have now, the busiest first.`,
    charts:
      labels.length === 0
        ? []
        : [
            {
              kind: 'bars',
              title: `Opened and first resolved by ${name}`,
              description: `Two bars for each ${name}: tickets opened and tickets first resolved in the period.`,
              labels,
              series: [
                { name: 'opened', values: found.rows.map(({ opened }) => opened) },
                { name: 'first resolved', values: found.rows.map(({ resolved }) => resolved) },
              ],
              scale: 'linear',
              format: (value) => value.toLocaleString('en'),
            },
          ],
    tables: [
      {
        caption: `By ${name}`,
        headings: [name, 'opened', 'first resolved', 'of them reopened', 'unresolved now', 'median', '90 %'],
        rows: found.rows.map((row) => [
          orNone(row.value),
          row.opened,
          row.resolved,
          row.reopened,
          row.unresolvedNow,
          duration(row.p50),
          duration(row.p90),
        ]),
        definitions: [
          {
            word: 'median, 90 %',
            meaning: 'Full resolution of the tickets first resolved in the period, in calendar time.',
          },
        ],
        note: leftOut(found),
      },
    ],
  };
}
