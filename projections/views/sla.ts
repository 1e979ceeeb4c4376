/**
 * SLA clocks in SQL: their history, what is due next, and how many promises of a period were kept. What the
 * clocks themselves say is in the table sla_clock, which is made from the same events.
 */
import type { SqlFunction, View } from '../view.ts';

const types = ['SlaStarted', 'SlaPaused', 'SlaResumed', 'SlaBreached', 'SlaFulfilled', 'SlaCancelled'];

export const slaEvent: View = {
  kind: 'view',
  name: 'sla_event',
  meaning:
    'Everything that happened to SLA clocks: started, paused, resumed, breached, fulfilled, cancelled. A breach is at' +
    ' its deadline, however late it was noticed.',
  columns: {
    ticket_id: 'The ticket.',
    revision: 'Which event of the ticket.',
    type: 'What happened to the clock, such as SlaBreached.',
    clock: 'Which clock, as first_reply#1.',
    occurred_at: 'Business time: when it happened; of a breach, the deadline.',
    recorded_at: 'Commit time: when the log took it.',
    due_at: 'When the clock is due after it; NULL where it is not running then.',
    elapsed_ms: 'Milliseconds that had run, where the event says so.',
    data: 'All that the event says.',
  },
  query: `SELECT ticket_id, revision, type, data ->> 'clock' AS clock, occurred_at, recorded_at,
  to_timestamp((data ->> 'dueAt')::double precision / 1000) AS due_at,
  (data ->> 'elapsedMs')::bigint AS elapsed_ms, data
FROM docket.ticket_event
WHERE type IN (${types.map((type) => `'${type}'`).join(', ')})`,
};

export const slaDueSoon: View = {
  kind: 'view',
  name: 'sla_due_soon',
  meaning:
    'Running SLA clocks that are not breached yet and are due within the next hour or overdue: what to look at' +
    ' first.',
  columns: {
    ticket_id: 'The ticket.',
    clock: 'Which of its clocks, as first_reply#1.',
    metric: 'What the clock measures.',
    policy: 'The policy it follows.',
    priority: 'The priority when it was started.',
    assigned_group: 'The group that had the ticket when it was started.',
    due_at: 'When it is due.',
    ms_left: 'Milliseconds until then; below zero where the breach has not been recorded yet.',
  },
  query: `SELECT ticket_id, clock, metric, policy, priority, assigned_group, due_at,
  floor(extract(epoch FROM due_at - now()) * 1000)::bigint AS ms_left
FROM docket.sla_clock
WHERE state = 'running' AND breached_at IS NULL AND due_at < now() + interval '1 hour'`,
};

export const slaAttainmentPeriod: SqlFunction = {
  kind: 'function',
  name: 'sla_attainment_period',
  meaning:
    'The view sla_attainment for the clocks started in a period, which holds its beginning and not its end, and by the' +
    ' group that had the ticket then.',
  parameters: 'from_at timestamptz, to_at timestamptz',
  signature: 'timestamptz, timestamptz',
  columns: {
    assigned_group: {
      type: 'text',
      meaning: 'the group that had the ticket when the clock started, NULL for none',
    },
    policy: { type: 'text', meaning: 'the policy' },
    policy_version: { type: 'text', meaning: 'its version' },
    metric: { type: 'text', meaning: 'what was promised' },
    priority: { type: 'text', meaning: 'the priority when the policy was applied, NULL for none' },
    clocks: { type: 'bigint', meaning: 'all clocks' },
    fulfilled_in_time: { type: 'bigint', meaning: 'fulfilled before the deadline' },
    breached: {
      type: 'bigint',
      meaning: 'deadline missed, whatever came later, also where that is not recorded yet',
    },
    attainment: {
      type: 'double precision',
      meaning: 'fulfilled_in_time / (fulfilled_in_time + breached), NULL where there is neither',
    },
  },
  body: `LANGUAGE sql STABLE AS $$
SELECT *, fulfilled_in_time::double precision / nullif(fulfilled_in_time + breached, 0)
FROM (
  SELECT assigned_group, policy, policy_version, metric, priority, count(*) AS clocks,
    count(*) FILTER (WHERE NOT late AND state = 'fulfilled') AS fulfilled_in_time,
    count(*) FILTER (WHERE late) AS breached
  FROM (
    SELECT *, breached_at IS NOT NULL OR (state = 'running' AND due_at <= now()) AS late
    FROM docket.sla_clock WHERE started_at >= from_at AND started_at < to_at
  ) AS clock
  GROUP BY assigned_group, policy, policy_version, metric, priority
) AS counted
$$`,
};
