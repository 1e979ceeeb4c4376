/**
 * What analysts and dashboards typically ask: one month, by group. The month lies between one and two months
 * before the end of the data, so that most of its tickets are done.
 */

export interface TypicalQuery {
  readonly what: string;
  /** `$from` and `$to` stand for the ends of the month, as timestamps with time zone. */
  readonly text: string;
  /** What it should stay under, in milliseconds. */
  readonly barMs: number;
}

const analystBarMs = 500;
const dashboardBarMs = 50;

const analyst = (what: string, text: string): TypicalQuery => ({ what, text, barMs: analystBarMs });
const dashboard = (what: string, text: string): TypicalQuery => ({ what, text, barMs: dashboardBarMs });
const days = '$from::date, ($to::date - 1)';

export const typicalQueries: readonly TypicalQuery[] = [
  analyst(
    'ticket_day, Berlin',
    `SELECT day, assigned_group, sum(tickets) FROM docket.ticket_day('Europe/Berlin', ${days}) GROUP BY 1, 2`,
  ),
  analyst(
    'ticket_age',
    'SELECT assigned_group, age_bucket, count(*), max(age_ms) FROM docket.ticket_age GROUP BY 1, 2',
  ),
  analyst('backlog_now', 'SELECT assigned_group, sum(tickets) FROM docket.backlog_now GROUP BY 1'),
  analyst(
    'metric_percentiles, full resolution',
    "SELECT * FROM docket.metric_percentiles('full_resolution_ms', 'assigned_group', $from, $to)",
  ),
  analyst(
    'metric_percentiles, first reply',
    "SELECT * FROM docket.metric_percentiles('first_reply_ms', 'assigned_group', $from, $to)",
  ),
  analyst(
    'metric_percentiles, requester wait',
    "SELECT * FROM docket.metric_percentiles('requester_wait_ms', NULL, $from, $to)",
  ),
  analyst(
    'ticket_metrics_now',
    `SELECT assigned_group, count(*), avg(requester_wait_ms), count(*) FILTER (WHERE one_touch_explore)
FROM docket.ticket_metrics_now WHERE opened_at >= $from AND opened_at < $to GROUP BY 1`,
  ),
  analyst(
    'directly_follows',
    `SELECT from_status, to_status, assigned_group, moves, mean_ms FROM docket.directly_follows(${days})`,
  ),
  analyst('process_variant', 'SELECT * FROM docket.process_variant($from, $to)'),
  analyst('process_variant, one group', "SELECT * FROM docket.process_variant($from, $to, NULL, 'group-7')"),
  analyst('sojourn_percentiles', 'SELECT * FROM docket.sojourn_percentiles($from, $to)'),
  analyst(
    'sojourn_percentiles, one group',
    "SELECT * FROM docket.sojourn_percentiles($from, $to, 'group-7')",
  ),
  analyst('handovers', `SELECT * FROM docket.handovers(${days}) WHERE dimension = 'group'`),
  analyst('ping_pong', `SELECT * FROM docket.ping_pong(${days}) ORDER BY returns DESC LIMIT 50`),
  analyst('rework', 'SELECT * FROM docket.rework($from, $to)'),
  analyst('reopen_rate', "SELECT * FROM docket.reopen_rate($from, $to, 'Europe/Berlin')"),
  analyst('first_contact_resolution', 'SELECT * FROM docket.first_contact_resolution(7, $from, $to)'),
  analyst('satisfaction', 'SELECT * FROM docket.satisfaction($from, $to)'),
  analyst('agent_workload_now', 'SELECT * FROM docket.agent_workload_now ORDER BY unresolved DESC'),
  analyst('group_workload_now', 'SELECT * FROM docket.group_workload_now ORDER BY unresolved DESC'),
  analyst('sla_attainment', 'SELECT * FROM docket.sla_attainment'),
  analyst('sla_attainment_period', 'SELECT * FROM docket.sla_attainment_period($from, $to)'),
  analyst(
    'sla_event',
    'SELECT type, count(*) FROM docket.sla_event WHERE occurred_at >= $from AND occurred_at < $to GROUP BY 1',
  ),
  analyst(
    'ticket_event',
    `SELECT type, status, count(*) FROM docket.ticket_event
WHERE recorded_at >= $from AND recorded_at < $to GROUP BY 1, 2`,
  ),
  analyst(
    'ticket_interval, one ticket',
    "SELECT * FROM docket.ticket_interval WHERE ticket_id = 'T-1000' ORDER BY dimension, revision",
  ),
  analyst(
    'throughput_day',
    `SELECT window_start, type, sum(transitions) FROM docket.throughput_day
WHERE window_start >= $from AND window_start < $to GROUP BY 1, 2`,
  ),
  dashboard('desk_now', 'SELECT * FROM docket.desk_now'),
  dashboard('backlog_now', 'SELECT status_category, sum(tickets) FROM docket.backlog_now GROUP BY 1'),
  dashboard('transitions_now', 'SELECT * FROM docket.transitions_now'),
  dashboard('group_workload_now', 'SELECT * FROM docket.group_workload_now'),
  dashboard('sla_due_soon', 'SELECT * FROM docket.sla_due_soon ORDER BY due_at LIMIT 100'),
];
