/**
 * What the source of imported tickets says of them, beside what its own log shows. ServiceNow keeps counters
 * (reassignment_count, reopen_count) and a verdict (made_sla) on each incident; they come in as fields like
 * any other and are never believed, only compared. Which figures belong together says docket.source_claims.
 */
import type { Queries } from '../sql.ts';
import type { ClaimedCount, ClaimedSla, SourceClaims } from './analysis.ts';
import { chosen, inPeriod, type Scope } from './scope.ts';

/** Claims are of tickets; the period and the filter are conditions on their figures. */
const claims = `(
  SELECT source_claims.*, full_resolution_ms
  FROM (SELECT * FROM docket.ticket_metrics WHERE ${inPeriod('first_resolved_at')} AND ${chosen}) AS metrics
  JOIN docket.source_claims USING (ticket_id)
) AS claim`;

const comparison = (claimed: string, rebuilt: string) => `count(*) AS tickets,
  coalesce(sum(${claimed}), 0)::double precision AS claimed, coalesce(sum(${rebuilt}), 0)::bigint AS rebuilt,
  count(*) FILTER (WHERE ${claimed} = ${rebuilt}) AS equal,
  count(*) FILTER (WHERE ${claimed} > ${rebuilt}) AS "claimedMore",
  count(*) FILTER (WHERE ${claimed} < ${rebuilt}) AS "rebuiltMore"
FROM ${claims} WHERE ${claimed} IS NOT NULL`;

const compared = [
  {
    name: 'reassignments',
    label: 'reassignments',
    text: `SELECT ${comparison('claimed_reassignments', 'rebuilt_reassignments')}`,
    meaning:
      "The source's reassignment_count against handoffs from one group to another in its log. The counter goes up with" +
      ' every change, the log shows only some versions of each record: what happened between two of them is claimed' +
      ' and can not be seen, so the claim is rarely the smaller one.',
  },
  {
    name: 'reopens',
    label: 'reopens',
    text: `SELECT ${comparison('claimed_reopens', 'rebuilt_reopens')}`,
    meaning:
      "The source's reopen_count against moves from resolved, closed or cancelled back to unresolved. A reopening of" +
      ' which the log shows no row, or only rows that the rules of the workflow refuse, is claimed and not seen.',
  },
] as const;

const madeSlaText = `SELECT "madeSla", tickets, percentiles[1] AS p50, percentiles[2] AS p90
FROM (
  SELECT claimed_made_sla AS "madeSla", count(*) AS tickets,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY full_resolution_ms) AS percentiles
  FROM ${claims} WHERE claimed_made_sla IS NOT NULL GROUP BY 1
) AS verdict ORDER BY "madeSla" DESC`;

/** Of the tickets first resolved in the period; null where none of them carries a claim of its source. */
export async function sourceClaims(sql: Queries, scope: Scope): Promise<SourceClaims | null> {
  const counts: ClaimedCount[] = [];
  for (const { text, ...figure } of compared) {
    const [row] = await sql.query<Omit<ClaimedCount, 'name' | 'label' | 'meaning'>>(text, scope.all);
    if (row !== undefined && row.tickets > 0) counts.push({ ...figure, ...row });
  }
  const madeSla = await sql.query<ClaimedSla>(madeSlaText, scope.all);
  return counts.length === 0 && madeSla.length === 0 ? null : { counts, madeSla };
}
