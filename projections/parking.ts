/**
 * Tickets that a read model had to leave behind: an event of theirs could not be projected. Only that ticket
 * stands still, in that read model, with the reason and the event kept here; everything else goes on. The
 * log still holds all its events, so that `retry` can bring it on in order once the cause is gone.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import type { BuildKey } from './build.ts';
import { instantText } from './instants.ts';
import type { Queries } from './sql.ts';
import { column, optionalColumn, type Table } from './table.ts';

/**
 * Most tickets that one build may leave behind in a partition. Beyond it the cause is no single event, and
 * the projector stops instead of leaving everything behind bit by bit.
 */
export const parkedTicketsMax = 1_000;

export interface ParkedTicket {
  readonly projection: string;
  readonly build: number;
  readonly partition: number;
  readonly ticket_id: TicketId;
  readonly position: number;
  readonly revision: number | null;
  readonly reason: string;
  readonly event: object | null;
  readonly attempts: number;
  readonly parked_at: EpochMs;
  readonly retry_requested: boolean;
}

export const parkedTable: Table<ParkedTicket> = {
  name: 'parked_ticket',
  meaning:
    'Tickets that a read model left behind, because an event of theirs could not be projected. Their rows stand' +
    ' as they were before that event; `docket projections retry` brings them on.',
  key: ['projection', 'build', 'ticket_id'],
  fixed: [],
  fillPercent: 90,
  indexes: {},
  columns: [
    column('projection', 'text', 'The read model.', (e) => e.projection),
    column('build', 'integer', 'Which build of it.', (e) => e.build),
    column('partition', 'integer', 'The partition of the log that holds the ticket.', (e) => e.partition),
    column('ticket_id', 'text', 'The ticket.', (e) => e.ticket_id),
    column(
      'position',
      'bigint',
      'Position of the first event that is missing; 0 until a parking by hand takes effect.',
      (e) => e.position,
    ),
    optionalColumn('revision', 'integer', 'Its revision, where an event is to blame.', (e) => e.revision),
    column('reason', 'text', 'Why it could not be projected.', (e) => e.reason),
    optionalColumn(
      'event',
      'jsonb',
      'The event as the log has it; NULL where somebody parked by hand.',
      (e) => e.event,
    ),
    column('attempts', 'integer', 'How often it was tried.', (e) => e.attempts),
    column('parked_at', 'timestamptz', 'When it was left behind.', (e) => e.parked_at),
    column('retry_requested', 'boolean', 'Whether it is to be tried again.', (e) => e.retry_requested),
  ],
};

/** What a batch leaves behind. */
export interface Parking {
  readonly event: RecordedEvent;
  readonly reason: string;
}

/** To be called in the transaction that moves the checkpoint past the event. */
export async function park(
  sql: Queries,
  { projection, build }: BuildKey,
  parkings: readonly Parking[],
  now: EpochMs,
): Promise<void> {
  for (const { event, reason } of parkings) {
    const { partition, ticketId, position, revision } = event;
    await sql.execute(
      `INSERT INTO docket.parked_ticket AS old
  (projection, build, partition, ticket_id, position, revision, reason, event, attempts, parked_at, retry_requested)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, false)
ON CONFLICT (projection, build, ticket_id) DO UPDATE SET position = excluded.position,
  revision = excluded.revision, reason = excluded.reason, event = excluded.event,
  attempts = old.attempts + 1, retry_requested = false`,
      [projection, build, partition, ticketId, position, revision, reason, event, instantText(now)],
    );
  }
}

export async function unpark(
  sql: Queries,
  { projection, build }: BuildKey,
  ticketId: TicketId,
): Promise<void> {
  await sql.execute(
    'DELETE FROM docket.parked_ticket WHERE projection = $1 AND build = $2 AND ticket_id = $3',
    [projection, build, ticketId],
  );
}

/** The tickets that a build has left behind in one partition. */
export async function readParked(
  queries: Queries,
  { projection, build }: BuildKey,
  partition: number,
): Promise<readonly ParkedTicket[]> {
  return queries.query<ParkedTicket>(
    `SELECT * FROM docket.parked_ticket WHERE projection = $1 AND build = $2 AND partition = $3
ORDER BY ticket_id`,
    [projection, build, partition],
  );
}

/** Every ticket that what readers see lacks events of. */
export async function readParkedLive(queries: Queries): Promise<readonly ParkedTicket[]> {
  return queries.query<ParkedTicket>(
    `SELECT parked_ticket.* FROM docket.parked_ticket JOIN docket.projection_build USING (projection, build)
WHERE state = 'live' ORDER BY projection, ticket_id`,
  );
}

/** Asks the owner to leave a ticket alone. Answers whether it was not parked already. */
export async function requestParking(
  queries: Queries,
  { projection, build }: BuildKey,
  ticket: { readonly ticketId: TicketId; readonly partition: number; readonly reason: string },
  now: EpochMs,
): Promise<boolean> {
  const inserted = await queries.execute(
    `INSERT INTO docket.parked_ticket
  (projection, build, partition, ticket_id, position, reason, attempts, parked_at, retry_requested)
VALUES ($1, $2, $3, $4, 0, $5, 0, $6, false) ON CONFLICT DO NOTHING`,
    [projection, build, ticket.partition, ticket.ticketId, ticket.reason, instantText(now)],
  );
  return inserted === 1;
}

/** Lets parkings by hand take effect: nothing from this position on is projected for those tickets. */
export async function confirmParkings(
  queries: Queries,
  { projection, build }: BuildKey,
  partition: number,
  from: number,
): Promise<void> {
  await queries.execute(
    `UPDATE docket.parked_ticket SET position = $4
WHERE projection = $1 AND build = $2 AND partition = $3 AND position = 0`,
    [projection, build, partition, from],
  );
}

/** Whether somebody asked for something that these builds' owner has not done yet. */
export async function hasRequests(queries: Queries, builds: readonly BuildKey[]): Promise<boolean> {
  const [row] = await queries.query<{ asked: boolean | null }>(
    `SELECT bool_or(retry_requested OR position = 0) AS asked FROM docket.parked_ticket
JOIN unnest($1::text[], $2::integer[]) AS wanted (projection, build) USING (projection, build)`,
    [builds.map(({ projection }) => projection), builds.map(({ build }) => build)],
  );
  return row?.asked === true;
}

export interface ParkedChoice {
  /** Only this read model. */
  readonly projection?: string | undefined;
  /** Only this ticket. */
  readonly ticketId?: TicketId | undefined;
}

/** Asks the owner to try again. Answers how many tickets that is. */
export async function requestRetry(queries: Queries, choice: ParkedChoice): Promise<number> {
  return queries.execute(
    `UPDATE docket.parked_ticket SET retry_requested = true
WHERE position > 0 AND ($1::text IS NULL OR projection = $1) AND ($2::text IS NULL OR ticket_id = $2)`,
    [choice.projection ?? null, choice.ticketId ?? null],
  );
}
