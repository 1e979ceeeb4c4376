/**
 * Figures that need words, ratings and promises, which the incident log has none of: what a read model
 * answers for a simulated desk, beside the same found in `docket.ticket_event` by plain SQL.
 */
import type { Comparison } from './same-rows.ts';

const period = `'2026-01-12', '2026-01-19'`;
const inPeriod = `first_resolved_at >= '2026-01-12' AND first_resolved_at < '2026-01-19'`;
const ms = (from: string, to: string) => `(extract(epoch FROM ${to} - ${from}) * 1000)::bigint`;

/**
 * Public words, after the opening, by the side they come from. The desk's at the instant of an opening by the
 * desk are the description of the ticket.
 */
const words = `opening AS (
  SELECT ticket_id, occurred_at AS opened_at, actor_role IN ('agent', 'lead') AS by_desk
  FROM docket.ticket_event WHERE revision = 1
), said AS (
  SELECT ticket_id, revision, occurred_at AS at,
    CASE WHEN type = 'RequesterReplied' OR actor_role = 'requester' THEN 'requester' ELSE 'desk' END AS side
  FROM docket.ticket_event
  WHERE (type = 'RequesterReplied' OR actor_role IN ('requester', 'agent', 'lead'))
    AND (type = 'RequesterReplied' OR (type = 'CommentAdded' AND (data ->> 'public')::boolean)
      OR (type IN ('RequesterAwaited', 'TicketHeld') AND (data -> 'comment' ->> 'public')::boolean))
), word AS (
  SELECT * FROM said JOIN opening USING (ticket_id) WHERE NOT (side = 'desk' AND by_desk AND at = opened_at)
), reply AS (
  SELECT *, row_number() OVER (PARTITION BY ticket_id ORDER BY revision) AS number,
    lag(revision) OVER (PARTITION BY ticket_id ORDER BY revision) AS before
  FROM word WHERE side = 'desk'
), answered AS (
  SELECT reply.*, (SELECT min(at) FROM word AS asked WHERE asked.ticket_id = reply.ticket_id
    AND side = 'requester' AND asked.revision BETWEEN reply.before AND reply.revision) AS asked_at
  FROM reply
)`;

const firstReply: Comparison = {
  what: 'first reply, by the calendar and in business time, and the words of both sides',
  readModel: `SELECT ticket_id, first_reply_at, first_reply_ms, first_reply_business_ms, agent_replies, requester_replies
FROM docket.ticket_metrics`,
  recomputed: `WITH ${words}
SELECT ticket_id, min(at) FILTER (WHERE side = 'desk'),
  ${ms('min(opened_at)', `min(at) FILTER (WHERE side = 'desk')`)},
  source.office_ms(min(opened_at), min(at) FILTER (WHERE side = 'desk')),
  count(*) FILTER (WHERE side = 'desk'), count(*) FILTER (WHERE side = 'requester')
FROM opening LEFT JOIN word USING (ticket_id, opened_at) GROUP BY ticket_id`,
  rowsAtLeast: 1,
};

const nextReplies: Comparison = {
  what: 'next replies: how many waits, how long together, in business time, and at most',
  readModel: `SELECT ticket_id, next_reply_count, next_reply_ms, next_reply_business_ms, next_reply_max_ms
FROM docket.ticket_metrics WHERE agent_replies > 0`,
  recomputed: `WITH ${words}
SELECT ticket_id, count(asked_at), coalesce(sum(${ms('asked_at', 'at')}), 0),
  coalesce(sum(source.office_ms(asked_at, at)), 0), max(${ms('asked_at', 'at')})
FROM answered GROUP BY ticket_id`,
  rowsAtLeast: 0.2,
};

const unanswered: Comparison = {
  what: 'since when requesters wait for an answer',
  readModel: `SELECT ticket_id, unanswered_since FROM docket.ticket_metrics WHERE unanswered_since IS NOT NULL`,
  recomputed: `WITH ${words}
SELECT ticket_id, min(at) FROM word JOIN (
  SELECT ticket_id, max(revision) AS last_reply FROM reply GROUP BY ticket_id
) AS replied USING (ticket_id) WHERE revision > last_reply AND side = 'requester' GROUP BY ticket_id`,
  rowsAtLeast: 0.01,
};

const oneTouch: Comparison = {
  what: 'one touch, after each of the three definitions',
  readModel: `SELECT ticket_id, one_touch_explore, one_touch_exact, one_touch_messaging FROM docket.ticket_metrics_now`,
  recomputed: `WITH ${words}, replies AS (SELECT ticket_id, count(*) AS replies FROM reply GROUP BY ticket_id), life AS (
  SELECT ticket_id, bool_or(status_category IN ('pending', 'hold')) AS waited, bool_or(status_category
    IN ('new', 'open', 'pending', 'hold') AND before IN ('resolved', 'closed', 'cancelled')) AS reopened
  FROM (SELECT *, lag(status_category) OVER (PARTITION BY ticket_id ORDER BY revision) AS before
    FROM docket.ticket_event) AS event GROUP BY ticket_id
), present AS (
  SELECT DISTINCT ON (ticket_id) ticket_id, status_category IN ('resolved', 'closed') AS done
  FROM docket.ticket_event ORDER BY ticket_id, revision DESC
)
SELECT ticket_id, done AND coalesce(replies, 0) < 2, done AND coalesce(replies, 0) = 1,
  done AND coalesce(replies, 0) > 0 AND NOT waited AND NOT coalesce(reopened, false)
FROM present JOIN life USING (ticket_id) LEFT JOIN replies USING (ticket_id)`,
  rowsAtLeast: 1,
};

const ratingsOf = `rating AS (
  SELECT ticket_id, revision, data ->> 'rating' AS rating, occurred_at,
    lag(data ->> 'rating') OVER (PARTITION BY ticket_id ORDER BY revision) AS before
  FROM docket.ticket_event WHERE type = 'TicketRated'
), rated AS (
  SELECT ticket_id, (array_agg(rating ORDER BY revision))[1] AS first, (array_agg(rating ORDER BY revision DESC))[1] AS last,
    min(occurred_at) AS first_at, max(occurred_at) AS last_at, count(*) FILTER (WHERE rating <> before) AS changes
  FROM rating GROUP BY ticket_id
)`;

const ratings: Comparison = {
  what: 'first and latest rating, and how often it turned',
  readModel: `SELECT ticket_id, first_rating, last_rating, first_rated_at, last_rated_at, rating_changes
FROM docket.ticket_metrics WHERE first_rating IS NOT NULL OR last_rating IS NOT NULL OR rating_changes > 0`,
  recomputed: `WITH ${ratingsOf} SELECT ticket_id, first, last, first_at, last_at, changes FROM rated`,
  rowsAtLeast: 0.3,
};

const satisfaction: Comparison = {
  what: 'satisfaction of a week',
  readModel: `SELECT sum(resolved), sum(rated), sum(first_good), sum(last_good), sum(good_to_bad), sum(bad_to_good)
FROM docket.satisfaction(${period})`,
  recomputed: `WITH ${ratingsOf}, resolved AS (
  SELECT ticket_id, min(occurred_at) AS first_resolved_at FROM docket.ticket_event
  WHERE type IN ('TicketResolved', 'TicketClosed') GROUP BY ticket_id
)
SELECT count(*), count(first), count(*) FILTER (WHERE first = 'good'), count(*) FILTER (WHERE last = 'good'),
  count(*) FILTER (WHERE first = 'good' AND last = 'bad'), count(*) FILTER (WHERE first = 'bad' AND last = 'good')
FROM resolved LEFT JOIN rated USING (ticket_id) WHERE ${inPeriod}`,
  rowsAtLeast: 0,
};

/** Tickets whose priority stays, so that each promise is made once. */
const steady = `NOT EXISTS (SELECT FROM docket.ticket_field_history AS changed
  WHERE changed.ticket_id = one.ticket_id AND changed.field = 'priority' AND changed.revision > 1)`;

export const promisedReplyMs = 4 * 3_600_000;
export const promisedResolutionMs = 72 * 3_600_000;

function promise(clock: string, targetMs: number, kept: string): Comparison {
  return {
    what: `the promise ${clock}: when it was due, kept, and how long that took`,
    readModel: `SELECT ticket_id, started_at, breached_at, fulfilled_at, elapsed_ms
FROM docket.sla_clock AS one WHERE clock = '${clock}' AND state = 'fulfilled' AND ${steady}`,
    recomputed: `WITH ${words}, done AS (
  SELECT DISTINCT ON (ticket_id) ticket_id, revision AS done_revision, occurred_at AS done_at, status_category
  FROM docket.ticket_event WHERE status_category IN ('resolved', 'closed', 'cancelled')
  ORDER BY ticket_id, revision
), kept AS (${kept})
SELECT ticket_id, opened_at,
  CASE WHEN kept_at > opened_at + ${targetMs} * interval '1 ms' THEN opened_at + ${targetMs} * interval '1 ms' END,
  kept_at, ${ms('opened_at', 'kept_at')}
FROM kept AS one WHERE ${steady}`,
    rowsAtLeast: 0.2,
  };
}

const events: Comparison = {
  what: 'events committed, by type and the state they led to',
  readModel: 'SELECT workflow, type, state, sum(transitions) FROM docket.throughput_minute GROUP BY 1, 2, 3',
  recomputed: 'SELECT workflow, type, status, count(*) FROM docket.ticket_event GROUP BY 1, 2, 3',
  rowsAtLeast: 0.01,
};

/** Words, and what was committed: of any history. */
export const wordFigures: readonly Comparison[] = [firstReply, nextReplies, unanswered, oneTouch, events];

/** Ratings and promises, which only a desk has that was asked for them. */
export const promiseFigures: readonly Comparison[] = [
  ratings,
  satisfaction,
  promise(
    'first_reply#1',
    promisedReplyMs,
    `SELECT ticket_id, opened_at, at AS kept_at FROM reply LEFT JOIN done USING (ticket_id)
  WHERE number = 1 AND coalesce(revision <= done_revision, true)`,
  ),
  promise(
    'resolution#1',
    promisedResolutionMs,
    `SELECT ticket_id, opened_at, done_at AS kept_at FROM opening JOIN done USING (ticket_id)
  WHERE status_category <> 'cancelled'`,
  ),
];
