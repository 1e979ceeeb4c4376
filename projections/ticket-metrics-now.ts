/**
 * The view `docket.ticket_metrics_now`: the figures of `docket.ticket_metrics` as they are at the moment of
 * the query, with the running interval added, and what follows from them: the waiting times, ages and the
 * three one-touch flags. The definitions are those of domain/metrics/status-time.ts, ageing.ts and touch.ts.
 */
import { ageBuckets } from '../domain/metrics/ageing.ts';
import { categories } from '../domain/workflow/transition.ts';
import { literal } from './table.ts';
import { metricsColumns } from './ticket-metrics-table.ts';
import type { View } from './view.ts';

/** The sums that grow while a ticket stays in a category. */
const running = new Map(categories.map((category) => [`${category}_ms`, category]));

const unresolved = "status_category IN ('new', 'open', 'pending', 'hold')";
const done = "status_category IN ('resolved', 'closed')";

/**
 * Each column with its meaning and how it is worked out from those of the table, `running_ms` and `age_ms`.
 */
const derived: Readonly<Record<string, readonly [expression: string, meaning: string]>> = {
  requester_wait_ms: ['new_ms + open_ms + hold_ms', 'Milliseconds in new, open and hold.'],
  agent_work_ms: ['new_ms + open_ms', 'Milliseconds in new and open.'],
  agent_wait_ms: ['pending_ms', 'Milliseconds in pending: the desk waits for the requester.'],
  on_hold_ms: ['hold_ms', 'Milliseconds in hold.'],
  unresolved_ms: ['new_ms + open_ms + pending_ms + hold_ms', 'Milliseconds in all four together.'],
  requester_wait_business_ms: [
    'new_business_ms + open_business_ms + hold_business_ms',
    'Business milliseconds of requester_wait_ms, over closed intervals only.',
  ],
  agent_work_business_ms: [
    'new_business_ms + open_business_ms',
    'Business milliseconds of agent_work_ms, over closed intervals only.',
  ],
  agent_wait_business_ms: [
    'pending_business_ms',
    'Business milliseconds of agent_wait_ms, over closed intervals only.',
  ],
  on_hold_business_ms: [
    'hold_business_ms',
    'Business milliseconds of on_hold_ms, over closed intervals only.',
  ],
  age_ms: ['age_ms', 'Milliseconds since the opening, while it is unresolved; NULL afterwards.'],
  since_last_change_ms: ['running_ms', 'Milliseconds since the last change of status.'],
  age_bucket: [ageBucketExpression(), `${ageBuckets.map(({ name }) => name).join(', ')}; NULL as age_ms.`],
  one_touch_explore: [
    `${done} AND agent_replies < 2`,
    'One touch as Zendesk Explore has it: resolved with fewer than two replies, none included.',
  ],
  one_touch_exact: [
    `${done} AND agent_replies = 1`,
    'One touch as dbt_zendesk has it: resolved with exactly one reply.',
  ],
  one_touch_messaging: [
    `${done} AND agent_replies > 0 AND NOT waited AND reopen_count = 0`,
    'One touch as Zendesk messaging has it: resolved with replies, never waiting, never reopened.',
  ],
};

export const ticketMetricsNow: View = {
  kind: 'view',
  name: 'ticket_metrics_now',
  meaning:
    'Every figure of each ticket up to the moment of the query: ticket_metrics with the running interval added.' +
    ' Business times hold closed intervals only: calendars are not known to the database.',
  columns: {
    ...Object.fromEntries(metricsColumns.map(({ name, meaning }) => [name, meaningUpToNow(name, meaning)])),
    ...Object.fromEntries(Object.entries(derived).map(([name, [, meaning]]) => [name, meaning])),
  },
  query: `WITH clock AS (
  SELECT *, ${sinceMs('status_since')} AS running_ms,
    CASE WHEN ${unresolved} THEN ${sinceMs('opened_at')} END AS age_ms
  FROM docket.ticket_metrics
), summed AS (
  SELECT ${metricsColumns.map(({ name }) => valueUpToNow(name)).join(',\n    ')},
    running_ms, age_ms
  FROM clock
)
SELECT ${metricsColumns.map(({ name }) => name).join(', ')},
  ${Object.entries(derived)
    .map(([name, [expression]]) => `${expression} AS ${name}`)
    .join(',\n  ')}
FROM summed`,
};

function valueUpToNow(name: string): string {
  const category = running.get(name);
  if (category === undefined) return name;
  return `${name} + CASE WHEN status_category = '${category}' THEN running_ms ELSE 0 END AS ${name}`;
}

function meaningUpToNow(name: string, meaning: string): string {
  const category = running.get(name);
  return category === undefined
    ? meaning
    : `Milliseconds in the category ${category}, the running interval up to now() included.`;
}

function sinceMs(column: string): string {
  return `greatest(0, floor(extract(epoch FROM now() - ${column}) * 1000))::bigint`;
}

function ageBucketExpression(): string {
  const cases = ageBuckets.map(({ name, belowMs }) =>
    Number.isFinite(belowMs)
      ? `WHEN age_ms < ${belowMs} THEN ${literal(name)}`
      : `WHEN age_ms IS NOT NULL THEN ${literal(name)}`,
  );
  return `CASE ${cases.join(' ')} END`;
}
