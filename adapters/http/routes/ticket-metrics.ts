/**
 * What was measured on one ticket, from the read models: times, counts and the SLA clocks. The definitions of
 * all figures are in docs/data-dictionary.md, under `ticket_metrics_now` and `sla_clock`.
 */
import { z } from 'zod';
import type { TicketView } from '../../../domain/access/guard.ts';
import { type TicketId, ticketIdSchema } from '../../../domain/ticket/values.ts';
import { type SlaClockRow, slaClockTable } from '../../../projections/sla-clock.ts';
import { type FiguresRow, figuresProjections } from '../../../projections/ticket-figures.ts';
import { ticketMetricsNow } from '../../../projections/ticket-metrics-now.ts';
import { metricsColumns } from '../../../projections/ticket-metrics-table.ts';
import type { HttpContext } from '../context.ts';
import { isoTime } from '../event-json.ts';
import {
  minPositionQuery,
  positionHeader,
  positionHeaderMeaning,
  positionSchema,
} from '../position-waits.ts';
import { problem, RequestRefused } from '../problem.ts';
import { type Route, route } from '../route.ts';

/** Columns that tell something else of the ticket as well, by its name in access rules. */
const alsoTold: Readonly<Record<string, string>> = {
  status: 'state',
  status_category: 'state',
  unresolved: 'state',
  status_path: 'state',
  status_since: 'state',
  closed_at: 'state',
  first_resolved_at: 'resolution',
  last_resolved_at: 'resolution',
  priority: 'priority',
  category: 'category',
  assigned_group: 'group',
  groups: 'group',
  assignee: 'assignee',
  assignees: 'assignee',
  requester: 'requester',
  opened_by_desk: 'requester',
  first_rating: 'rating',
  last_rating: 'rating',
  first_rated_at: 'rating',
  last_rated_at: 'rating',
  rating_changes: 'rating',
};

const timeColumns: ReadonlySet<string> = new Set(
  [...metricsColumns, ...slaClockTable.columns].filter(({ type }) => type === 'timestamptz').map(nameOf),
);

const figureSchema = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
const figuresSchema = z.object(
  Object.fromEntries(
    Object.entries(ticketMetricsNow.columns)
      .filter(([name]) => name !== 'ticket_id')
      .map(([name, meaning]) => [memberOf(name), figureSchema.optional().meta({ description: meaning })]),
  ),
);
const clockSchema = z.object(
  Object.fromEntries(
    slaClockTable.columns
      .filter(({ name }) => name !== 'ticket_id')
      .map(({ name, meaning }) => [memberOf(name), figureSchema.optional().meta({ description: meaning })]),
  ),
);

const answerSchema = z.object({
  ticketId: ticketIdSchema,
  position: positionSchema,
  measuredAt: z.string().meta({ description: 'The moment that running times are counted up to.' }),
  figures: figuresSchema.meta({ description: 'Members without a value are left out.' }),
  clocks: z
    .array(clockSchema)
    .optional()
    .meta({ description: 'Newest first; left out where the caller may not see promises.' }),
});

export function ticketMetricsRoutes({ tickets, ticketFigures, positions }: HttpContext): readonly Route[] {
  return [
    route({
      id: 'getTicketMetrics',
      method: 'GET',
      path: '/v1/tickets/{ticketId}/metrics',
      group: 'Figures',
      summary: 'What was measured on a ticket: times, counts and SLA clocks',
      description: 'Durations are milliseconds; those whose name holds Business count business hours only.',
      scope: 'tickets:read',
      params: z.strictObject({ ticketId: ticketIdSchema }),
      query: z.strictObject(minPositionQuery),
      answers: {
        200: {
          meaning: 'The figures.',
          schema: answerSchema,
          headers: { [positionHeader]: positionHeaderMeaning },
        },
      },
      problems: [
        'ticket_not_found',
        'access_denied',
        'position_not_reached',
        'overloaded',
        'database_unavailable',
      ],
      example: { params: { ticketId: 'REQ0000001' } },
      handle: async ({ params: { ticketId }, query, guard }, reply) => {
        await positions.readModels(figuresProjections, query['min-position']);
        const ticket = await tickets.current(ticketId);
        const view = ticket === undefined ? undefined : guard.view(ticket);
        if (view === undefined) throw unknown(ticketId);
        if (!view.shows('metrics')) {
          throw new RequestRefused(
            problem('access_denied', `you may not see what is measured on ${ticketId}`),
          );
        }
        const { position, measuredAt, figures, clocks } = await ticketFigures(ticketId);
        // The log knows it, and the read models not yet.
        if (figures === undefined) throw notYet(ticketId, position);
        reply.header(positionHeader, position);
        return {
          ticketId,
          position,
          measuredAt: isoTime(measuredAt),
          figures: membersOf(figures, view),
          clocks: view.shows('sla') ? clocks.map((clock) => membersOf(rowOf(clock), view)) : undefined,
        };
      },
    }),
  ];
}

/** A row as JSON: what the view shows, what has a value, times as ISO 8601. */
function membersOf(row: FiguresRow, view: TicketView): Readonly<Record<string, unknown>> {
  const shown = Object.entries(row).filter(([name, value]) => {
    const also = alsoTold[name];
    return value !== null && name !== 'ticket_id' && (also === undefined || view.shows(also));
  });
  return Object.fromEntries(
    shown.map(([name, value]) => [
      memberOf(name),
      timeColumns.has(name) && typeof value === 'number' ? isoTime(value) : value,
    ]),
  );
}

function rowOf(clock: SlaClockRow): FiguresRow {
  return { ...clock };
}

/** `first_reply_at` as `firstReplyAt`. */
function memberOf(column: string): string {
  return column.replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function unknown(ticketId: TicketId): RequestRefused {
  return new RequestRefused(problem('ticket_not_found', `there is no ticket ${ticketId}`, { ticketId }));
}

function notYet(ticketId: TicketId, position: number): RequestRefused {
  const detail = `the read models are at position ${position} and do not hold ${ticketId} yet`;
  return new RequestRefused(problem('position_not_reached', detail, { position }));
}
