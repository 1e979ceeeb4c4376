/**
 * How far each build of a projection has come, and which owner may move it on. A checkpoint moves only in the
 * transaction that writes the rows, by compare-and-set on position and epoch: what was projected is never
 * projected again, and a projector that was replaced is refused at its next batch.
 */
import { Fault } from '../domain/errors.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import type { BuildKey } from './build.ts';
import { instantText } from './instants.ts';
import type { Queries } from './sql.ts';
import { column, optionalColumn, schemaName, type Table } from './table.ts';

export interface Checkpoint {
  readonly projection: string;
  readonly build: number;
  readonly partition: number;
  /** The last position that the rows hold; 0 for none. */
  readonly position: number;
  /** Commit time of the event at that position. */
  readonly recorded_at: EpochMs | null;
  readonly epoch: number;
  readonly updated_at: EpochMs;
}

/** One build's step in a batch. */
export interface Move extends BuildKey {
  readonly partition: number;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  /** Commit time of the event at `to`; undefined leaves it as it is, for a step that goes nowhere. */
  readonly recordedAt: EpochMs | undefined;
}

export const checkpointTable: Table<Checkpoint> = {
  name: 'projection_checkpoint',
  meaning:
    'How far each build of each read model has come in each partition of the log. Moves with its rows.',
  key: ['projection', 'build', 'partition'],
  fixed: [],
  fillPercent: 10,
  indexes: {},
  columns: [
    column('projection', 'text', 'The read model.', (e) => e.projection),
    column('build', 'integer', 'Which build of it.', (e) => e.build),
    column('partition', 'integer', 'The partition of the log.', (e) => e.partition),
    column(
      'position',
      'bigint',
      'Position of the last event that the rows hold; 0 for none.',
      (e) => e.position,
    ),
    optionalColumn(
      'recorded_at',
      'timestamptz',
      'Commit time of that event: how fresh the rows are.',
      (e) => e.recorded_at,
    ),
    column(
      'epoch',
      'bigint',
      'Rises with each takeover; a projector with an older one is refused.',
      (e) => e.epoch,
    ),
    column('updated_at', 'timestamptz', 'When it last moved or changed hands.', (e) => e.updated_at),
  ],
};

/** Moves checkpoints on. Throws `Fault('projector_fenced')` unless every one is where it is expected. */
export async function moveCheckpoints(sql: Queries, moves: readonly Move[], now: EpochMs): Promise<void> {
  const moved = await sql.execute(
    `WITH mine AS (
  SELECT projection, build, partition, target, recorded FROM docket.projection_checkpoint
  JOIN unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[])
    AS wanted (projection, build, partition, expected, held, target, recorded)
    USING (projection, build, partition)
  WHERE position = expected AND epoch = held
  ORDER BY projection, build, partition FOR UPDATE OF projection_checkpoint
)
UPDATE docket.projection_checkpoint AS old
SET position = mine.target, recorded_at = coalesce(mine.recorded, old.recorded_at), updated_at = $8
FROM mine
WHERE (old.projection, old.build, old.partition) = (mine.projection, mine.build, mine.partition)`,
    [
      moves.map(({ projection }) => projection),
      moves.map(({ build }) => build),
      moves.map(({ partition }) => partition),
      moves.map(({ from }) => from),
      moves.map(({ epoch }) => epoch),
      moves.map(({ to }) => to),
      moves.map(({ recordedAt }) => (recordedAt === undefined ? null : instantText(recordedAt))),
      instantText(now),
    ],
  );
  if (moved !== moves.length) throw fenced(moves.map(({ projection }) => projection).join(', '));
}

/** Every checkpoint there is; none in a database that no projector has seen. */
export async function readCheckpoints(queries: Queries): Promise<readonly Checkpoint[]> {
  if (!(await isInstalled(queries))) return [];
  return queries.query<Checkpoint>(
    'SELECT * FROM docket.projection_checkpoint ORDER BY projection, build, partition',
  );
}

/** Checkpoints of what readers see. */
export async function readLiveCheckpoints(queries: Queries): Promise<readonly Checkpoint[]> {
  if (!(await isInstalled(queries))) return [];
  return queries.query<Checkpoint>(
    `SELECT checkpoint.* FROM docket.projection_checkpoint AS checkpoint
JOIN docket.projection_build USING (projection, build) WHERE state = 'live' ORDER BY projection, partition`,
  );
}

/**
 * Whether the checkpoint table is there. Asks the catalogue's tables: `to_regclass` answers from a cache that
 * may be older than the lock which a starter has just waited for.
 */
export async function isInstalled(queries: Queries): Promise<boolean> {
  const found = await queries.query('SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2', [
    schemaName,
    checkpointTable.name,
  ]);
  return found.length > 0;
}

export function fenced(what: string): Fault {
  return new Fault('projector_fenced', `another projector has taken over ${what}; this one has let go of it`);
}
