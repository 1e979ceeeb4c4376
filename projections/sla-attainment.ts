/**
 * The view `docket.sla_attainment`: how many promises were kept. It must never ask what a ticket is now: a
 * join with today's priority would rewrite the breaches of the past (dbt_zendesk's decision log).
 */
import type { View } from './view.ts';

export const slaAttainmentView: View = {
  kind: 'view',
  name: 'sla_attainment',
  meaning:
    'SLA attainment by policy, version, metric and the priority when the policy was applied: fulfilled in time' +
    ' / (fulfilled in time + breached). A running clock that is past its deadline counts as breached, also' +
    ' before the breach is recorded; cancelled clocks count only where they were breached before.',
  columns: {
    policy: 'The policy.',
    policy_version: 'Its version.',
    metric: 'What was promised.',
    priority: 'The priority when the policy was applied; NULL for none.',
    clocks: 'All clocks.',
    fulfilled_in_time: 'Fulfilled before the deadline.',
    breached: 'Deadline missed, whatever came later.',
    under_way: 'Running or paused, and not breached.',
    cancelled: 'Cancelled before the deadline: neither kept nor broken.',
    attainment:
      'fulfilled_in_time / (fulfilled_in_time + breached), from 0 to 1; NULL where there is neither.',
  },
  query: `SELECT policy, policy_version, metric, priority, clocks, fulfilled_in_time, breached, under_way, cancelled,
  (fulfilled_in_time::numeric / nullif(fulfilled_in_time + breached, 0))::double precision AS attainment
FROM (
  SELECT policy, policy_version, metric, priority,
    count(*) AS clocks,
    count(*) FILTER (WHERE NOT late AND state = 'fulfilled') AS fulfilled_in_time,
    count(*) FILTER (WHERE late) AS breached,
    count(*) FILTER (WHERE NOT late AND state IN ('running', 'paused')) AS under_way,
    count(*) FILTER (WHERE NOT late AND state = 'cancelled') AS cancelled
  FROM (
    SELECT policy, policy_version, metric, priority, state,
      breached_at IS NOT NULL OR (state = 'running' AND due_at <= now()) AS late
    FROM docket.sla_clock
  ) AS clock
  GROUP BY policy, policy_version, metric, priority
) AS counted`,
};
