/**
 * The process of the tickets that a filter chooses, from their intervals: the same columns and the same
 * definitions as the analysts' functions in projections/views/process.ts, which know no such filter.
 */
import { chosen, inPeriod } from './scope.ts';

const tickets = `ticket_id IN (SELECT ticket_id FROM docket.ticket_metrics WHERE ${chosen})`;

/** A move is made when the interval before it ends. */
export const movesOfChosen = `SELECT workflow, value AS from_status, next_value AS to_status, count(*) AS moves,
  sum(ms)::bigint AS ms, sum(business_ms)::bigint AS business_ms
FROM docket.ticket_interval
WHERE dimension = 'status' AND next_value IS NOT NULL AND ${inPeriod('ended_at')} AND ${tickets}
GROUP BY 1, 2, 3`;

export const variantsOfChosen = `SELECT workflow, status_path, tickets,
  (tickets / sum(tickets) OVER (PARTITION BY workflow))::double precision AS share,
  (sum(tickets) OVER (PARTITION BY workflow ORDER BY tickets DESC, status_path)
    / sum(tickets) OVER (PARTITION BY workflow))::double precision AS cumulative_share, median_ms
FROM (
  SELECT workflow, status_path, count(*) AS tickets,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY full_resolution_ms) AS median_ms
  FROM docket.ticket_metrics WHERE ${inPeriod('opened_at')} AND ${chosen} GROUP BY 1, 2
) AS counted`;

export const sojournsOfChosen = `SELECT workflow, value AS status, status_category, stays, percentiles[1] AS p50,
  percentiles[2] AS p90, percentiles[3] AS p95, percentiles[4] AS p99, mean, mean_business
FROM (
  SELECT workflow, value, status_category, count(*) AS stays, avg(ms)::double precision AS mean,
    avg(business_ms)::double precision AS mean_business,
    percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY ms) AS percentiles
  FROM docket.ticket_interval
  WHERE dimension = 'status' AND ms IS NOT NULL AND ${inPeriod('begun_at')} AND ${tickets}
  GROUP BY 1, 2, 3
) AS measured`;

/**
 * A handover is between two different holders; nobody in between makes no difference, and coming back to the
 * same one is none. Hence the intervals without a holder are taken out first, then those whose holder had
 * the ticket before: what is left are the stations, each of which got the ticket from the one before it.
 */
export const handoversOfChosen = `SELECT dimension, held_before AS from_value, value AS to_value,
  count(*) AS handovers, count(*) FILTER (WHERE value = station_before) AS returns, sum(ms_before)::bigint AS ms
FROM (
  SELECT *, lag(value, 2) OVER (PARTITION BY ticket_id, dimension ORDER BY revision) AS station_before
  FROM (
    SELECT ticket_id, dimension, revision, value, begun_at, lag(value) OVER holders AS held_before,
      lag(ms) OVER holders AS ms_before
    FROM docket.ticket_interval
    WHERE dimension IN ('assignee', 'group') AND value IS NOT NULL AND ${tickets}
    WINDOW holders AS (PARTITION BY ticket_id, dimension ORDER BY revision)
  ) AS held
  WHERE held_before IS DISTINCT FROM value
) AS station
WHERE held_before IS NOT NULL AND ${inPeriod('begun_at')}
GROUP BY 1, 2, 3`;
