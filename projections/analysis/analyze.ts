/**
 * `analyze`: all figures of a report from the read models, in one snapshot, so that they belong together and
 * to the positions that are told with them. It changes nothing and shows nothing.
 */
import type { EpochMs } from '../../domain/ticket/values.ts';
import type { Database, Queries } from '../sql.ts';
import {
  type Analysis,
  type AnalysisFilter,
  breakdownDimensions,
  type DayFigures,
  type ReadModelAsOf,
} from './analysis.ts';
import { breakdown } from './breakdown.ts';
import { durationFigures, resolutionHistogram } from './durations.ts';
import { ageingFigures, flowFigures } from './flow.ts';
import { processFigures } from './process.ts';
import { qualityFigures, slaFigures } from './quality.ts';
import { scopeOf } from './scope.ts';
import { sourceClaims } from './source-claims.ts';

/** The read models that figures are taken from. */
const sources = ['sla_clock', 'ticket', 'ticket_interval', 'ticket_metrics'];

/**
 * Throws `Fault('input_unreadable')` where the filter holds what can not be right, and PostgreSQL's error
 * 42P01 or 3F000 where there are no read models yet.
 */
export function analyze(database: Database, filter: AnalysisFilter): Promise<Analysis> {
  return database.transaction((sql) => analysisOf(sql, filter), { mode: 'snapshot' });
}

async function analysisOf(sql: Queries, filter: AnalysisFilter): Promise<Analysis> {
  const scope = await scopeOf(sql, filter);
  const [now] = await sql.query<{ asked_at: EpochMs }>('SELECT now() AS asked_at');
  const asOf = await positions(sql);
  const { flow, days } = await flowFigures(sql, scope);
  const durations = await durationFigures(sql, scope);
  const quality = await qualityFigures(sql, scope);
  const breakdowns = [];
  for (const dimension of breakdownDimensions) breakdowns.push(await breakdown(sql, scope, dimension));
  return {
    version: 1,
    filter,
    period: scope.period,
    askedAt: now?.asked_at ?? 0,
    asOf,
    empty: days.every(isQuiet),
    flow,
    days,
    durations,
    resolutionHistogram: await resolutionHistogram(sql, scope),
    ...quality,
    sla: await slaFigures(sql, scope),
    ageing: await ageingFigures(sql, scope),
    breakdowns,
    process: await processFigures(sql, scope),
    sourceClaims: await sourceClaims(sql, scope),
  };
}

function isQuiet({ opened, resolved, closed, reopened, backlog }: DayFigures): boolean {
  return opened + resolved + closed + reopened + backlog === 0;
}

function positions(sql: Queries): Promise<readonly ReadModelAsOf[]> {
  return sql.query<ReadModelAsOf>(
    `SELECT projection, sum(position)::bigint AS position,
  CASE WHEN bool_and(recorded_at IS NOT NULL) THEN min(recorded_at) END AS "recordedAt",
  sum(parked)::integer AS parked
FROM docket.projection_status WHERE state = 'live' AND projection = ANY ($1::text[])
GROUP BY projection ORDER BY projection`,
    [sources],
  );
}
