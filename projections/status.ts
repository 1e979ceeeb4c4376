/**
 * How far each read model is, how far behind the log, who keeps it, and what it had to leave behind: as
 * values for programs, and as a view for people with SQL.
 */
import type { EventReader } from '../domain/ports.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import type { BuildState } from './build.ts';
import { isInstalled } from './checkpoint.ts';
import type { Database } from './sql.ts';
import type { View } from './view.ts';

export interface ProjectionStatus {
  readonly projection: string;
  readonly build: number;
  readonly version: number;
  readonly state: Exclude<BuildState, 'retired'>;
  readonly partition: number;
  readonly position: number;
  /** Position of the log's last durable event. */
  readonly head: number;
  /** Events that are in the log but not yet in the rows. */
  readonly lagEvents: number;
  /** Commit time of the event at `position`: everything committed until then is in the rows. */
  readonly recordedAt: EpochMs | undefined;
  /** Who projects it; undefined for nobody. */
  readonly owner: string | undefined;
  readonly aliveAt: EpochMs | undefined;
  readonly updatedAt: EpochMs;
  /** Tickets that were left behind. */
  readonly parked: number;
}

/** How far each build is, and how far behind. The head is read last: a lag is never understated. */
export async function projectionStatus(
  database: Database,
  reader: EventReader,
): Promise<readonly ProjectionStatus[]> {
  if (!(await isInstalled(database))) return [];
  const rows = await database.query<StatusRow>(
    `SELECT projection, build, version, state, partition, position, recorded_at, owner, alive_at, updated_at,
  parked FROM docket.projection_status ORDER BY projection, build, partition`,
  );
  const heads = await Promise.all(
    Array.from({ length: reader.partitions }, (_, partition) => reader.head(partition)),
  );
  return rows.map((row) => {
    const head = heads[row.partition] ?? 0;
    return {
      projection: row.projection,
      build: row.build,
      version: row.version,
      state: row.state,
      partition: row.partition,
      position: row.position,
      head,
      lagEvents: Math.max(0, head - row.position),
      recordedAt: row.recorded_at ?? undefined,
      owner: row.owner ?? undefined,
      aliveAt: row.alive_at ?? undefined,
      updatedAt: row.updated_at,
      parked: row.parked,
    };
  });
}

interface StatusRow {
  readonly projection: string;
  readonly build: number;
  readonly version: number;
  readonly state: Exclude<BuildState, 'retired'>;
  readonly partition: number;
  readonly position: number;
  readonly recorded_at: EpochMs | null;
  readonly owner: string | null;
  readonly alive_at: EpochMs | null;
  readonly updated_at: EpochMs;
  readonly parked: number;
}

/** Made together with the tables below it, and not among the analysts' views: those may be made anew. */
export const projectionStatusView: View = {
  kind: 'view',
  name: 'projection_status',
  meaning:
    'As of which position and time each read model speaks, how far that is behind the log, who keeps it, and' +
    ' what it left behind.',
  columns: {
    projection: 'The read model.',
    build: 'Which build of it.',
    version: 'Which version of its definition made the rows.',
    state: 'live (what readers see) or building (beside it).',
    partition: 'The partition of the log.',
    position: 'Position of the last event that the rows hold.',
    recorded_at: 'Commit time of that event: everything committed until then is in the rows.',
    log_head: "Position of the partition's last event, as the owner last saw it; NULL without an owner.",
    lag_events: 'Events in the log that are not in the rows yet, as the owner last saw it.',
    lag_seconds:
      'Seconds since the commit of the last event that the rows hold, while there are newer ones; 0 when there' +
      ' are none.',
    parked: 'Tickets that were left behind; see parked_ticket.',
    owner: 'The process that keeps it; NULL for nobody.',
    alive_at: 'When that process last said that it is alive.',
    live_since: 'Since when readers see this build.',
    updated_at: 'When the position last moved or changed hands.',
  },
  query: `SELECT projection, build, version, state, partition, position, recorded_at, log_head,
  greatest(0, log_head - position) AS lag_events,
  CASE WHEN log_head > position AND recorded_at IS NOT NULL
    THEN greatest(0, extract(epoch FROM now() - recorded_at)) ELSE 0 END AS lag_seconds,
  (SELECT count(*)::integer FROM docket.parked_ticket AS parked
    WHERE (parked.projection, parked.build, parked.partition)
      = (checkpoint.projection, checkpoint.build, checkpoint.partition)) AS parked,
  owner, alive_at, live_since, checkpoint.updated_at
FROM docket.projection_build JOIN docket.projection_checkpoint AS checkpoint USING (projection, build)
JOIN docket.projection_owner USING (projection, build, partition)
WHERE state <> 'retired'`,
};
