/**
 * Committed transitions per window of time, as the read model counts them, with the position it has
 * reached.
 */
import { z } from 'zod';
import { type ThroughputWindow, throughputWindows } from '../../../domain/metrics/throughput.ts';
import { throughputProjection } from '../../../projections/throughput.ts';
import { type HttpContext, throughputBreakdowns } from '../context.ts';
import { isoTime } from '../event-json.ts';
import { minPositionQuery, positionHeader, positionHeaderMeaning } from '../position-waits.ts';
import { queryTimeSchema, wholeNumber, wordList } from '../query-values.ts';
import { type Route, route } from '../route.ts';

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

const answerSchema = z.object({
  window: z.enum(['second', 'minute', 'hour', 'day']),
  position: z.int(),
  /** Everything committed up to this time is counted. */
  recordedAt: z.string().optional(),
  /** Newest first. */
  windows: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      transitions: z.int(),
      workflow: z.string().optional(),
      type: z.string().optional(),
      state: z.string().optional(),
    }),
  ),
});

export function throughputRoutes({ throughput, positions, limits }: HttpContext): readonly Route[] {
  const query = z.strictObject({
    window: z.enum(windowNames).transform((name) => windowOfName[name]),
    from: queryTimeSchema.optional(),
    to: queryTimeSchema.optional(),
    limit: wholeNumber(1, limits.throughputWindowsMax).default(limits.throughputWindowsDefault),
    by: wordList(throughputBreakdowns).default([]),
    ...minPositionQuery,
  });
  return [
    route({
      id: 'getThroughput',
      method: 'GET',
      path: '/v1/throughput',
      group: 'Figures',
      summary: 'Committed transitions per window of time',
      scope: 'metrics:read',
      query,
      answers: {
        200: {
          meaning: 'Newest window first; windows without any are left out.',
          schema: answerSchema,
          headers: { [positionHeader]: positionHeaderMeaning },
        },
      },
      problems: ['position_not_reached', 'overloaded', 'database_unavailable'],
      example: { query: { window: '1m', limit: '10' } },
      handle: async ({ query: { window, from, to, limit, by, ...wanted } }, reply) => {
        await positions.readModels([throughputProjection.name], wanted['min-position']);
        const { asOf, rows } = await throughput(window, { from, to, limit, by });
        reply.header(positionHeader, asOf.position);
        return {
          window,
          position: asOf.position,
          recordedAt: asOf.recordedAt === undefined ? undefined : isoTime(asOf.recordedAt),
          windows: rows.map(({ windowStart, ...counted }) => ({
            from: isoTime(windowStart),
            to: isoTime(windowStart + throughputWindows[window]),
            ...counted,
          })),
        };
      },
    }),
  ];
}
