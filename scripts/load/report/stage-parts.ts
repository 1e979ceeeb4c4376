/** The sections that compare: stages and steps with the capacity found, quantiles, and actions. */
import { percent } from '../../../adapters/reports/format.ts';
import { type CapacityAnalysis, endings, type LoadResult, type StageResult } from '../result.ts';
import type { ChartOrWords, Part } from './chart.ts';
import { clock, figure } from './figures.ts';
import { quantileTable } from './findings.ts';
import { facts, judged, notMeasured, paragraph, tableMarkup } from './page-parts.ts';
import { stepCharts, stepsOf, uslBlocks } from './step-charts.ts';

export function latencyPart({ quantileChart, latency, latencyByAction, scenario }: LoadResult): Part {
  const rows = Object.entries(latencyByAction);
  return {
    id: 'latency',
    title: 'Latency',
    intro: 'From the time that a request was due to its answer, over the measured stages.',
    blocks: [
      quantiles(quantileChart, scenario.objective.p99Ms),
      latency.count === 0
        ? paragraph('By action: not measured, because no request was answered.')
        : quantileTable('Latency by action', 'action', [...rows, ['all together', latency]]),
    ],
  };
}

/** The axis of HdrHistogram's charts: each nine of the quantile is as wide as the one before. */
function quantiles(points: LoadResult['quantileChart'], objectiveMs: number): ChartOrWords {
  const title = 'Latency by quantile';
  const drawn = points.filter(({ quantile }) => quantile >= 0 && quantile < 1);
  if (drawn.length === 0) return notMeasured(title, 'no request was answered');
  return {
    id: 'quantiles',
    title,
    description: `So many of the requests were answered within so long: ${[0.5, 0.9, 0.99, 0.999, 0.9999]
      .flatMap((wanted) => {
        const found = drawn.find(({ quantile }) => quantile >= wanted);
        return found === undefined ? [] : [`${percentOf(wanted)} within ${figure('ms', found.ms)}`];
      })
      .join(', ')}.`,
    across: 'quantile',
    acrossName: 'quantile',
    x: drawn.map(({ quantile }) => 1 / (1 - quantile)),
    unit: 'ms',
    series: [{ name: 'latency', colour: 1, values: drawn.map(({ ms }) => ms), look: 'line' }],
    log: 'off',
    limits: [{ value: objectiveMs, label: 'objective for p99' }],
    marks: [],
    table: {
      caption: title,
      headings: ['quantile', 'latency'],
      rows: thinnedOut(drawn).map(({ quantile, ms }) => [percentOf(quantile), figure('ms', ms)]),
    },
  };
}

const tableRowsMax = 40;

function thinnedOut<Item>(items: readonly Item[]): readonly Item[] {
  const every = Math.ceil(items.length / tableRowsMax);
  return items.filter((_, index) => index % every === 0 || index === items.length - 1);
}

/** All the nines of a quantile, which a rounded percentage would lose. */
function percentOf(quantile: number): string {
  return `${Number((quantile * 100).toPrecision(9))} %`;
}

export function stagesPart(result: LoadResult): Part {
  const { stages, analyses } = result;
  const { capacity, knee } = analyses;
  const found =
    capacity === undefined
      ? []
      : [capacityFacts(capacity), ...kneeFacts(knee), ...secondMethodBlocks(result.secondMethod)];
  const steps = stepsOf(result);
  return {
    id: 'stages',
    title: steps.length > 1 ? 'Steps and capacity' : 'Stages',
    intro:
      stages.length > 0
        ? 'Each without its warm-up; the times are those of the charts.'
        : 'Not measured: no stage was finished.',
    blocks: [
      ...found,
      ...(steps.length > 1 ? stepCharts(result, steps) : []),
      ...(stages.length > 0 ? [stageTable(result)] : []),
      ...(analyses.usl === undefined ? [] : uslBlocks(analyses.usl)),
    ],
  };
}

function capacityFacts({ perSecond, step, limit, atLeast }: CapacityAnalysis) {
  return facts([
    [
      'capacity',
      perSecond === undefined
        ? 'not even the first step kept the objective'
        : `${atLeast ? 'at least ' : ''}${figure('rate', perSecond)}`,
    ],
    ['found at', step ?? 'no step'],
    ['why not more', limit],
  ]);
}

function kneeFacts(knee: LoadResult['analyses']['knee']): readonly ChartOrWords[] {
  if (knee === undefined) return [];
  const { found, offeredPerSecond, achievedPerSecond } = knee;
  const words = `${figure('rate', offeredPerSecond)} offered, ${figure('rate', achievedPerSecond)} achieved`;
  return [facts([['saturation knee', found ? words : 'none within the steps']])];
}

const opinions = {
  met: ['good', 'agrees'],
  missed: ['bad', 'differs'],
  not_judged: ['none', 'open'],
} as const;

function secondMethodBlocks(second: LoadResult['secondMethod']): readonly ChartOrWords[] {
  if (second === undefined) return [];
  const { tool, connections, runs, perSecond, spreadShare, verdict, words } = second;
  const [tone, word] = opinions[verdict];
  const told = paragraph(['Second method: ', judged(tone, word), `: ${words}.`]);
  if (tool === undefined || perSecond === undefined || spreadShare === undefined) return [told];
  return [
    told,
    tableMarkup({
      caption:
        `${tool} in a closed loop over ${connections.toLocaleString('en')} connections; median` +
        ` ${figure('rate', perSecond)}, fastest and slowest ${percent(spreadShare)} apart`,
      headings: ['when', 'from', 'for', 'answered', 'counted in the log', 'not succeeded'],
      rows: runs.map((run) => [
        run.when,
        clock(run.fromSecond),
        figure('seconds', run.seconds),
        figure('rate', run.perSecond),
        figure('rate', run.countedInLog),
        figure('count', run.failed),
      ]),
      texts: [],
    }),
  ];
}

/** A stage is the capacity's where it has its name, or the name that a sweep gave it. */
function isCapacity({ name, sweep }: StageResult, { analyses }: LoadResult): boolean {
  const step = analyses.capacity?.step;
  return step !== undefined && [name, sweep, `${name}, ${sweep}`, `${name} (${sweep})`].includes(step);
}

function stageTable(result: LoadResult): ChartOrWords {
  const { stages } = result;
  const swept = stages.some(({ sweep }) => sweep !== undefined);
  const marked = stages.flatMap((stage, index) => (isCapacity(stage, result) ? [index] : []));
  return tableMarkup({
    caption: marked.length > 0 ? 'Stages; the one that gives the capacity is set apart' : 'Stages',
    headings: [
      'stage',
      'role',
      ...(swept ? ['sweep'] : []),
      ...['time', 'users', 'offered', 'achieved', 'transitions', 'tickets', 'p50', 'p99', 'max'],
      ...['not succeeded', 'not sent', 'send delay p99', 'generator'],
    ],
    rows: stages.map((stage) => {
      const { latency, sendDelay } = stage;
      const time = (quantiles: typeof latency, ms: number) =>
        figure('ms', quantiles.count === 0 ? undefined : ms);
      const answers = endings.reduce((sum, ending) => sum + stage.endings[ending], 0);
      return [
        stage.name,
        stage.role,
        ...(swept ? [stage.sweep ?? ''] : []),
        `${clock(stage.fromSecond)}–\u2060${clock(stage.toSecond)}`,
        figure('count', stage.users),
        figure('rate', stage.offeredPerSecond),
        figure('rate', stage.achievedPerSecond),
        figure('rate', stage.transitionsPerSecond),
        figure('rate', stage.ticketsPerSecond),
        time(latency, latency.p50Ms),
        time(latency, latency.p99Ms),
        time(latency, latency.maxMs),
        percent(answers === 0 ? null : 1 - stage.endings.succeeded / answers),
        figure('count', stage.notSent),
        time(sendDelay, sendDelay.p99Ms),
        stage.validity.valid ? 'in time' : 'late',
      ];
    }),
    texts: swept ? [1, 2, 3] : [1, 2],
    marked,
  });
}
