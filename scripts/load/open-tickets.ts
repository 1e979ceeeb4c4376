/**
 * Tickets that are opened before anything is measured, for the actions that need some: in bulk, outside the
 * clock. What it adds to the log is counted like everything else.
 */
import { z } from 'zod';
import { requestText } from '../../adapters/http/request.ts';
import { Fault } from '../../domain/errors.ts';
import type { TargetServer } from './place.ts';

/** What one request in bulk opens. */
export const ticketsPerRequest = 1_000;
const requestMsMax = 60_000;
const answerCharactersShown = 300;

const openedSchema = z.object({
  outcomes: z.array(z.object({ status: z.literal('accepted'), ticketId: z.string(), events: z.int() })),
});

export interface OpenedTickets {
  readonly ids: readonly string[];
  readonly events: number;
}

/** Throws `Fault('server_unreachable')` where one is refused: without its tickets a run means nothing. */
export async function openTickets(
  target: TargetServer,
  count: number,
  signal: AbortSignal,
): Promise<OpenedTickets> {
  const ids: string[] = [];
  let events = 0;
  while (ids.length < count) {
    signal.throwIfAborted();
    const opened = await openSome(target, ids.length, Math.min(ticketsPerRequest, count - ids.length));
    for (const outcome of opened) {
      ids.push(outcome.ticketId);
      events += outcome.events;
    }
  }
  return { ids, events };
}

/** One command of such a request, for the ticket with this number. */
export function openingCommand(number: number): object {
  const fields = { subject: `Printer ${number} jams`, priority: 'normal', category: 'hardware' };
  return { type: 'OpenTicket', data: { fields } };
}

async function openSome({ url, key, certificate }: TargetServer, from: number, count: number) {
  const commands = Array.from({ length: count }, (_, index) => openingCommand(from + index + 1));
  const request = {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ commands }),
    signal: AbortSignal.timeout(requestMsMax),
  };
  const answer = await requestText(new URL('/v1/commands', url), request, certificate);
  const opened = answer.status === 200 ? openedSchema.safeParse(JSON.parse(answer.text)) : undefined;
  if (opened?.success && opened.data.outcomes.length === count) return opened.data.outcomes;
  throw new Fault(
    'server_unreachable',
    `${url} did not open the tickets that the scenario needs before it begins: ${answer.status}` +
      ` ${answer.text.slice(0, answerCharactersShown)}`,
  );
}
