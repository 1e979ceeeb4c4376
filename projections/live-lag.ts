/**
 * How old what readers see is, for each read model: how many events it lacks, since when the oldest of them
 * waits, and which tickets it left behind. For alarms, hence asked for often: it must stay a few milliseconds
 * of work, however far a read model is behind.
 */
import type { EventReader } from '../domain/ports.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import { isInstalled } from './checkpoint.ts';
import type { Queries } from './sql.ts';

export interface LiveLag {
  readonly projection: string;
  /** Positions and events of all partitions together. */
  readonly position: number;
  /** Events that are in the log but not yet in the rows. */
  readonly lagEvents: number;
  /** Age of the oldest of them, since its commit; 0 when there are none. */
  readonly lagMs: number;
  /** Tickets that were left behind, and how long ago the first of them was; 0 when there are none. */
  readonly parked: number;
  readonly parkedOldestMs: number;
}

/** The live builds; none in a database that no projector has seen. A lag is never understated. */
export async function liveLag(
  queries: Queries,
  reader: EventReader,
  now: EpochMs,
): Promise<readonly LiveLag[]> {
  if (!(await isInstalled(queries))) return [];
  const rows = await queries.query<LagRow>(lagText);
  const oldest = new Map<string, EpochMs | undefined>();
  const lags = new Map<string, LiveLag>();
  for (const row of rows) {
    const { projection, partition, position } = row;
    // Read models mostly stand at the same position, and one look into the log tells for all of them.
    const key = `${partition}/${position}`;
    const head = await reader.head(partition);
    if (!oldest.has(key)) oldest.set(key, await committedAfter(reader, partition, position, head));
    const since = oldest.get(key);
    const before = lags.get(projection);
    lags.set(projection, {
      projection,
      position: (before?.position ?? 0) + position,
      lagEvents: (before?.lagEvents ?? 0) + Math.max(0, head - position),
      lagMs: Math.max(before?.lagMs ?? 0, since === undefined ? 0 : now - since),
      parked: (before?.parked ?? 0) + row.parked,
      parkedOldestMs: Math.max(
        before?.parkedOldestMs ?? 0,
        row.parked_since === null ? 0 : now - row.parked_since,
      ),
    });
  }
  return [...lags.values()];
}

interface LagRow {
  readonly projection: string;
  readonly partition: number;
  readonly position: number;
  readonly parked: number;
  readonly parked_since: EpochMs | null;
}

const lagText = `SELECT projection, checkpoint.partition, checkpoint.position,
  count(ticket_id)::integer AS parked, min(parked_at) AS parked_since
FROM docket.projection_checkpoint AS checkpoint JOIN docket.projection_build USING (projection, build)
LEFT JOIN docket.parked_ticket AS parked USING (projection, build, partition)
WHERE state = 'live'
GROUP BY projection, checkpoint.partition, checkpoint.position ORDER BY projection, checkpoint.partition`;

/** When the first event after a position was committed; undefined where there is none yet. */
async function committedAfter(
  reader: EventReader,
  partition: number,
  position: number,
  head: number,
): Promise<EpochMs | undefined> {
  if (position >= head) return undefined;
  for await (const [event] of reader.read(position + 1, { partition, batchEventsMax: 1 })) {
    if (event !== undefined) return event.recordedAt;
  }
  return undefined;
}
