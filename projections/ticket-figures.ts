/**
 * What was measured on one ticket: the row of `docket.ticket_metrics_now`, and its SLA clocks. Both as they
 * are at the moment of the question, from one snapshot.
 */
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import { type SlaClockRow, slaClockProjection } from './sla-clock.ts';
import type { Database, Queries } from './sql.ts';
import { ticketMetricsProjection } from './ticket-metrics.ts';

/** A row by column: times of columns that end in `_at` or `_since` are `EpochMs`. */
export type FiguresRow = Readonly<Record<string, unknown>>;

export interface TicketFigures {
  readonly position: number;
  /** The moment that running times are counted up to. */
  readonly measuredAt: EpochMs;
  /** `undefined` for a ticket that the read models do not hold. */
  readonly figures: FiguresRow | undefined;
  /** By start. */
  readonly clocks: readonly SlaClockRow[];
}

export const figuresProjections: readonly string[] = [ticketMetricsProjection.name, slaClockProjection.name];

/** Clocks of one answer; a ticket has a handful, and a new one only when an old one has ended. */
const clocksMax = 200;

export async function ticketFigures(database: Database, ticketId: TicketId): Promise<TicketFigures> {
  return database.transaction(
    async (sql) => ({
      ...(await whereAndWhen(sql)),
      figures: (await sql.query<FiguresRow>(figuresText, [ticketId]))[0],
      clocks: await sql.query<SlaClockRow>(clocksText, [ticketId, clocksMax]),
    }),
    { mode: 'snapshot' },
  );
}

const figuresText = 'SELECT * FROM docket.ticket_metrics_now WHERE ticket_id = $1';
const clocksText =
  'SELECT * FROM docket.sla_clock WHERE ticket_id = $1 ORDER BY started_at DESC, clock LIMIT $2';

async function whereAndWhen(sql: Queries): Promise<Pick<TicketFigures, 'position' | 'measuredAt'>> {
  const [found] = await sql.query<{ position: number; measured_at: EpochMs }>(
    `SELECT coalesce(min(held), 0) AS position, now() AS measured_at FROM (
  SELECT sum(position)::bigint AS held
  FROM docket.projection_checkpoint JOIN docket.projection_build USING (projection, build)
  WHERE state = 'live' AND projection = ANY($1::text[]) GROUP BY projection
) AS each`,
    [figuresProjections],
  );
  return { position: found?.position ?? 0, measuredAt: found?.measured_at ?? 0 };
}
