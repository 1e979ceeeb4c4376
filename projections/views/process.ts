/**
 * The work as a process: which status follows which, which ways tickets take, and where they go back. Days
 * here are days of UTC, as in the tables that are added up; periods hold their first day and their last.
 */
import type { SqlFunction } from '../view.ts';
import { percentilesOf } from './percentiles.ts';

const days = { parameters: 'from_day date, to_day date', signature: 'date, date' } as const;

/** Days of `status_move_day` and `handover_day`: both ends of the period are included. */
const inDays = `day_start >= from_day::timestamp AT TIME ZONE 'UTC'
  AND day_start < (to_day + 1)::timestamp AT TIME ZONE 'UTC'`;

export const directlyFollows: SqlFunction = {
  kind: 'function',
  name: 'directly_follows',
  meaning:
    'Which status directly followed which, how often, and how long tickets had been in the one before; by workflow' +
    ' and by the group that had the ticket after the move. Sums can be added up further, means can not.',
  ...days,
  columns: {
    workflow: { type: 'text', meaning: 'the rules that the tickets live under, as name@version' },
    assigned_group: { type: 'text', meaning: "the group that had them after the move, '' for none" },
    from_status: { type: 'text', meaning: 'the status that was left' },
    to_status: { type: 'text', meaning: 'the status that followed' },
    moves: { type: 'bigint', meaning: 'how often' },
    share: {
      type: 'double precision',
      meaning: 'part of all moves out of from_status, in the same workflow and group',
    },
    ms: { type: 'bigint', meaning: 'milliseconds in from_status before the moves, summed' },
    business_ms: { type: 'bigint', meaning: 'how much of that was business time' },
    mean_ms: { type: 'double precision', meaning: 'ms by moves: the mean time in from_status' },
    mean_business_ms: { type: 'double precision', meaning: 'business_ms by moves' },
  },
  body: `LANGUAGE sql STABLE AS $$
SELECT workflow, assigned_group, from_status, to_status, sum(moves)::bigint,
  (sum(moves) / sum(sum(moves)) OVER (PARTITION BY workflow, assigned_group, from_status))::double precision,
  sum(ms)::bigint, sum(business_ms)::bigint,
  (sum(ms) / sum(moves))::double precision, (sum(business_ms) / sum(moves))::double precision
FROM docket.status_move_day
WHERE ${inDays}
GROUP BY workflow, assigned_group, from_status, to_status HAVING sum(moves) > 0
$$`,
};

export const handovers: SqlFunction = {
  kind: 'function',
  name: 'handovers',
  meaning:
    'Who handed tickets to whom, agents and groups apart. A time in which nobody had the ticket makes no difference.',
  ...days,
  columns: {
    dimension: { type: 'text', meaning: 'assignee or group' },
    from_value: { type: 'text', meaning: 'the agent or group that had them' },
    to_value: { type: 'text', meaning: 'the one that got them' },
    handovers: { type: 'bigint', meaning: 'how often' },
    returns: { type: 'bigint', meaning: 'how many of them went back to the one before from_value' },
    ms: { type: 'bigint', meaning: 'milliseconds that from_value had had them, summed' },
    mean_ms: { type: 'double precision', meaning: 'ms by handovers' },
  },
  body: `LANGUAGE sql STABLE AS $$
SELECT dimension, from_value, to_value, sum(handovers)::bigint, sum(returns)::bigint, sum(ms)::bigint,
  (sum(ms) / sum(handovers))::double precision
FROM docket.handover_day
WHERE ${inDays}
GROUP BY dimension, from_value, to_value HAVING sum(handovers) > 0
$$`,
};

export const pingPong: SqlFunction = {
  kind: 'function',
  name: 'ping_pong',
  meaning:
    'Pairs of agents, and of groups, between whom tickets went there and straight back: A to B to A. Each pair is told' +
    ' once, whichever of them began.',
  ...days,
  columns: {
    dimension: { type: 'text', meaning: 'assignee or group' },
    one: { type: 'text', meaning: 'one of the two, the first by alphabet' },
    other: { type: 'text', meaning: 'the other' },
    handovers: { type: 'bigint', meaning: 'handovers between them, in both directions' },
    returns: { type: 'bigint', meaning: 'how many of them went straight back' },
  },
  body: `LANGUAGE sql STABLE AS $$
SELECT dimension, least(from_value, to_value), greatest(from_value, to_value),
  sum(handovers)::bigint, sum(returns)::bigint
FROM docket.handover_day
WHERE ${inDays}
GROUP BY 1, 2, 3 HAVING sum(returns) > 0
$$`,
};

export const processVariant: SqlFunction = {
  kind: 'function',
  name: 'process_variant',
  meaning:
    'The ways that tickets took through their statuses, for the tickets opened in the period (its beginning included,' +
    ' its end not), the most frequent first. NULL for a workflow or group means all of them.',
  parameters: `from_at timestamptz, to_at timestamptz, only_workflow text DEFAULT NULL,
  only_group text DEFAULT NULL`,
  signature: 'timestamptz, timestamptz, text, text',
  columns: {
    workflow: { type: 'text', meaning: 'the rules that the tickets live under, as name@version' },
    status_path: {
      type: 'text',
      meaning: 'the statuses in order, as new>open>resolved; cut where it ends with …',
    },
    tickets: { type: 'bigint', meaning: 'how many went this way' },
    share: { type: 'double precision', meaning: 'part of the tickets of the workflow' },
    cumulative_share: { type: 'double precision', meaning: 'the same with all more frequent ways' },
    median_ms: {
      type: 'double precision',
      meaning: 'median milliseconds from opening to the last resolution, of those that are resolved',
    },
  },
  body: `LANGUAGE sql STABLE AS $$
SELECT workflow, status_path, tickets,
  (tickets / sum(tickets) OVER (PARTITION BY workflow))::double precision,
  (sum(tickets) OVER (PARTITION BY workflow ORDER BY tickets DESC, status_path)
    / sum(tickets) OVER (PARTITION BY workflow))::double precision,
  percentiles[1]
FROM (
  SELECT workflow, status_path, count(*) AS tickets,
    array_agg(full_resolution_ms) FILTER (WHERE full_resolution_ms IS NOT NULL) AS durations
  FROM docket.ticket_metrics
  WHERE opened_at >= from_at AND opened_at < to_at
    AND (only_workflow IS NULL OR workflow = only_workflow)
    AND (only_group IS NULL OR assigned_group = only_group)
  GROUP BY workflow, status_path
) AS variant CROSS JOIN LATERAL (${percentilesOf('durations')}) AS ranked
ORDER BY tickets DESC, workflow, status_path
$$`,
};

export const sojournPercentiles: SqlFunction = {
  kind: 'function',
  name: 'sojourn_percentiles',
  meaning:
    'How long tickets stay in each status: percentiles over the stays that began in the period (its beginning included,' +
    ' its end not) and have ended. NULL for the group means all; else the group that had the ticket as the stay began.',
  parameters: 'from_at timestamptz, to_at timestamptz, only_group text DEFAULT NULL',
  signature: 'timestamptz, timestamptz, text',
  columns: {
    workflow: { type: 'text', meaning: 'the rules that the tickets live under, as name@version' },
    status: { type: 'text', meaning: 'the status' },
    status_category: { type: 'text', meaning: 'its category' },
    stays: { type: 'bigint', meaning: 'how many stays; a ticket may come back' },
    p50: {
      type: 'double precision',
      meaning: 'the median, in milliseconds, interpolated as all percentiles',
    },
    p90: { type: 'double precision', meaning: 'milliseconds that 90 % of the stays do not exceed' },
    p95: { type: 'double precision', meaning: 'milliseconds that 95 % do not exceed' },
    p99: { type: 'double precision', meaning: 'milliseconds that 99 % do not exceed' },
    mean: { type: 'double precision', meaning: 'the mean, in milliseconds' },
    mean_business: { type: 'double precision', meaning: 'the mean of the business time, in milliseconds' },
  },
  body: `LANGUAGE sql STABLE AS $$
SELECT workflow, value, status_category, stays, percentiles[1], percentiles[2], percentiles[3], percentiles[4],
  mean, mean_business
FROM (
  SELECT workflow, value, status_category, count(*) AS stays, avg(ms)::double precision AS mean,
    avg(business_ms)::double precision AS mean_business, array_agg(ms) AS durations
  FROM docket.ticket_interval
  WHERE dimension = 'status' AND begun_at >= from_at AND begun_at < to_at AND ms IS NOT NULL
    AND (only_group IS NULL OR assigned_group = only_group)
  GROUP BY workflow, value, status_category
) AS measured CROSS JOIN LATERAL (${percentilesOf('durations')}) AS ranked
$$`,
};
