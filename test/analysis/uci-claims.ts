/**
 * What the source claims of its incidents at their last row, beside what the rows themselves show. The log is
 * lossy, so the two must differ; how often, and in which direction, is a fact about the file that an importer
 * or a metric gone wrong would change.
 */
import type { Database } from '../../projections/sql.ts';
import type { Comparison } from './same-rows.ts';

export const claims: Comparison = {
  what: "the source's claims beside what is rebuilt",
  readModel: `SELECT ticket_id, assigned_group, priority, claimed_reassignments, rebuilt_reassignments, claimed_reopens,
  rebuilt_reopens, claimed_made_sla, round(resolution_hours, 6)
FROM docket.source_claims`,
  recomputed: `WITH way AS (
  SELECT number, value, lag(value) OVER (PARTITION BY number ORDER BY step) AS from_value
  FROM source.spell WHERE dimension = 'group' AND value IS NOT NULL
), moved AS (SELECT number, count(*) AS moves FROM way WHERE value <> from_value GROUP BY number)
SELECT number, grp, priority, reassignment_count::numeric,
  coalesce(moves, 0), reopen_count::numeric, reopens,
  made_sla::boolean, round(CASE WHEN status_category IN ('resolved', 'closed') THEN full_ms END / 3600000, 6)
FROM source.ticket LEFT JOIN moved USING (number)`,
  rowsAtLeast: 1,
};

export interface Agreement {
  readonly claim: string;
  readonly agree: number;
  /** Tickets of which the source claims more than its rows show, and fewer. */
  readonly claimed_more: number;
  readonly claimed_fewer: number;
}

export function agreements(database: Database): Promise<readonly Agreement[]> {
  return database.query<Agreement>(`
SELECT claim, count(*) FILTER (WHERE claimed = rebuilt) AS agree,
  count(*) FILTER (WHERE claimed > rebuilt) AS claimed_more, count(*) FILTER (WHERE claimed < rebuilt) AS claimed_fewer
FROM docket.source_claims CROSS JOIN LATERAL (VALUES
  ('reassignments', claimed_reassignments, rebuilt_reassignments), ('reopens', claimed_reopens, rebuilt_reopens)
) AS each (claim, claimed, rebuilt)
GROUP BY claim ORDER BY claim`);
}

export interface SlaRule {
  readonly priority: string;
  /** The whole number of hours to the resolution that tells made_sla best; 0 says that it is never made. */
  readonly hours: number;
  readonly tickets: number;
  readonly explained: number;
}

/** For each priority the rule "resolved within so many hours" that agrees with most of the claims. */
export function bestSlaRules(database: Database): Promise<readonly SlaRule[]> {
  return database.query<SlaRule>(`
WITH by_hour AS (
  SELECT priority, ceil(resolution_hours)::integer AS hours,
    count(*) FILTER (WHERE claimed_made_sla) AS made, count(*) FILTER (WHERE NOT claimed_made_sla) AS missed
  FROM docket.source_claims WHERE resolution_hours IS NOT NULL GROUP BY 1, 2
  UNION ALL SELECT DISTINCT priority, 0, 0, 0 FROM docket.source_claims
), rule AS (
  SELECT priority, hours, sum(made) OVER up_to + sum(missed) OVER whole - sum(missed) OVER up_to AS explained,
    sum(made + missed) OVER whole AS tickets
  FROM by_hour
  WINDOW up_to AS (PARTITION BY priority ORDER BY hours), whole AS (PARTITION BY priority)
)
SELECT DISTINCT ON (priority) priority, hours, tickets::bigint AS tickets, explained::bigint AS explained
FROM rule ORDER BY priority, explained DESC, hours`);
}
