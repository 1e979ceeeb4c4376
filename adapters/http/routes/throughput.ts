/**
 * Committed transitions per window of time, as the read model counts them, with the position it has
 * reached.
 */
import { z } from 'zod';
import { type ThroughputWindow, throughputWindows } from '../../../domain/metrics/throughput.ts';
import { type HttpApp, type HttpContext, throughputBreakdowns } from '../context.ts';
import { isoTime } from '../event-json.ts';
import { queryTimeSchema, wholeNumber, wordList } from '../query-values.ts';

const windowOfName = {
  second: 'second',
  minute: 'minute',
  hour: 'hour',
  day: 'day',
  '1s': 'second',
  '1m': 'minute',
  '1h': 'hour',
  '1d': 'day',
} as const satisfies Record<string, ThroughputWindow>;
const windowNames = ['second', 'minute', 'hour', 'day', '1s', '1m', '1h', '1d'] as const;

export function throughputRoutes(app: HttpApp, { throughput, limits }: HttpContext): void {
  const querystring = z.strictObject({
    window: z.enum(windowNames).transform((name) => windowOfName[name]),
    from: queryTimeSchema.optional(),
    to: queryTimeSchema.optional(),
    limit: wholeNumber(1, limits.throughputWindowsMax).default(limits.throughputWindowsDefault),
    by: wordList(throughputBreakdowns).default([]),
  });
  app.get('/v1/throughput', { schema: { querystring } }, async (request) => {
    const { window, from, to, limit, by } = request.query;
    const { asOf, rows } = await throughput(window, { from, to, limit, by });
    return {
      window,
      position: asOf.position,
      /** Everything committed up to this time is counted. */
      recordedAt: asOf.recordedAt === undefined ? undefined : isoTime(asOf.recordedAt),
      /** Newest first. */
      windows: rows.map(({ windowStart, ...counted }) => ({
        from: isoTime(windowStart),
        to: isoTime(windowStart + throughputWindows[window]),
        ...counted,
      })),
    };
  });
}
