/** The same few figures for each group, priority and category: where work comes from and where it waits. */
import type { Queries } from '../sql.ts';
import type { Breakdown, BreakdownDimension, BreakdownRow } from './analysis.ts';
import { chosen, inPeriod, type Scope } from './scope.ts';
import { topRows } from './top-rows.ts';

/** Rows of each breakdown; the report says how many there are altogether. */
export const breakdownRowsMax = 15;

const columns: Readonly<Record<BreakdownDimension, string>> = {
  group: 'assigned_group',
  priority: 'priority',
  category: 'category',
};

/** The busiest values of a dimension, by what the tickets are now; those without any figure are left out. */
export async function breakdown(
  sql: Queries,
  scope: Scope,
  dimension: BreakdownDimension,
): Promise<Breakdown> {
  const list = await topRows<BreakdownRow>(sql, {
    text: `SELECT value, opened, resolved, reopened, "unresolvedNow", percentiles[1] AS p50, percentiles[2] AS p90
FROM (
  SELECT coalesce(${columns[dimension]}, '') AS value,
    count(*) FILTER (WHERE ${inPeriod('opened_at')}) AS opened,
    count(*) FILTER (WHERE ${inPeriod('first_resolved_at')}) AS resolved,
    count(*) FILTER (WHERE ${inPeriod('first_resolved_at')} AND reopen_count > 0) AS reopened,
    count(*) FILTER (WHERE unresolved) AS "unresolvedNow",
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY full_resolution_ms)
      FILTER (WHERE ${inPeriod('first_resolved_at')}) AS percentiles
  FROM docket.ticket_metrics WHERE ${chosen} GROUP BY 1
) AS counted WHERE opened + resolved + "unresolvedNow" > 0`,
    values: scope.all,
    order: 'opened + resolved DESC, "unresolvedNow" DESC, value',
    rowsMax: breakdownRowsMax,
  });
  return { dimension, ...list };
}
