/**
 * How well the work was done, of the tickets first resolved in the period: little touch, no coming back, few
 * hands, happy requesters; and the promises of the clocks that started in it. The definitions are those of
 * the analysts' functions in projections/views/quality.ts and sla.ts, which can not be asked for every
 * filter; a test holds both to the same figures.
 */
import { followUpWindowMs } from '../../domain/metrics/touch.ts';
import type { Queries } from '../sql.ts';
import { ticketMetricsNow } from '../ticket-metrics-now.ts';
import type { Count, Share, SlaRow, Top } from './analysis.ts';
import { chosen, inPeriod, type Scope } from './scope.ts';
import { topRows } from './top-rows.ts';

/** Rows of SLA attainment: policies, versions, metrics and priorities are few. */
export const slaRowsMax = 100;

const followUpDays = followUpWindowMs / 86_400_000;

const qualityQuery = `SELECT count(*) AS resolved,
  count(*) FILTER (WHERE one_touch_explore) AS one_touch_explore,
  count(*) FILTER (WHERE one_touch_exact) AS one_touch_exact,
  count(*) FILTER (WHERE one_touch_messaging) AS one_touch_messaging,
  count(*) FILTER (WHERE reopen_count > 0) AS reopened,
  count(*) FILTER (WHERE rework_count > 0) AS reworked,
  count(*) FILTER (WHERE assignee_handoffs > 0) AS assignee_handed_off,
  count(*) FILTER (WHERE group_handoffs > 0) AS group_handed_off,
  count(*) FILTER (WHERE assignee_returns > 0) AS assignee_returned,
  count(*) FILTER (WHERE group_returns > 0) AS group_returned,
  coalesce(sum(reopen_count), 0)::bigint AS reopens,
  coalesce(sum(rework_count), 0)::bigint AS rework_visits,
  coalesce(sum(agent_replies), 0)::bigint AS agent_replies,
  coalesce(sum(assignee_stations), 0)::bigint AS assignee_stations,
  coalesce(sum(group_stations), 0)::bigint AS group_stations,
  coalesce(sum(assignee_handoffs), 0)::bigint AS assignee_handoffs,
  coalesce(sum(group_handoffs), 0)::bigint AS group_handoffs,
  coalesce(sum(assignee_returns), 0)::bigint AS assignee_returns,
  coalesce(sum(group_returns), 0)::bigint AS group_returns,
  count(first_rating) AS rated,
  count(*) FILTER (WHERE first_rating = 'good') AS first_good,
  count(*) FILTER (WHERE last_rating = 'good') AS last_good,
  count(*) FILTER (WHERE first_rating = 'good' AND last_rating = 'bad') AS good_to_bad,
  count(*) FILTER (WHERE first_rating = 'bad' AND last_rating = 'good') AS bad_to_good
FROM docket.ticket_metrics_now WHERE ${inPeriod('first_resolved_at')} AND ${chosen}`;

/**
 * As docket.first_contact_resolution, by any filter. Who asked again is found by a join for all tickets at
 * once: a look for each ticket takes half a minute on a year of 25,000.
 */
const firstContactQuery = `WITH resolved AS MATERIALIZED (
  SELECT * FROM docket.ticket_metrics WHERE ${inPeriod('first_resolved_at')} AND ${chosen}
), asked_again AS (
  SELECT DISTINCT resolved.ticket_id
  FROM resolved JOIN docket.ticket_metrics AS another USING (requester, category)
  WHERE another.ticket_id <> resolved.ticket_id
    AND another.opened_at >= $5::timestamptz
    AND another.opened_at < $6::timestamptz + make_interval(days => ${followUpDays})
    AND another.opened_at > resolved.last_resolved_at
    AND another.opened_at <= resolved.last_resolved_at + make_interval(days => ${followUpDays})
), judged AS (
  SELECT status_category IN ('resolved', 'closed') AND agent_replies < 2 AND reopen_count = 0
      AND (first_follow_up_at IS NULL
        OR first_follow_up_at > last_resolved_at + make_interval(days => ${followUpDays}))
      AND asked_again.ticket_id IS NULL AS so_far,
    last_resolved_at + make_interval(days => ${followUpDays}) <= now() AS over
  FROM resolved LEFT JOIN asked_again ON asked_again.ticket_id = resolved.ticket_id
)
SELECT count(*) FILTER (WHERE over OR NOT so_far) AS decided, count(*) FILTER (WHERE over AND so_far) AS first_contact
FROM judged`;

export interface QualityFigures {
  readonly quality: readonly Share[];
  readonly stations: readonly Count[];
  readonly satisfaction: readonly Share[] | null;
}

/** All figures of the tickets first resolved in the period. */
export async function qualityFigures(sql: Queries, scope: Scope): Promise<QualityFigures> {
  const [counts] = await sql.query<Readonly<Record<string, number>>>(qualityQuery, scope.all);
  const [contact] = await sql.query<Readonly<Record<string, number>>>(firstContactQuery, scope.all);
  const count = (name: string) => counts?.[name] ?? 0;
  const share = (name: string, label: string, meaning: string, of = 'resolved'): Share =>
    shareOf(name, label, meaning, count(name), count(of));
  const total = (name: string, label: string): Count => {
    const meaning = ticketMetricsNow.columns[totalColumns[name] ?? name] ?? label;
    return { name, label, meaning, value: count(name) };
  };
  return {
    quality: [
      ...oneTouch.map(([name, label]) => share(name, label, ticketMetricsNow.columns[name] ?? label)),
      shareOf(
        'first_contact_resolution',
        'first-contact resolution',
        `Of the tickets whose ${followUpDays} days are over or that have failed already: fewer than two replies, never` +
          ' reopened, and meanwhile neither a follow-up nor another ticket of the same requester and category.',
        contact?.first_contact ?? 0,
        contact?.decided ?? 0,
      ),
      ...tellingShares.map(([name, label, meaning]) => share(name, label, meaning)),
    ],
    stations: totals.map(([name, label]) => total(name, label)),
    satisfaction:
      count('rated') === 0
        ? null
        : ratingShares.map(([name, label, meaning, of]) => share(name, label, meaning, of)),
  };
}

const oneTouch = [
  ['one_touch_explore', 'one touch (Zendesk Explore)'],
  ['one_touch_exact', 'one touch (exactly one reply)'],
  ['one_touch_messaging', 'one touch (messaging)'],
] as const;

const tellingShares = [
  ['reopened', 'reopened', 'Reopened at least once since; a ticket that is reopened right now counts.'],
  ['reworked', 'with rework', 'Came back to a status that they had been in before.'],
  ['assignee_handed_off', 'handed to another agent', 'Went from one agent to another at least once.'],
  ['group_handed_off', 'handed to another group', 'Went from one group to another at least once.'],
  ['assignee_returned', 'ping-pong between agents', 'Went back to the agent it came from: A to B to A.'],
  ['group_returned', 'ping-pong between groups', 'Went back to the group it came from: A to B to A.'],
] as const;

const totals = [
  ['reopens', 'reopens'],
  ['rework_visits', 'visits of a status again'],
  ['agent_replies', 'replies of agents'],
  ['assignee_stations', 'stations at agents'],
  ['group_stations', 'stations at groups'],
  ['assignee_handoffs', 'handoffs between agents'],
  ['group_handoffs', 'handoffs between groups'],
  ['assignee_returns', 'returns between agents'],
  ['group_returns', 'returns between groups'],
] as const;

/** Sums that are not named after their column. */
const totalColumns: Readonly<Record<string, string>> = {
  reopens: 'reopen_count',
  rework_visits: 'rework_count',
};

const ratingShares = [
  ['rated', 'rated', 'Tickets that were rated, of those first resolved in the period.', 'resolved'],
  ['last_good', 'satisfaction', 'Good by their latest rating, of the rated ones.', 'rated'],
  ['first_good', 'satisfaction at first', 'Good by their first rating, of the rated ones.', 'rated'],
  ['good_to_bad', 'turned bad', 'First good, now bad, of the rated ones.', 'rated'],
  ['bad_to_good', 'turned good', 'First bad, now good, of the rated ones.', 'rated'],
] as const;

function shareOf(name: string, label: string, meaning: string, part: number, of: number): Share {
  return { name, label, meaning, part, of, share: of === 0 ? null : part / of };
}

/** What promises were made in the period, and kept: as docket.sla_attainment_period, by any filter. */
export function slaFigures(sql: Queries, scope: Scope): Promise<Top<SlaRow>> {
  return topRows<SlaRow>(sql, {
    text: `SELECT metric, policy, policy_version AS "policyVersion", coalesce(priority, '') AS priority,
  count(*) AS clocks, count(*) FILTER (WHERE NOT late AND state = 'fulfilled') AS "fulfilledInTime",
  count(*) FILTER (WHERE late) AS breached,
  count(*) FILTER (WHERE NOT late AND state = 'fulfilled')::double precision
    / nullif(count(*) FILTER (WHERE late OR state = 'fulfilled'), 0) AS attainment
FROM (
  SELECT *, breached_at IS NOT NULL OR (state = 'running' AND due_at <= now()) AS late
  FROM docket.sla_clock
  WHERE ${inPeriod('started_at')}
    AND ($1::text IS NULL OR coalesce(assigned_group, '') = $1)
    AND ($2::text IS NULL OR coalesce(priority, '') = $2)
    AND ($3::text IS NULL OR ticket_id IN (
      SELECT ticket_id FROM docket.ticket_metrics WHERE coalesce(category, '') = $3))
    AND ($4::text IS NULL OR workflow = $4)
) AS clock
GROUP BY 1, 2, 3, 4`,
    values: scope.all,
    order: 'metric, policy, "policyVersion", priority',
    rowsMax: slaRowsMax,
  });
}
