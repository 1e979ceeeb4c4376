/** A ticket as it was: the fold of its events up to a position of the log, or up to a time. */
import { z } from 'zod';
import type { Guard, TicketView } from '../../domain/access/guard.ts';
import type { PresentTicket } from '../../domain/ports.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { replay } from '../../domain/ticket/evolve.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { isoTime } from './event-json.ts';
import { problem, RequestRefused } from './problem.ts';
import { queryTimeSchema, wholeNumber } from './query-values.ts';

export const pastQuery = {
  'at-position': wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'The ticket as it was when the log ended at this position.' }),
  at: queryTimeSchema
    .optional()
    .meta({ description: 'The ticket as it was at this time: ISO 8601 with a zone, or epoch milliseconds.' }),
  time: z
    .enum(['recorded', 'occurred'])
    .optional()
    .meta({
      description:
        'Which time `at` is: when events were committed, or business time. By business time, events count up to' +
        ' the first that happened later. `recorded` unless told.',
    }),
} as const;
const pastQuerySchema = z.object(pastQuery);

export const asOfSchema = z.object({
  position: z.int().optional(),
  at: z.string().optional(),
  time: z.enum(['recorded', 'occurred']).optional(),
});

/** Which past is asked for. */
export type Moment =
  | { readonly position: number }
  | { readonly at: number; readonly time: 'recorded' | 'occurred' };

/** `undefined` where the present is asked for. Throws `request_invalid` for two moments or half a one. */
export function momentOf(query: z.output<typeof pastQuerySchema>): Moment | undefined {
  const { 'at-position': position, at, time } = query;
  if (position !== undefined && at !== undefined) throw wrong('at', 'give either at-position or at');
  if (time !== undefined && at === undefined) throw wrong('time', 'says which time `at` is: give that, too');
  if (position !== undefined) return { position };
  return at === undefined ? undefined : { at, time: time ?? 'recorded' };
}

/** The ticket after its events up to the moment; `undefined` where it did not exist yet. */
export function ticketAt(
  ticketId: TicketId,
  events: readonly RecordedEvent[],
  moment: Moment,
): PresentTicket | undefined {
  const after = events.findIndex((event) => isAfter(event, moment));
  const until = after === -1 ? events : events.slice(0, after);
  const ticket = replay(ticketId, until);
  const last = until.at(-1);
  if (ticket === undefined || last === undefined) return undefined;
  return { ticket, partition: last.partition, position: last.position };
}

/**
 * What a caller may see of a ticket's past: what the rules show of it both as it was then and as it is now.
 * What is hidden now was hidden for a reason that a look at yesterday must not undo, and what was hidden then
 * may be another matter than the one that is open now.
 */
export function viewOfPast(
  guard: Guard,
  present: PresentTicket,
  then: PresentTicket,
): TicketView | undefined {
  const viewNow = guard.view(present.ticket);
  const viewThen = guard.view(then.ticket);
  if (viewNow === undefined || viewThen === undefined) return undefined;
  return {
    complete: viewNow.complete && viewThen.complete,
    shows: (field) => viewNow.shows(field) && viewThen.shows(field),
  };
}

export function asOfJson(moment: Moment): z.infer<typeof asOfSchema> {
  return 'position' in moment ? moment : { at: isoTime(moment.at), time: moment.time };
}

function isAfter({ position, recordedAt, occurredAt }: RecordedEvent, moment: Moment): boolean {
  if ('position' in moment) return position > moment.position;
  return (moment.time === 'recorded' ? recordedAt : occurredAt) > moment.at;
}

function wrong(path: string, message: string): RequestRefused {
  return new RequestRefused(
    problem('request_invalid', `${path}: ${message}`, { errors: [{ path, message }] }),
  );
}
