/**
 * The log of what is tested, read beside the server's answers: from its files, from its database, or, where
 * neither can be reached, from the server's own events over HTTP.
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { requestText } from '../../adapters/http/request.ts';
import { Fault } from '../../domain/errors.ts';
import type { EventReader } from '../../domain/ports.ts';
import type { LogUnderTest, TargetServer } from './place.ts';

const batchEventsMax = 8_192;
/** For one answer of at most a million lines, and for the head. */
const linesMsMax = 600_000;
const headMsMax = 10_000;

export function logOf(reader: EventReader, close: () => Promise<void>): LogUnderTest {
  return {
    head: () => reader.head(),
    async *recordedTimes(after, upTo) {
      if (upTo <= after) return;
      for await (const events of reader.read(after + 1, { batchEventsMax })) {
        const wanted = events.filter(({ position }) => position <= upTo);
        yield wanted.map(({ recordedAt }) => recordedAt);
        if (wanted.length < events.length || wanted.at(-1)?.position === upTo) return;
      }
    },
    close,
  };
}

const pageSchema = z.object({ position: z.int() });
const lineSchema = z.union([
  z.object({ ticketId: z.string(), recordedAt: z.string(), position: z.int() }),
  z.object({ next: z.int(), events: z.int() }),
]);

/** The key has to be allowed to read every ticket, or events would seem to be missing. */
export function logOverHttp(target: TargetServer): LogUnderTest {
  const headers = { authorization: `Bearer ${target.key}` };
  return {
    async head() {
      const url = new URL('/v1/events?limit=1', target.url);
      const signal = AbortSignal.timeout(headMsMax);
      const answer = await reached(url, requestText(url, { headers, signal }, target.certificate));
      if (answer.status === 200) return pageSchema.parse(JSON.parse(answer.text)).position;
      throw new Fault(
        'server_unreachable',
        `${url} answered ${answer.status}: the key must have the scope tickets:read`,
      );
    },
    async *recordedTimes(after, upTo) {
      for (let from = after + 1; from <= upTo; ) {
        const url = new URL(`/v1/events?from=${from}`, target.url);
        const { times, next } = await linesFrom(url, { ...headers, accept: 'application/x-ndjson' }, upTo);
        yield times;
        if (next <= from) return;
        from = next;
      }
    },
    close: async () => undefined,
  };
}

async function linesFrom(
  url: URL,
  headers: Readonly<Record<string, string>>,
  upTo: number,
): Promise<{ readonly times: readonly number[]; readonly next: number }> {
  const answer = await reached(url, fetch(url, { headers, signal: AbortSignal.timeout(linesMsMax) }));
  if (!answer.ok || answer.body === null) {
    throw new Fault('server_unreachable', `${url} answered ${answer.status} where events were asked for`);
  }
  const times: number[] = [];
  for await (const line of createInterface({ input: Readable.fromWeb(answer.body) })) {
    const read = lineSchema.parse(JSON.parse(line));
    if ('next' in read) return { times, next: read.next };
    if (read.position > upTo) return { times, next: read.position };
    times.push(Date.parse(read.recordedAt));
  }
  throw new Fault('server_unreachable', `${url} broke off in the middle of its events`);
}

function reached<T>(url: URL, asked: Promise<T>): Promise<T> {
  return asked.catch((cause: unknown) => {
    throw new Fault('server_unreachable', `no answer from ${url.origin}; is the server running?`, { cause });
  });
}
