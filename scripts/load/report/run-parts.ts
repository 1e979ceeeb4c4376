/** The sections of charts over the time of the run: what was asked and answered, resources, and lag. */
import { percent } from '../../../adapters/reports/format.ts';
import { type Ending, endings, type LoadResult, type ResourceRow, type SecondRow } from '../result.ts';
import { type ChartOrWords, type Colour, type Part, type TimeColumn, timeChart } from './chart.ts';
import { figure } from './figures.ts';
import { paragraph, tableMarkup } from './page-parts.ts';

const answeredNames = {
  throttled: 'throttled (429)',
  overloaded: 'overloaded (503)',
  refused: 'refused (other 4xx)',
  failed: 'failed (other 5xx)',
  reset: 'connection reset',
  timed_out: 'timed out',
  not_connected: 'not connected',
} as const satisfies Readonly<Record<Exclude<Ending, 'succeeded'>, string>>;

export function throughputPart({ seconds, analyses, scenario, verdict, resources }: LoadResult): Part {
  const missing = missingSeconds(verdict);
  const common = { unit: 'ms', keep: 'highest' } as const;
  const latency = (name: string, colour: Colour, of: (row: SecondRow) => number): TimeColumn<SecondRow> => ({
    name,
    colour,
    of: (row) => (answersOf(row) === 0 ? undefined : of(row)),
    keep: common.keep,
  });
  const { p99MsMax } = analyses.recovery?.band ?? {};
  return {
    id: 'run',
    title: 'What was asked, and what was answered',
    intro: downWords(resources),
    blocks: [
      timeChart({
        id: 'throughput',
        title: 'Offered against achieved',
        about:
          'Requests due in each second, those of them that succeeded, and events that their answers acknowledged.',
        unit: 'rate',
        rows: seconds,
        columns: [
          { name: 'offered', colour: 6, look: 'dashed', of: ({ due }) => due, keep: 'mean' },
          { name: 'achieved', colour: 1, of: (row) => row.endings.succeeded, keep: 'mean' },
          { name: 'transitions', colour: 4, of: ({ events }) => events, keep: 'mean' },
        ],
        log: 'off',
        missing,
      }),
      timeChart({
        id: 'percentiles',
        title: 'Latency over time',
        about: 'From the time that a request was due to its answer, of the requests due in each second.',
        unit: common.unit,
        rows: seconds,
        columns: [
          latency('max', 5, ({ maxMs }) => maxMs),
          latency('p99', 2, (row) => row.p99Ms),
          latency('p90', 1, ({ p90Ms }) => p90Ms),
          latency('p50', 4, ({ p50Ms }) => p50Ms),
        ],
        log: 'on',
        limits: [
          { value: scenario.objective.p99Ms, label: 'objective for p99' },
          ...(p99MsMax === undefined ? [] : [{ value: p99MsMax, label: 'recovery band of p99' }]),
        ],
        missing: seconds.length > 0 ? 'no request was answered' : missing,
      }),
    ],
  };
}

export function sendDelayChart({ seconds, verdict }: LoadResult): ChartOrWords {
  return timeChart({
    id: 'send-delay',
    title: 'Send delay over time',
    about: 'How long after the time it was due a request was sent.',
    unit: 'ms',
    rows: seconds,
    columns: [
      {
        name: 'p99 of the send delay',
        colour: 3,
        of: ({ sent, sendDelayP99Ms }) => (sent === 0 ? undefined : sendDelayP99Ms),
        keep: 'highest',
      },
    ],
    log: 'off',
    missing: seconds.length > 0 ? 'nothing was sent' : missingSeconds(verdict),
  });
}

export function errorsPart({ seconds, verdict, stages }: LoadResult): Part {
  const counted = stages.length > 0 ? stages : seconds;
  const counts = endings.map((ending) => {
    const total = counted.reduce((sum, each) => sum + each.endings[ending], 0);
    return { ending, total };
  });
  const answers = counts.reduce((sum, { total }) => sum + total, 0);
  const common = { id: 'errors', title: 'How requests ended' };
  if (answers === 0) {
    const why = seconds.length > 0 ? 'no request ended.' : `${missingSeconds(verdict)}.`;
    return { ...common, intro: `Not measured: ${why}`, blocks: [] };
  }
  const name = (ending: Ending) => (ending === 'succeeded' ? 'succeeded' : answeredNames[ending]);
  const colours: readonly Colour[] = [2, 5, 3, 1, 4, 6];
  const occurring = counts.filter(({ ending, total }) => ending !== 'succeeded' && total > 0);
  const columns = occurring.map(
    ({ ending }, index): TimeColumn<SecondRow> => ({
      name: name(ending),
      colour: colours[index % colours.length] ?? 5,
      of: (row) => row.endings[ending],
      keep: 'highest',
    }),
  );
  return {
    ...common,
    intro: '',
    blocks: [
      occurring.length === 0
        ? paragraph(`Every request succeeded: ${figure('count', answers)} of ${figure('count', answers)}.`)
        : timeChart({
            id: 'errors-over-time',
            title: 'Requests that did not succeed',
            about: 'By how they ended, in the second they were due in.',
            unit: 'rate',
            rows: seconds,
            columns,
            log: 'off',
            missing: missingSeconds(verdict),
          }),
      tableMarkup({
        caption: stages.length > 0 ? 'Endings over all stages' : 'Endings over the run',
        headings: ['ending', 'requests', 'share'],
        rows: counts.map(({ ending, total }) => [
          name(ending),
          figure('count', total),
          percent(total / answers),
        ]),
      }),
    ],
  };
}

export function resourcePart(result: LoadResult): Part {
  return {
    id: 'resources',
    title: 'Resources',
    intro: 'Sampled while the run went on. Shares of CPU are of all cores of the machine.',
    blocks: [cpuChart(result), memoryChart(result), ...gaugeCharts(result)],
    beside: true,
  };
}

function cpuChart({ resources, scenario, verdict }: LoadResult): ChartOrWords {
  const used = usedColumns(resources);
  const { cpuShareMax } = scenario.kpis;
  return timeChart({
    id: 'cpu',
    title: 'CPU by process',
    about: '',
    unit: 'share',
    rows: resources,
    columns: [
      used('machine', 6, ({ cpu }) => cpu.machine),
      used('Docket and PostgreSQL', 5, ({ cpu }) => cpu.server + cpu.projector + cpu.postgres),
      used('server', 1, ({ cpu }) => cpu.server),
      used('projector', 4, ({ cpu }) => cpu.projector),
      used('PostgreSQL', 3, ({ cpu }) => cpu.postgres),
      used('generator', 2, ({ cpu }) => cpu.generator),
    ],
    limits:
      cpuShareMax === undefined ? [] : [{ value: cpuShareMax, label: 'limit for Docket and PostgreSQL' }],
    missing: missingResources(verdict),
  });
}

function memoryChart({ resources, verdict, memoryAllocation }: LoadResult): ChartOrWords {
  const used = usedColumns(resources);
  return timeChart({
    id: 'memory',
    title: 'Memory by process',
    about: `Resident; the allocation is ${figure('bytes', memoryAllocation)}.`,
    unit: 'bytes',
    rows: resources,
    columns: [
      used('server', 1, ({ memory }) => memory.server),
      used('projector', 4, ({ memory }) => memory.projector),
      used('PostgreSQL', 3, ({ memory }) => memory.postgres),
      used('generator', 2, ({ memory }) => memory.generator),
    ],
    missing: missingResources(verdict),
  });
}

/** A process that used nothing at all in the whole run was not there, or not seen: that is no measurement. */
function usedColumns(rows: readonly ResourceRow[]) {
  return (name: string, colour: Colour, of: (row: ResourceRow) => number): TimeColumn<ResourceRow> => {
    const seen = rows.some((row) => of(row) > 0);
    return { name, colour, of: (row) => (seen ? of(row) : undefined), keep: 'mean' };
  };
}

function gaugeCharts({ resources, verdict, scenario }: LoadResult): readonly ChartOrWords[] {
  const collected = resources.some(({ majorCollections = 0 }) => majorCollections > 0);
  const { databaseSecondsMax } = scenario.kpis;
  const none = (why: string) => (resources.length === 0 ? missingResources(verdict) : why);
  const gauge = (name: string, colour: Colour, of: TimeColumn<ResourceRow>['of']) => ({
    rows: resources,
    columns: [{ name, colour, of, keep: 'highest' as const }],
  });
  return [
    timeChart({
      id: 'heap',
      title: 'Heap after a major collection',
      about: 'What the server really holds: garbage is gone at these moments.',
      unit: 'bytes',
      ...gauge('heap after a major collection', 1, (row) => row.heapAfterMajorGcBytes),
      missing: none(
        collected
          ? 'the server did not tell its heap after its collections'
          : 'no major collection took place, or the server did not tell of one',
      ),
    }),
    timeChart({
      id: 'event-loop',
      title: 'Event loop delay',
      about: "How late the server's own timers were.",
      unit: 'ms',
      ...gauge('p99 of the delay', 2, (row) => row.eventLoopDelayP99Ms),
      missing: none("the server's metrics did not tell its event loop delay"),
    }),
    timeChart({
      id: 'open-files',
      title: 'Open files',
      about: 'Files and connections that the server holds open.',
      unit: 'count',
      ...gauge('open files', 3, (row) => row.openFiles),
      missing: none("the server's metrics did not tell its open files"),
    }),
    timeChart({
      id: 'database-connections',
      title: 'Database connections',
      about: '',
      unit: 'count',
      ...gauge('connections', 4, (row) => row.databaseConnections),
      missing: none("the server's metrics did not tell its database connections"),
    }),
    timeChart({
      id: 'database-latency',
      title: 'Database statements',
      about: 'Since the sample before.',
      unit: 'ms',
      ...gauge('p99 of statements', 5, (row) => row.databaseP99Ms),
      limits:
        databaseSecondsMax === undefined
          ? []
          : [{ value: databaseSecondsMax * 1_000, label: 'limit of the KPI' }],
      missing: none('no statement was timed, or the server did not tell of one'),
    }),
  ];
}

export function lagPart({ resources, verdict, analyses }: LoadResult): Part {
  const missing =
    resources.length === 0
      ? missingResources(verdict)
      : "the server's metrics did not tell the lag of its read models";
  const band = analyses.recovery?.band.lagEventsMax;
  return {
    id: 'lag',
    title: 'Projection lag',
    intro: 'How far the read models in PostgreSQL are behind the log.',
    blocks: [
      timeChart({
        id: 'lag-events',
        title: 'Lag in events',
        about: '',
        unit: 'count',
        rows: resources,
        columns: [{ name: 'events behind', colour: 3, of: ({ lagEvents }) => lagEvents, keep: 'highest' }],
        limits: band === undefined ? [] : [{ value: band, label: 'recovery band' }],
        missing,
      }),
      timeChart({
        id: 'lag-seconds',
        title: 'Lag in seconds',
        about: 'The age of the oldest event that is not visible yet.',
        unit: 'seconds',
        rows: resources,
        columns: [{ name: 'seconds behind', colour: 2, of: ({ lagSeconds }) => lagSeconds, keep: 'highest' }],
        missing,
      }),
    ],
    beside: true,
  };
}

function answersOf(row: SecondRow): number {
  return endings.reduce((sum, ending) => sum + row.endings[ending], 0);
}

function downWords(resources: readonly ResourceRow[]): string {
  const down = resources.filter(({ up }) => !up).length;
  if (down === 0) return '';
  return `The server did not answer ${figure('count', down)} of ${figure('count', resources.length)} probes of its health; the charts are marked in red there.`;
}

function missingSeconds(verdict: LoadResult['verdict']): string {
  return verdict === 'not_run' ? 'the run did not take place' : 'the generator left no count of any second';
}

function missingResources(verdict: LoadResult['verdict']): string {
  return verdict === 'not_run'
    ? 'the run did not take place'
    : 'no resources were sampled; they can be only on the machine that the server runs on';
}
