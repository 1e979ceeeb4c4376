/**
 * The backlog: how many tickets were unresolved at the end of each day, how many are now, and how old they
 * are. A backlog at an instant is the sum of all changes before it (see the tables backlog_change,
 * backlog_change_day and backlog_change_month), never a snapshot that somebody had to take.
 */
import { ageBuckets } from '../../domain/metrics/ageing.ts';
import { literal } from '../table.ts';
import type { SqlFunction, View } from '../view.ts';

/** Days of one answer: ten years. */
export const ticketDaysMax = 3_660;

const keys = 'workflow, assigned_group, priority, status_category';

/**
 * A day ends at midnight of the chosen zone, which is some hours away from a midnight in UTC, up to which the
 * tables of months and days can be added up. The quarter hours in between are added or taken away, whichever
 * are fewer: hence the nearest midnight. The backlog of a day is then a running sum over what each day adds,
 * its own quarter hours included and those of the day before taken back.
 *
 * Only days on which a combination changes need a row until the end; there it is repeated for every day up
 * to its next change.
 */
const ticketDayQuery = `WITH ends AS MATERIALIZED (
    SELECT number, from_day + number AS day, day_end,
      date_trunc('day', day_end + interval '12 hours', 'UTC') AS midnight
    FROM (SELECT number, (from_day + number + 1)::timestamp AT TIME ZONE zone AS day_end
      FROM generate_series(0, to_day - from_day) AS number) AS numbered
  ), quarters AS MATERIALIZED (
    SELECT number, ${keys}, sum(CASE WHEN slot_start < midnight THEN -change ELSE change END)::bigint AS change
    FROM ends JOIN docket.backlog_change
      ON slot_start >= least(midnight, day_end) AND slot_start < greatest(midnight, day_end)
    GROUP BY number, ${keys}
  ), changes AS (
    SELECT 0 AS number, ${keys}, change FROM docket.backlog_change_month
    WHERE month_start < (SELECT min(date_trunc('month', midnight, 'UTC')) FROM ends)
    UNION ALL
    SELECT 0, ${keys}, change FROM docket.backlog_change_day
    WHERE day_start >= (SELECT min(date_trunc('month', midnight, 'UTC')) FROM ends)
      AND day_start < (SELECT min(midnight) FROM ends)
    UNION ALL
    SELECT ends.number, ${keys}, change
    FROM ends JOIN ends AS before ON before.number = ends.number - 1
    JOIN docket.backlog_change_day ON day_start >= before.midnight AND day_start < ends.midnight
    UNION ALL SELECT number, ${keys}, change FROM quarters
    UNION ALL SELECT number + 1, ${keys}, -change FROM quarters
  ), daily AS (
    SELECT number, ${keys}, sum(change) AS change
    FROM changes WHERE number <= to_day - from_day GROUP BY number, ${keys}
  ), running AS (
    SELECT number, ${keys}, sum(change) OVER combination AS tickets,
      lead(number, 1, to_day - from_day + 1) OVER combination AS next_number
    FROM daily WINDOW combination AS (PARTITION BY ${keys} ORDER BY number)
  )
  SELECT from_day + each_number, ${keys}, tickets::bigint
  FROM running CROSS JOIN generate_series(number, next_number - 1) AS each_number
  WHERE tickets <> 0`;

export const ticketDay: SqlFunction = {
  kind: 'function',
  name: 'ticket_day',
  meaning:
    "The backlog at each day's end in a time zone: how many tickets were new, open, pending or on hold, by" +
    ' business time. A day that has not ended is told as far as it is known. Days, groups and priorities without' +
    " unresolved tickets have no row. Exact for zones whose offset is a whole number of quarter hours, as today's are.",
  parameters: 'zone text, from_day date, to_day date',
  signature: 'text, date, date',
  columns: {
    day: { type: 'date', meaning: 'the day, in the zone; both ends of the period are included' },
    workflow: { type: 'text', meaning: 'the rules that the tickets live under, as name@version' },
    assigned_group: { type: 'text', meaning: "the group that had them at the day's end, '' for none" },
    priority: { type: 'text', meaning: "their priority at the day's end, '' for none" },
    status_category: { type: 'text', meaning: 'new, open, pending or hold' },
    tickets: { type: 'bigint', meaning: 'how many' },
  },
  body: `LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  IF from_day IS NULL OR to_day IS NULL OR to_day < from_day THEN
    RAISE EXCEPTION 'from_day must not be after to_day, and neither may be NULL' USING ERRCODE = '22023';
  END IF;
  IF to_day - from_day >= ${ticketDaysMax} THEN
    RAISE EXCEPTION 'at most ${ticketDaysMax} days at once' USING ERRCODE = '22023';
  END IF;
  RETURN QUERY ${ticketDayQuery};
END $$`,
};

export const backlogNow: View = {
  kind: 'view',
  name: 'backlog_now',
  meaning: 'Unresolved tickets as they are now, by workflow, group, priority and category.',
  columns: {
    workflow: 'The rules that the tickets live under, as name@version.',
    assigned_group: "The group that has them; '' for none.",
    priority: "The field priority, as text; '' for none.",
    status_category: 'new, open, pending or hold.',
    tickets: 'How many.',
    unassigned: 'How many of them have no assignee.',
    oldest_opened_at: 'When the oldest of them was opened.',
  },
  query: `SELECT workflow, coalesce(assigned_group, '') AS assigned_group, coalesce(priority, '') AS priority,
  status_category, count(*) AS tickets, count(*) FILTER (WHERE assignee IS NULL) AS unassigned,
  min(opened_at) AS oldest_opened_at
FROM docket.ticket_metrics WHERE unresolved GROUP BY 1, 2, 3, 4`,
};

const ageMs = 'greatest(0, floor(extract(epoch FROM now() - opened_at) * 1000))::bigint';
const buckets = ageBuckets.map(({ name, belowMs }) =>
  Number.isFinite(belowMs) ? `WHEN age_ms < ${belowMs} THEN ${literal(name)}` : `ELSE ${literal(name)}`,
);

export const ticketAge: View = {
  kind: 'view',
  name: 'ticket_age',
  meaning: 'Every unresolved ticket with its age and the time since its status last changed, up to now().',
  columns: {
    ticket_id: 'The ticket.',
    workflow: 'The rules it lives under, as name@version.',
    status: 'Its lifecycle state.',
    status_category: 'new, open, pending or hold.',
    priority: 'The field priority, as text.',
    category: 'The field category, as text.',
    assigned_group: 'The group that has it; NULL for none.',
    assignee: 'The agent who has it; NULL for none.',
    opened_at: 'When it was opened.',
    status_since: 'When it came into its status.',
    unanswered_since: 'Since when its requester waits for an answer; NULL where they do not.',
    age_ms: 'Milliseconds since it was opened.',
    since_last_change_ms: 'Milliseconds since it came into its status.',
    age_bucket: `${ageBuckets.map(({ name }) => name).join(', ')}.`,
  },
  query: `SELECT *, CASE ${buckets.join(' ')} END AS age_bucket
FROM (
  SELECT ticket_id, workflow, status, status_category, priority, category, assigned_group, assignee, opened_at,
    status_since, unanswered_since, ${ageMs} AS age_ms,
    ${ageMs.replace('opened_at', 'status_since')} AS since_last_change_ms
  FROM docket.ticket_metrics WHERE unresolved
) AS aged`,
};
