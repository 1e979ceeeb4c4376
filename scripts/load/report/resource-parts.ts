/** The sections on what the run used: resources, and how far the read models were behind. */
import { docketAndPostgres } from '../resource-sums.ts';
import type { LoadResult, ResourceRow } from '../result.ts';
import { type ChartOrWords, type Colour, type Part, type TimeColumn, timeChart } from './chart.ts';
import { figure } from './figures.ts';

const missingResources = 'no resources were sampled; they can be only on the machine that the server runs on';

export function resourcePart(result: LoadResult): Part {
  return {
    id: 'resources',
    title: 'Resources',
    intro: 'Sampled while the run went on. Shares of CPU are of all cores of the machine.',
    blocks: [cpuChart(result), memoryChart(result), ...gaugeCharts(result)],
    beside: true,
  };
}

function cpuChart({ resources, scenario }: LoadResult): ChartOrWords {
  const { cpuShareMax } = scenario.kpis;
  return timeChart({
    id: 'cpu',
    title: 'CPU by process',
    about: '',
    unit: 'share',
    rows: resources,
    columns: [
      used('machine', 6, ({ cpu }) => cpu.machine),
      used('Docket and PostgreSQL', 5, ({ cpu }) => docketAndPostgres(cpu)),
      used('server', 1, ({ cpu }) => cpu.server),
      used('projector', 4, ({ cpu }) => cpu.projector),
      used('PostgreSQL', 3, ({ cpu }) => cpu.postgres),
      used('generator', 2, ({ cpu }) => cpu.generator),
    ],
    limits:
      cpuShareMax === undefined ? [] : [{ value: cpuShareMax, label: 'limit for Docket and PostgreSQL' }],
    missing: missingResources,
  });
}

function memoryChart({ resources, memoryAllocation }: LoadResult): ChartOrWords {
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
    missing: missingResources,
  });
}

/** With what the runner knows of it: it says among the conditions what it could not measure, and why. */
function reasonOf(
  resources: readonly ResourceRow[],
  conditions: LoadResult['conditions'],
  otherwise: string,
): string {
  if (resources.length === 0) return missingResources;
  const noted = conditions['not measured'];
  return noted === undefined ? otherwise : `${otherwise}; noted with the run: ${noted}`;
}

function used(name: string, colour: Colour, of: TimeColumn<ResourceRow>['of']): TimeColumn<ResourceRow> {
  return { name, colour, of, keep: 'mean' };
}

function gaugeCharts({ resources, scenario, conditions }: LoadResult): readonly ChartOrWords[] {
  const collected = resources.some(({ majorCollections = 0 }) => majorCollections > 0);
  const { databaseSecondsMax } = scenario.kpis;
  const none = (why: string) => reasonOf(resources, conditions, why);
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

export function lagPart({ resources, analyses, conditions }: LoadResult): Part {
  const missing = reasonOf(
    resources,
    conditions,
    "the server's metrics did not tell the lag of its read models",
  );
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
