/** From an analysis to a report: what came in, what went out, and what lay there in between. */
import type { Analysis, DayFigures } from '../../projections/analysis/analysis.ts';
import type { Section } from './report.ts';
import { definitionsOf } from './table-words.ts';

/** Columns of a chart over time; longer periods are put together. */
const columnsMax = 62;
const stepsDays = [1, 7, 28, 91] as const;

export function flowSection({ flow, days }: Analysis): Section {
  const { unit, steps } = stepsOf(days);
  const labels = steps.map(({ label }) => label);
  const total = (name: 'opened' | 'resolved' | 'closed' | 'reopened') =>
    steps.map((step) => step.days.reduce((sum, day) => sum + day[name], 0));
  const [opened, resolved, closed, reopened] = [
    total('opened'),
    total('resolved'),
    total('closed'),
    total('reopened'),
  ];
  const ends = steps.map((step) => step.days.at(-1)?.backlog ?? 0);
  return {
    id: 'flow',
    title: 'In and out',
    intro: 'What came in, what went out, and what lay there in between. Days are days of UTC.',
    charts: [
      {
        kind: 'columns',
        title: `Opened and first resolved per ${unit}`,
        description: 'Two columns side by side: tickets opened and tickets resolved for the first time.',
        labels,
        series: [
          { name: 'opened', values: opened },
          { name: 'first resolved', values: resolved },
        ],
      },
      {
        kind: 'line',
        title: "Backlog at each day's end",
        description: 'Unresolved tickets at the end of each day.',
        labels: days.map(({ day }) => day),
        values: days.map(({ backlog }) => backlog),
      },
    ],
    tables: [
      {
        caption: 'In the period',
        headings: ['figure', 'tickets'],
        rows: flow.map(({ label, value }) => [label, value]),
        definitions: definitionsOf(flow),
      },
      {
        caption: `Per ${unit}`,
        headings: [`${unit} from`, 'opened', 'first resolved', 'closed', 'reopened', 'backlog at its end'],
        rows: labels.map((label, index) => [
          label,
          opened[index] ?? 0,
          resolved[index] ?? 0,
          closed[index] ?? 0,
          reopened[index] ?? 0,
          ends[index] ?? 0,
        ]),
        definitions: [],
        behindChart: true,
      },
    ],
  };
}

interface Step {
  readonly label: string;
  readonly days: readonly DayFigures[];
}

function stepsOf(days: readonly DayFigures[]): { readonly unit: string; readonly steps: readonly Step[] } {
  const size =
    stepsDays.find((each) => days.length / each <= columnsMax) ?? stepsDays[stepsDays.length - 1] ?? 1;
  const steps: Step[] = [];
  for (let first = 0; first < days.length; first += size) {
    steps.push({ label: days[first]?.day ?? '', days: days.slice(first, first + size) });
  }
  return { unit: size === 1 ? 'day' : `${size} days`, steps };
}
