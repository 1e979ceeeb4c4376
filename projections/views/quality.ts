/**
 * How well the work was done: whether the first answer was the last one needed, how often tickets came back,
 * and what requesters thought. All of them are about the tickets first resolved in a period, which holds its
 * beginning and not its end.
 */
import type { SqlFunction } from '../view.ts';

const period = {
  parameters: 'from_at timestamptz, to_at timestamptz',
  signature: 'timestamptz, timestamptz',
} as const;

const group = { type: 'text', meaning: 'the group that has the tickets now, NULL for none' } as const;
const rate = (meaning: string) => ({ type: 'double precision', meaning });

/**
 * No vendor publishes a formula; ours is in the meaning. The new tickets of the same people can only have
 * been opened between the beginning of the period and `days` after its end, which keeps the second look into
 * the table as short as the first, and only tickets of one touch need it. The two are joined as a whole:
 * looked up ticket by ticket, the tickets of a week would be gone through for each one that was resolved.
 */
export const firstContactResolution: SqlFunction = {
  kind: 'function',
  name: 'first_contact_resolution',
  meaning:
    'First-contact resolution by group. There is no formula of a vendor to follow; this is ours: the ticket is resolved' +
    ' or closed with fewer than two replies of agents (one touch, as Zendesk Explore has it), was never reopened, and' +
    ' within so many days of its last resolution neither got a follow-up nor did its requester open another ticket of' +
    ' the same category. Tickets without requester or category are judged without that last part. A ticket whose' +
    ' days are not over yet is undecided and in neither part of the rate.',
  parameters: 'days integer, from_at timestamptz, to_at timestamptz',
  signature: 'integer, timestamptz, timestamptz',
  columns: {
    assigned_group: group,
    resolved: { type: 'bigint', meaning: 'tickets first resolved in the period' },
    decided: { type: 'bigint', meaning: 'those whose days are over, or that have failed already' },
    first_contact: { type: 'bigint', meaning: 'the decided ones that were resolved at the first contact' },
    rate: rate('first_contact by decided, NULL while nothing is decided'),
  },
  body: `LANGUAGE sql STABLE AS $$
WITH resolved AS (
  SELECT ticket_id, assigned_group, requester, category, last_resolved_at,
    last_resolved_at + make_interval(days => days) AS judged_at,
    status_category IN ('resolved', 'closed') AND agent_replies < 2 AND reopen_count = 0
      AND (first_follow_up_at IS NULL OR first_follow_up_at > last_resolved_at + make_interval(days => days))
      AS one_touch
  FROM docket.ticket_metrics WHERE first_resolved_at >= from_at AND first_resolved_at < to_at
), again AS (
  SELECT DISTINCT resolved.ticket_id
  FROM resolved JOIN docket.ticket_metrics AS another USING (requester, category)
  WHERE resolved.one_touch
    AND another.opened_at >= from_at AND another.opened_at < to_at + make_interval(days => days)
    AND another.opened_at > resolved.last_resolved_at AND another.opened_at <= resolved.judged_at
    AND another.ticket_id <> resolved.ticket_id
), judged AS (
  SELECT assigned_group, one_touch AND again.ticket_id IS NULL AS so_far, judged_at <= now() AS over
  FROM resolved LEFT JOIN again USING (ticket_id)
)
SELECT assigned_group, count(*), count(*) FILTER (WHERE over OR NOT so_far),
  count(*) FILTER (WHERE over AND so_far),
  count(*) FILTER (WHERE over AND so_far)::double precision
    / nullif(count(*) FILTER (WHERE over OR NOT so_far), 0)
FROM judged GROUP BY assigned_group
$$`,
};

export const reopenRate: SqlFunction = {
  kind: 'function',
  name: 'reopen_rate',
  meaning:
    'How many of the tickets first resolved in each month were reopened since, by group. A ticket that is reopened right' +
    ' now counts. Months are those of the zone.',
  parameters: "from_at timestamptz, to_at timestamptz, zone text DEFAULT 'UTC'",
  signature: 'timestamptz, timestamptz, text',
  columns: {
    month: { type: 'date', meaning: 'the first day of the month' },
    assigned_group: group,
    resolved: { type: 'bigint', meaning: 'tickets first resolved in the month' },
    reopened: { type: 'bigint', meaning: 'how many of them were reopened at least once' },
    reopens: { type: 'bigint', meaning: 'how often, all together' },
    rate: rate('reopened by resolved'),
  },
  body: `LANGUAGE sql STABLE AS $$
SELECT date_trunc('month', first_resolved_at, zone)::timestamptz AT TIME ZONE zone, assigned_group, count(*),
  count(*) FILTER (WHERE reopen_count > 0), sum(reopen_count)::bigint,
  count(*) FILTER (WHERE reopen_count > 0)::double precision / count(*)
FROM docket.ticket_metrics
WHERE first_resolved_at >= from_at AND first_resolved_at < to_at
GROUP BY 1, assigned_group
$$`,
};

export const rework: SqlFunction = {
  kind: 'function',
  name: 'rework',
  meaning:
    'Work that was done again: statuses that tickets came back to, by workflow and group. Every visit of a status after' +
    ' the first one of the same ticket is one piece of rework.',
  ...period,
  columns: {
    workflow: { type: 'text', meaning: 'the rules that the tickets live under, as name@version' },
    assigned_group: group,
    tickets: { type: 'bigint', meaning: 'tickets first resolved in the period' },
    reworked: { type: 'bigint', meaning: 'how many of them came back to a status' },
    visits: { type: 'bigint', meaning: 'how often, all together' },
    visits_most: { type: 'integer', meaning: 'the most of one ticket' },
    rate: rate('reworked by tickets'),
  },
  body: `LANGUAGE sql STABLE AS $$
SELECT workflow, assigned_group, count(*), count(*) FILTER (WHERE rework_count > 0), sum(rework_count)::bigint,
  max(rework_count), count(*) FILTER (WHERE rework_count > 0)::double precision / count(*)
FROM docket.ticket_metrics
WHERE first_resolved_at >= from_at AND first_resolved_at < to_at
GROUP BY workflow, assigned_group
$$`,
};

export const satisfaction: SqlFunction = {
  kind: 'function',
  name: 'satisfaction',
  meaning:
    'What requesters thought of the tickets first resolved in the period, by group: good ratings by all ratings, of the' +
    ' first and of the latest rating apart, and how many turned.',
  ...period,
  columns: {
    assigned_group: group,
    resolved: { type: 'bigint', meaning: 'tickets first resolved in the period' },
    rated: { type: 'bigint', meaning: 'how many of them were rated' },
    first_good: { type: 'bigint', meaning: 'whose first rating was good' },
    last_good: { type: 'bigint', meaning: 'whose latest rating is good' },
    good_to_bad: { type: 'bigint', meaning: 'first good, now bad' },
    bad_to_good: { type: 'bigint', meaning: 'first bad, now good' },
    first_score: rate('first_good by rated, NULL where nothing was rated'),
    score: rate('last_good by rated, NULL where nothing was rated'),
    response_rate: rate('rated by resolved'),
  },
  body: `LANGUAGE sql STABLE AS $$
SELECT assigned_group, count(*), count(first_rating), count(*) FILTER (WHERE first_rating = 'good'),
  count(*) FILTER (WHERE last_rating = 'good'),
  count(*) FILTER (WHERE first_rating = 'good' AND last_rating = 'bad'),
  count(*) FILTER (WHERE first_rating = 'bad' AND last_rating = 'good'),
  count(*) FILTER (WHERE first_rating = 'good')::double precision / nullif(count(first_rating), 0),
  count(*) FILTER (WHERE last_rating = 'good')::double precision / nullif(count(first_rating), 0),
  count(first_rating)::double precision / count(*)
FROM docket.ticket_metrics
WHERE first_resolved_at >= from_at AND first_resolved_at < to_at
GROUP BY assigned_group
$$`,
};
