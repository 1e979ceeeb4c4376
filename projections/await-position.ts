/**
 * Waiting until read models hold an event: for whoever has just written and now wants to read it back. A wait
 * has a bound, and its end says which position was reached.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queries } from './sql.ts';
import type { SqlFunction } from './view.ts';

const lookAgainMsMin = 5;
const lookAgainMsMax = 100;

export interface AwaitOptions {
  readonly partition: number;
  readonly position: number;
  /** The read models that are needed; all of them where absent. */
  readonly projections?: readonly string[];
  readonly waitMsMax: number;
  readonly signal?: AbortSignal;
}

export interface Reached {
  readonly reached: boolean;
  /** Every one of them holds all events of the partition up to here. */
  readonly position: number;
}

export async function awaitPosition(queries: Queries, options: AwaitOptions): Promise<Reached> {
  const { partition, position: wanted, projections, waitMsMax, signal } = options;
  const until = performance.now() + waitMsMax;
  for (let delayMs = lookAgainMsMin; ; delayMs = Math.min(lookAgainMsMax, delayMs * 2)) {
    const [row] = await queries.query<{ position: number | null }>(reachedText, [
      partition,
      projections ?? null,
    ]);
    const position = row?.position ?? 0;
    const left = until - performance.now();
    if (position >= wanted || left <= 0 || signal?.aborted) return { reached: position >= wanted, position };
    await sleep(Math.min(delayMs, left), undefined, signal === undefined ? {} : { signal }).catch(
      () => undefined,
    );
  }
}

const reachedText = `SELECT min(position) AS position
FROM docket.projection_checkpoint JOIN docket.projection_build USING (projection, build)
WHERE state = 'live' AND partition = $1 AND ($2::text[] IS NULL OR projection = ANY($2))`;

/** The same for people with SQL. */
export const awaitPositionFunction: SqlFunction = {
  kind: 'function',
  name: 'await_position',
  meaning:
    'Waits until the read models hold all events of a partition up to a position, for five seconds unless told' +
    ' otherwise. Not within a REPEATABLE READ transaction, which sees one moment only.',
  parameters:
    "wanted bigint, of_read_model text DEFAULT NULL, of_partition integer DEFAULT 0, within interval DEFAULT '5 seconds'",
  signature: 'bigint, text, integer, interval',
  columns: {
    reached: { type: 'boolean', meaning: 'whether it was reached in time' },
    as_of_position: { type: 'bigint', meaning: 'the position up to which all of them hold the events' },
  },
  body: `LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  until timestamptz := clock_timestamp() + within;
BEGIN
  LOOP
    SELECT coalesce(min(checkpoint.position), 0) INTO as_of_position
    FROM docket.projection_checkpoint AS checkpoint JOIN docket.projection_build USING (projection, build)
    WHERE state = 'live' AND partition = of_partition
      AND (of_read_model IS NULL OR projection = of_read_model);
    reached := as_of_position >= wanted;
    EXIT WHEN reached OR clock_timestamp() >= until;
    PERFORM pg_sleep(0.01);
  END LOOP;
  RETURN NEXT;
END $$`,
};
