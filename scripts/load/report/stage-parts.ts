/** The sections that compare: stages and steps with capacity, knee and scaling, quantiles, and actions. */
import { percent } from '../../../adapters/reports/format.ts';
import { endings, type LoadResult, type StageResult, type UslAnalysis } from '../result.ts';
import type { Chart, ChartOrWords, Part } from './chart.ts';
import { clock, figure } from './figures.ts';
import { quantileTable } from './findings.ts';
import { facts, notMeasured, paragraph, tableMarkup } from './page-parts.ts';

export function latencyPart({
  quantileChart,
  latency,
  latencyByAction,
  scenario,
  verdict,
}: LoadResult): Part {
  const rows = Object.entries(latencyByAction);
  const none = verdict === 'not_run' ? 'the run did not take place' : 'no request was answered';
  return {
    id: 'latency',
    title: 'Latency',
    intro: 'From the time that a request was due to its answer, over the measured stages.',
    blocks: [
      quantiles(quantileChart, scenario.objective.p99Ms, none),
      latency.count === 0
        ? paragraph(`By action: not measured, because ${none}.`)
        : quantileTable('Latency by action', 'action', [...rows, ['all together', latency]]),
    ],
  };
}

/** The axis of HdrHistogram's charts: each nine of the quantile is as wide as the one before. */
function quantiles(points: LoadResult['quantileChart'], objectiveMs: number, none: string): ChartOrWords {
  const title = 'Latency by quantile';
  const drawn = points.filter(({ quantile }) => quantile >= 0 && quantile < 1);
  if (drawn.length === 0) return notMeasured(title, none);
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
  const { stages, analyses, verdict } = result;
  const { capacity, knee } = analyses;
  const found = capacity === undefined ? [] : [capacityFacts(capacity), ...kneeFacts(knee)];
  const steps = stepsOf(result);
  return {
    id: 'stages',
    title: steps.length > 1 ? 'Steps and capacity' : 'Stages',
    intro:
      stages.length > 0
        ? 'Each without its warm-up; the times are those of the charts.'
        : `Not measured: ${verdict === 'not_run' ? 'the run did not take place' : 'no stage was finished'}.`,
    blocks: [
      ...found,
      ...(steps.length > 1 ? stepCharts(result, steps) : []),
      ...(stages.length > 0 ? [stageTable(result)] : []),
      ...(analyses.usl === undefined ? [] : uslBlocks(analyses.usl)),
    ],
  };
}

function capacityFacts({ perSecond, step, limit }: NonNullable<LoadResult['analyses']['capacity']>) {
  return facts([
    [
      'capacity',
      perSecond === undefined ? 'not even the first step kept the objective' : figure('rate', perSecond),
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
      ...['not succeeded', 'not sent', 'send delay p99'],
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
        `${clock(stage.fromSecond)}–${clock(stage.toSecond)}`,
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
      ];
    }),
    texts: swept ? [1, 2, 3] : [1, 2],
    marked,
  });
}

interface Step {
  readonly x: number;
  readonly stage: StageResult;
}

/** Steps of a ladder by what was offered; those of a sweep by what it set. */
function stepsOf({ scenario, stages }: LoadResult): readonly Step[] {
  const steps =
    scenario.sweep === undefined
      ? stages.filter(({ role }) => role === 'step').map((stage) => ({ x: stage.offeredPerSecond, stage }))
      : stages
          .filter(({ role }) => role === 'measured' || role === 'step')
          .map((stage) => ({ x: Number(/[\d.]+$/.exec(stage.sweep ?? '')?.[0]), stage }));
  return steps.filter(({ x }) => Number.isFinite(x)).toSorted((a, b) => a.x - b.x);
}

const sweepNames = { users: 'users', preloadEvents: 'events in the log before', servers: 'servers' } as const;

function stepCharts(result: LoadResult, steps: readonly Step[]): readonly ChartOrWords[] {
  const { scenario, analyses } = result;
  const { sweep } = scenario;
  const acrossName = sweep === undefined ? 'offered' : sweepNames[sweep.over];
  const across = sweep === undefined ? 'rate' : 'count';
  const { capacity, knee } = analyses;
  const marks = [
    ...(capacity?.perSecond === undefined ? [] : [{ x: capacity.perSecond, label: 'capacity' }]),
    ...(knee?.offeredPerSecond === undefined || !knee.found
      ? []
      : [{ x: knee.offeredPerSecond, label: 'knee' }]),
  ];
  const common = {
    across,
    acrossName,
    x: steps.map(({ x }) => x),
    marks: sweep === undefined ? marks : [],
  } as const;
  const table = (
    caption: string,
    headings: readonly string[],
    of: (stage: StageResult) => readonly string[],
  ) => ({
    caption,
    headings: [acrossName, ...headings],
    rows: steps.map(({ x, stage }) => [figure(across, x), ...of(stage)]),
  });
  const throughput: Chart = {
    ...common,
    id: 'steps-throughput',
    title: `Achieved by ${acrossName}`,
    description: `${marked(marks)}Where the line leaves the dashed one, the server no longer does what it is asked.`,
    unit: 'rate',
    log: 'off',
    series: [
      {
        name: 'offered',
        colour: 6,
        look: 'dashed',
        values: steps.map(({ stage }) => stage.offeredPerSecond),
      },
      {
        name: 'achieved',
        colour: 1,
        look: 'line',
        values: steps.map(({ stage }) => stage.achievedPerSecond),
      },
    ],
    limits: [],
    table: table('Achieved by step', ['offered', 'achieved'], (stage) => [
      figure('rate', stage.offeredPerSecond),
      figure('rate', stage.achievedPerSecond),
    ]),
  };
  const answered = (stage: StageResult, ms: number) => (stage.latency.count === 0 ? null : ms);
  const latency: Chart = {
    ...common,
    id: 'steps-latency',
    title: `Latency by ${acrossName}`,
    description: `${marked(marks)}The objective is a p99 of ${figure('ms', scenario.objective.p99Ms)}.`,
    unit: 'ms',
    log: 'on',
    series: [
      {
        name: 'p99',
        colour: 2,
        look: 'line',
        values: steps.map(({ stage }) => answered(stage, stage.latency.p99Ms)),
      },
      {
        name: 'p50',
        colour: 4,
        look: 'line',
        values: steps.map(({ stage }) => answered(stage, stage.latency.p50Ms)),
      },
    ],
    limits: [{ value: scenario.objective.p99Ms, label: 'objective for p99' }],
    table: table('Latency by step', ['p99', 'p50'], (stage) => [
      figure('ms', answered(stage, stage.latency.p99Ms)),
      figure('ms', answered(stage, stage.latency.p50Ms)),
    ]),
  };
  return [throughput, latency];
}

function marked(marks: Chart['marks']): string {
  return marks.map(({ x, label }) => `The ${label} is at ${figure('rate', x)}. `).join('');
}

/** The curve is drawn a little further than was measured, which is where it is a guess. */
const beyondMeasured = 1.3;
const curvePoints = 100;

function uslBlocks(usl: UslAnalysis): readonly ChartOrWords[] {
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
