/** Charts over what was asked for in place of time: steps of a ladder or sweep, and the scaling law's fit. */
import type { LoadResult, StageResult, UslAnalysis } from '../result.ts';
import type { Chart, ChartOrWords, Colour } from './chart.ts';
import { figure } from './figures.ts';
import { facts, notMeasured } from './page-parts.ts';

export interface Step {
  readonly x: number;
  readonly stage: StageResult;
}

/** Steps of a ladder by what was offered, in a sweep as well; otherwise stages by what the sweep set. */
export function stepsOf({ stages }: LoadResult): readonly Step[] {
  const ladder = stages.filter(({ role }) => role === 'step');
  const steps =
    ladder.length > 0
      ? ladder.map((stage) => ({ x: stage.offeredPerSecond, stage }))
      : stages.filter(({ role }) => role === 'measured').map((stage) => ({ x: sweptTo(stage), stage }));
  return steps.filter(({ x }) => Number.isFinite(x)).toSorted((a, b) => a.x - b.x);
}

/** The figure in what a sweep set, such as 2 in 'servers 2'; no number where there is none. */
function sweptTo({ sweep = '' }: StageResult): number {
  const [found] = /\d[\d,]*/.exec(sweep) ?? [];
  return Number(found?.replaceAll(',', ''));
}

const sweepNames = { preloadEvents: 'events in the log before', servers: 'servers' } as const;

interface StepColumn {
  readonly name: string;
  readonly colour: Colour;
  readonly look: 'line' | 'dashed';
  /** Null where the step had no answer, or is of another line. */
  readonly of: (stage: StageResult) => number | null;
}

/** Throughput and latency of the steps, with what was found in them. */
export function stepCharts(result: LoadResult, steps: readonly Step[]): readonly ChartOrWords[] {
  const { objective } = result.scenario;
  const p99 = ({ latency }: StageResult) => (latency.count === 0 ? null : latency.p99Ms);
  const p50 = ({ latency }: StageResult) => (latency.count === 0 ? null : latency.p50Ms);
  const rounds = roundsOf(steps);
  return [
    stepChart(result, steps, {
      id: 'steps-throughput',
      what: 'Achieved',
      about: 'Where a line leaves the dashed one, the server no longer does what it is asked.',
      unit: 'rate',
      log: 'off',
      limits: [],
      columns: [
        { name: 'offered', colour: 6, look: 'dashed', of: ({ offeredPerSecond }) => offeredPerSecond },
        ...(rounds.length > 1
          ? roundColumns(rounds, ({ achievedPerSecond }) => achievedPerSecond)
          : [lineOf('achieved', 1, ({ achievedPerSecond }) => achievedPerSecond)]),
      ],
    }),
    stepChart(result, steps, {
      id: 'steps-latency',
      what: rounds.length > 1 ? 'p99' : 'Latency',
      about: `The objective is a p99 of ${figure('ms', objective.p99Ms)}.`,
      unit: 'ms',
      log: 'on',
      limits: [{ value: objective.p99Ms, label: 'objective for p99' }],
      columns: rounds.length > 1 ? roundColumns(rounds, p99) : [lineOf('p99', 2, p99), lineOf('p50', 4, p50)],
    }),
  ];
}

/** What the rounds of a sweep are called where each climbed a ladder of its own; none otherwise. */
function roundsOf(steps: readonly Step[]): readonly string[] {
  const names = steps.flatMap(({ stage }) => (stage.role === 'step' ? (stage.sweep ?? []) : []));
  return [...new Set(names)];
}

function lineOf(name: string, colour: Colour, of: StepColumn['of']): StepColumn {
  return { name, colour, look: 'line', of };
}

const roundColours: readonly Colour[] = [1, 2, 4, 3, 5];

function roundColumns(rounds: readonly string[], of: StepColumn['of']): readonly StepColumn[] {
  return rounds.map((round, index) =>
    lineOf(round, roundColours[index % roundColours.length] ?? 1, (stage) =>
      stage.sweep === round ? of(stage) : null,
    ),
  );
}

interface StepChart extends Pick<Chart, 'id' | 'unit' | 'log' | 'limits'> {
  readonly what: string;
  readonly about: string;
  readonly columns: readonly StepColumn[];
}

function stepChart(
  { scenario, analyses }: LoadResult,
  steps: readonly Step[],
  { id, what, about, unit, log, limits, columns }: StepChart,
): Chart {
  const isLadder = steps.some(({ stage }) => stage.role === 'step');
  const over = scenario.sweep?.over;
  const swept = over === undefined || over === 'users' ? 'sweep' : sweepNames[over];
  const acrossName = isLadder ? 'offered load' : swept;
  const across = isLadder ? 'rate' : 'count';
  // Capacity and knee are loads: they have no place among users or events.
  const marks = isLadder ? marksOf(analyses) : [];
  return {
    id,
    title: `${what} by ${acrossName}`,
    description: `${marked(marks)}${about}`,
    across,
    acrossName,
    x: steps.map(({ x }) => x),
    unit,
    series: columns.map(({ name, colour, look, of }) => ({
      name,
      colour,
      look,
      values: steps.map(({ stage }) => of(stage)),
    })),
    log,
    limits,
    marks,
    table: {
      caption: `${what} by step`,
      headings: [acrossName, ...columns.map(({ name }) => name)],
      rows: steps.map(({ x, stage }) => [
        figure(across, x),
        ...columns.map(({ of }) => figure(unit, of(stage))),
      ]),
    },
  };
}

function marksOf({ capacity, knee }: LoadResult['analyses']): Chart['marks'] {
  const capacityAt = capacity?.perSecond;
  const kneeAt = knee?.found === true ? knee.offeredPerSecond : undefined;
  return [
    ...(capacityAt === undefined ? [] : [{ x: capacityAt, label: 'capacity' }]),
    ...(kneeAt === undefined ? [] : [{ x: kneeAt, label: 'knee' }]),
  ];
}

function marked(marks: Chart['marks']): string {
  return marks.map(({ x, label }) => `The ${label} is at ${figure('rate', x)}. `).join('');
}

/** The curve is drawn a little further than was measured, which is where it is a guess. */
const beyondMeasured = 1.3;
const curvePoints = 100;

export function uslBlocks(usl: UslAnalysis): readonly ChartOrWords[] {
  const { lambda, sigma, kappa, rSquared, peakConcurrency, peakPerSecond, points } = usl;
  const title = 'Universal Scalability Law';
  if (points.length === 0) return [notMeasured(title, 'there is no step to fit it to')];
  const most = Math.max(...points.map(({ concurrency }) => concurrency)) * beyondMeasured;
  const grid = Array.from({ length: curvePoints }, (_, index) => ((index + 1) * most) / curvePoints);
  const x = [...new Set([...grid, ...points.map(({ concurrency }) => concurrency)])].toSorted(
    (a, b) => a - b,
  );
  const at = (n: number) => (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1));
  const measuredAt = new Map(points.map(({ concurrency, perSecond }) => [concurrency, perSecond]));
  const peak =
    peakConcurrency === undefined || peakConcurrency > most ? [] : [{ x: peakConcurrency, label: 'peak' }];
  const chart: Chart = {
    id: 'usl',
    title,
    description: `Throughput by requests in the system (Little's law), as measured and as the law fits it: X(N) = λN / (1 + σ(N − 1) + κN(N − 1)). ${
      peakConcurrency === undefined
        ? 'The fit has no peak.'
        : `It peaks at ${figure('count', peakConcurrency)} requests in the system with ${figure('rate', peakPerSecond)}.`
    }`,
    across: 'count',
    acrossName: 'requests in the system',
    x,
    unit: 'rate',
    series: [
      { name: 'fit', colour: 1, look: 'line', values: x.map(at) },
      { name: 'measured', colour: 2, look: 'points', values: x.map((n) => measuredAt.get(n) ?? null) },
    ],
    log: 'never',
    limits: [],
    marks: peak,
    table: {
      caption: 'Points of the fit',
      headings: ['requests in the system', 'measured', 'fit'],
      rows: points.map(({ concurrency, perSecond }) => [
        figure('count', concurrency),
        figure('rate', perSecond),
        figure('rate', at(concurrency)),
      ]),
    },
  };
  return [
    chart,
    facts([
      ['λ, one request alone', figure('rate', lambda)],
      ['σ, waiting for each other', sigma.toPrecision(3)],
      ['κ, agreeing with each other', kappa.toPrecision(3)],
      ['R² of the fit', rSquared.toFixed(3)],
    ]),
  ];
}
