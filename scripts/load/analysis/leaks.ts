/**
 * What grows while the load stays the same: memory, open files, connections. Only stages of one constant rate
 * are looked at, and of the heap only what a major collection left: all else grows in a healthy process.
 * The lowest heap after collections that rises is the classic sign of a leak; slope and interval are Sen's.
 */
import { type Growth, lastingGrowth } from '../../statistics/lasting-growth.ts';
import { sawtooth } from '../../statistics/sawtooth.ts';
import type { Point } from '../../statistics/theil-sen.ts';
import type { LeakAnalysis, Measured, ResourceRow, SecondRow } from '../result.ts';
import { resourcesIn } from './rows.ts';

type Watched = Pick<Measured, 'scenario' | 'stages' | 'seconds' | 'resources' | 'memoryAllocation'>;

/** A process warms up for minutes: code is compiled, caches fill. Of less time nothing can be said. */
const secondsMin = 600;
const secondsPerHour = 3_600;
const bytesPerHourMin = 1024 ** 2;
/**
 * The engine keeps this many tickets in memory (`ticketsCachedMax`), each with its fields in about this many
 * bytes. Until they are that many the heap grows by design, and what they explain is taken off.
 */
const engineCache = { tickets: 200_000, bytesPerTicket: 1_024 };
/** What a process may open where nobody raised it, and what PostgreSQL lets in by default. */
const openFilesMax = 1_024;
const connectionsMax = 100;
const piecesPerHourMin = 6;

/** Over the longest measured stage; nothing without one. A series that was not measured has no entry. */
export function leaksOf(watched: Watched): readonly LeakAnalysis[] {
  const stage = watched.stages
    .filter(({ role }) => role === 'measured')
    .toSorted((one, other) => other.toSecond - other.fromSecond - (one.toSecond - one.fromSecond))[0];
  if (stage === undefined) return [];
  const rows = resourcesIn(watched.resources, stage);
  const explained = cacheGrowth(watched);
  const limitBytes = watched.memoryAllocation;
  const memory = (points: readonly Point[]) =>
    lastingGrowth(points, { limit: limitBytes, perHourMin: bytesPerHourMin });
  const pieces = (limit: number) => (points: readonly Point[]) =>
    lastingGrowth(points, { limit, perHourMin: piecesPerHourMin });
  const lessCache = ({ memory: { server }, second }: ResourceRow) =>
    server === undefined ? undefined : server - explained(second);
  const found = [
    leak('heap after major collections', troughs(rows, explained), (points) =>
      sawtooth(points, { limitBytes, bytesPerHourMin }),
    ),
    leak('server memory', series(rows, lessCache), memory),
    leak(
      'projector memory',
      series(rows, (row) => row.memory.projector),
      memory,
    ),
    leak(
      'PostgreSQL memory',
      series(rows, (row) => row.memory.postgres),
      memory,
    ),
    leak(
      'open files',
      series(rows, ({ openFiles }) => openFiles),
      pieces(openFilesMax),
    ),
    leak(
      'database connections',
      series(rows, (row) => row.databaseConnections),
      pieces(connectionsMax),
    ),
  ].flatMap((each) => each ?? []);
  const tooShort = stage.toSecond - stage.fromSecond < secondsMin;
  return tooShort ? found.map((each) => ({ ...each, verdict: 'too_few_samples' })) : found;
}

function leak(
  name: string,
  points: readonly Point[],
  judge: (points: readonly Point[]) => Growth,
): LeakAnalysis | undefined {
  return points.length === 0 ? undefined : { series: name, samples: points.length, ...finite(judge(points)) };
}

/** What cannot be told is 0 here and `too_few_samples` says so: JSON knows neither NaN nor infinity. */
function finite({ verdict, slopePerHour, lowPerHour, highPerHour }: Growth): Growth {
  const told = [slopePerHour, lowPerHour, highPerHour].every(Number.isFinite);
  if (told) return { verdict, slopePerHour, lowPerHour, highPerHour };
  return { verdict: 'too_few_samples', slopePerHour: 0, lowPerHour: 0, highPerHour: 0 };
}

function series(
  rows: readonly ResourceRow[],
  of: (row: ResourceRow) => number | undefined,
): readonly Point[] {
  return rows.flatMap((row) => {
    const y = of(row);
    return y === undefined ? [] : [{ x: row.second / secondsPerHour, y }];
  });
}

/** The heap counts once for each collection: the rows in between only repeat it. */
function troughs(rows: readonly ResourceRow[], explained: (second: number) => number): readonly Point[] {
  return series(
    rows.filter(({ majorCollections }, index) => {
      const earlier = rows[index - 1]?.majorCollections;
      return index > 0 && majorCollections !== undefined && majorCollections !== earlier;
    }),
    ({ heapAfterMajorGcBytes, second }) =>
      heapAfterMajorGcBytes === undefined ? undefined : heapAfterMajorGcBytes - explained(second),
  );
}

/** Bytes that the engine's memory of tickets explains at a second of the run. */
function cacheGrowth({ scenario, seconds }: Watched): (second: number) => number {
  const opened: number[] = [];
  let sum = scenario.ticketsBefore;
  for (const { second, ticketsOpened } of seconds.toSorted(bySecond)) {
    sum += ticketsOpened;
    opened[second] = sum;
  }
  let last = scenario.ticketsBefore;
  const kept = Array.from({ length: opened.length }, (_, second) => {
    last = opened[second] ?? last;
    return Math.min(last, engineCache.tickets) * engineCache.bytesPerTicket;
  });
  const atEnd = kept.at(-1) ?? 0;
  return (second) => kept[Math.floor(second)] ?? atEnd;
}

function bySecond(one: SecondRow, other: SecondRow): number {
  return one.second - other.second;
}
