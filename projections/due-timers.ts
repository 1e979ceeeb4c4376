/**
 * The timers that are due, read from the rows that hold their due-times: nothing of them lives in a
 * process, so nothing is lost with one. Pages are bounded, and each comes from a partial index in order of
 * its due-times.
 *
 * Imported and simulated histories are left alone. Their business time is not the time of the wall clock,
 * so a timer would close a ticket, or declare a breach, between two events that are still to be told. A
 * ticket is history while its last event was recorded long after it happened; what timers did themselves,
 * and breaches, which are stamped with their deadline, do not count.
 */

import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import { type DueTimer, type TimerKind, timerSource } from '../domain/timers/timer-commands.ts';
import { autoCloseAfterMs } from '../domain/workflow/guards.ts';
import { instantText } from './instants.ts';
import type { Queries } from './sql.ts';

export const dueTimerLimits = {
  /** Timers read at once. */
  pageTimersMax: 500,
  /** An event that was recorded later than this after it happened is history. */
  liveLagMsMax: 3_600_000,
};

/** Where a page ended: the next one goes on with earlier timers. */
export type PageEnd = Pick<DueTimer, 'dueAt' | 'ticketId' | 'name'>;

export interface DuePage {
  /** Newest first, without those of history. */
  readonly timers: readonly DueTimer[];
  /** Undefined where this was the last page. */
  readonly end: PageEnd | undefined;
}

interface DueRow {
  readonly ticket_id: TicketId;
  readonly due_at: EpochMs;
  readonly name: string;
  readonly live: boolean;
}

/**
 * One page of timers that are due at `now`, newest first, from the newest or from where another page ended.
 * Throws what the database throws: where there are no read models yet, an error with SQLSTATE 42P01.
 */
export async function dueTimers(
  database: Queries,
  kind: TimerKind,
  now: EpochMs,
  before?: PageEnd,
  limits: typeof dueTimerLimits = dueTimerLimits,
): Promise<DuePage> {
  const { pageTimersMax, liveLagMsMax } = limits;
  const due = dueOf[kind];
  const text = `SELECT due.ticket_id, due.due_at, due.name, due.fits AND coalesce(last.live, false) AS live
FROM (
  SELECT ticket_id, ${due.at} AS due_at, ${due.name} AS name, ${due.fits} AS fits
  FROM ${due.table}
  WHERE ${due.where} AND ${due.at} <= $1
    AND ($2::timestamptz IS NULL OR (${due.at}, ticket_id, ${due.name}) < ($2, $3, $4))
  ORDER BY ${due.at} DESC, ticket_id DESC, ${due.name} DESC
  LIMIT $5
) AS due
LEFT JOIN LATERAL (
  SELECT source IS NOT DISTINCT FROM $6 OR recorded_at - occurred_at <= $7 * interval '1 millisecond' AS live
  FROM docket.ticket_event
  WHERE ticket_event.ticket_id = due.ticket_id AND type <> 'SlaBreached'
  ORDER BY revision DESC LIMIT 1
) AS last ON true
ORDER BY due.due_at DESC, due.ticket_id DESC, due.name DESC`;
  // The column holds when the waiting began, not when it ends.
  const shiftMs = kind === 'close' ? autoCloseAfterMs : 0;
  const rows = await database.query<DueRow>(text, [
    instantText(now - shiftMs),
    before === undefined ? null : instantText(before.dueAt - shiftMs),
    before?.ticketId ?? '',
    before?.name ?? '',
    pageTimersMax,
    timerSource,
    liveLagMsMax,
  ]);
  const all = rows.map((row) => ({ ...row, timer: timerOf(kind, row, shiftMs) }));
  const end = rows.length < pageTimersMax ? undefined : all.at(-1)?.timer;
  return { timers: all.filter(({ live }) => live).map(({ timer }) => timer), end };
}

function timerOf(kind: TimerKind, { ticket_id: ticketId, due_at, name }: DueRow, shiftMs: number): DueTimer {
  return { kind, ticketId, dueAt: due_at + shiftMs, name };
}

interface Due {
  readonly table: string;
  /** The column of the due-time, or of what it follows from. */
  readonly at: string;
  readonly name: string;
  /** As the partial index has it. */
  readonly where: string;
  /** What else must hold, and is no part of the index. */
  readonly fits: string;
}

const dueOf: Readonly<Record<TimerKind, Due>> = {
  sla: {
    table: 'docket.sla_clock',
    at: 'due_at',
    name: 'clock',
    where: "state = 'running' AND breached_at IS NULL",
    fits: 'true',
  },
  hold: {
    table: 'docket.ticket',
    at: 'hold_until',
    name: 'hold_timer_id',
    where: 'hold_until IS NOT NULL AND hold_timer_id IS NOT NULL',
    fits: 'true',
  },
  offer: {
    table: 'docket.ticket',
    at: 'offer_expires_at',
    name: "''::text",
    where: 'offer_expires_at IS NOT NULL',
    fits: 'true',
  },
  // Only the support workflow closes resolved tickets by itself.
  close: {
    table: 'docket.ticket',
    at: 'resolved_at',
    name: "''::text",
    where: 'resolved_at IS NOT NULL AND NOT closed',
    fits: "status_category = 'resolved' AND workflow LIKE 'support@%'",
  },
};
