/** What the read models hold, counted in PostgreSQL itself, and how long they take to hold everything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { requestText } from '../../adapters/http/request.ts';
import type { Database } from '../../projections/sql.ts';
import type { ReadModelsUnderTest, TargetServer } from './place.ts';

export function readModelsOf(database: Database): ReadModelsUnderTest {
  return {
    async counts() {
      const [row] = await database.query<{ events: string; tickets: string; parked: string }>(
        `SELECT (SELECT count(*) FROM docket.ticket_event)::text AS events,
  (SELECT count(*) FROM docket.ticket)::text AS tickets,
  (SELECT coalesce(max(parked), 0) FROM docket.projection_status)::text AS parked`,
      );
      const { events = '0', tickets = '0', parked = '0' } = row ?? {};
      return { events: Number(events), tickets: Number(tickets), parked: Number(parked) };
    },
  };
}

const askMsMax = 10_000;
const pauseMs = 200;
const listedSchema = z.object({ position: z.int() });

/**
 * Waits until a list, which is made from the read models, holds a position. Answers whether it did in time:
 * a server that answers nothing has not.
 */
export async function caughtUp(
  { url, key, certificate }: TargetServer,
  position: number,
  options: { readonly msMax: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const giveUpAtMs = performance.now() + options.msMax;
  const headers = { authorization: `Bearer ${key}` };
  const list = new URL('/v1/tickets?limit=1', url);
  while (performance.now() < giveUpAtMs) {
    options.signal.throwIfAborted();
    const signal = AbortSignal.timeout(askMsMax);
    const answer = await requestText(list, { headers, signal }, certificate).catch(() => undefined);
    const read = answer?.status === 200 ? listedSchema.safeParse(JSON.parse(answer.text)).data : undefined;
    if (read !== undefined && read.position >= position) return true;
    await sleep(pauseMs);
  }
  return false;
}
