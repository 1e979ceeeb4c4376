/**
 * How far each projection has come, and who may move it on. A checkpoint moves only in the transaction that
 * writes the rows, by compare-and-set on position and epoch: what was projected is never projected again, and
 * a projector that was replaced is refused at its next batch.
 */
import { Fault } from '../domain/errors.ts';
import type { EventReader } from '../domain/ports.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import { instantText } from './instants.ts';
import type { Projection } from './projection.ts';
import type { Database, Queries } from './sql.ts';
import { column, optionalColumn, schemaName, type Table } from './table.ts';

export interface Checkpoint {
  readonly projection: string;
  readonly version: number;
  readonly partition: number;
  /** The last position that the rows hold; 0 for none. */
  readonly position: number;
  /** Commit time of the event at that position. */
  readonly recorded_at: EpochMs | null;
  readonly epoch: number;
  readonly owner: string;
  readonly updated_at: EpochMs;
}

/** One projection's step in a batch. */
export interface Move {
  readonly projection: Projection;
  readonly partition: number;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly recordedAt: EpochMs;
}

export interface ProjectionStatus {
  readonly projection: string;
  readonly version: number;
  readonly partition: number;
  readonly position: number;
  /** Position of the log's last durable event. */
  readonly head: number;
  /** Events that are in the log but not yet in the rows. */
  readonly lagEvents: number;
  readonly recordedAt: EpochMs | undefined;
  readonly owner: string;
  readonly updatedAt: EpochMs;
}

export const checkpointTable: Table<Checkpoint> = {
  name: 'projection_checkpoint',
  meaning: 'How far each read model has come in each partition of the log. Moves together with its rows.',
  key: ['projection', 'version', 'partition'],
  fixed: [],
  fillPercent: 10,
  indexes: {},
  columns: [
    column('projection', 'text', 'The read model.', (e) => e.projection),
    column('version', 'integer', 'Which version of it the rows were made by.', (e) => e.version),
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
    column('owner', 'text', 'The process that took over last.', (e) => e.owner),
    column(
      'updated_at',
      'timestamptz',
      'When the checkpoint last moved or changed hands.',
      (e) => e.updated_at,
    ),
  ],
};

/**
 * Raises the epoch of the projections in every partition; the rows must exist. From then on, whoever held
 * them before can commit nothing more. Locks in order of the key, as `moveCheckpoints` does.
 */
export async function takeOver(
  sql: Queries,
  projections: readonly Projection[],
  owner: string,
  now: EpochMs,
): Promise<readonly Checkpoint[]> {
  return sql.query<Checkpoint>(
    `WITH mine AS (
  SELECT projection, version, partition FROM docket.projection_checkpoint
  JOIN unnest($1::text[], $2::integer[]) AS wanted (projection, version) USING (projection, version)
  ORDER BY projection, version, partition FOR UPDATE OF projection_checkpoint
)
UPDATE docket.projection_checkpoint AS old SET epoch = epoch + 1, owner = $3, updated_at = $4
FROM mine
WHERE (old.projection, old.version, old.partition) = (mine.projection, mine.version, mine.partition)
RETURNING old.*`,
    [projections.map(({ name }) => name), projections.map(({ version }) => version), owner, instantText(now)],
  );
}

/** Moves checkpoints on. Throws `Fault('projector_fenced')` unless every one is where it is expected. */
export async function moveCheckpoints(sql: Queries, moves: readonly Move[], now: EpochMs): Promise<void> {
  const moved = await sql.execute(
    `WITH mine AS (
  SELECT projection, version, partition, target, recorded FROM docket.projection_checkpoint
  JOIN unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[])
    AS wanted (projection, version, partition, expected, held, target, recorded)
    USING (projection, version, partition)
  WHERE position = expected AND epoch = held
  ORDER BY projection, version, partition FOR UPDATE OF projection_checkpoint
)
UPDATE docket.projection_checkpoint AS old
SET position = mine.target, recorded_at = mine.recorded, updated_at = $8
FROM mine
WHERE (old.projection, old.version, old.partition) = (mine.projection, mine.version, mine.partition)`,
    [
      moves.map(({ projection }) => projection.name),
      moves.map(({ projection }) => projection.version),
      moves.map(({ partition }) => partition),
      moves.map(({ from }) => from),
      moves.map(({ epoch }) => epoch),
      moves.map(({ to }) => to),
      moves.map(({ recordedAt }) => instantText(recordedAt)),
      instantText(now),
    ],
  );
  if (moved !== moves.length) throw fenced(moves.map(({ projection }) => projection.name).join(', '));
}

/** Every checkpoint there is; none in a database that no projector has seen. */
export async function readCheckpoints(queries: Queries): Promise<readonly Checkpoint[]> {
  if (!(await isInstalled(queries))) return [];
  return queries.query<Checkpoint>(
    'SELECT * FROM docket.projection_checkpoint ORDER BY projection, version, partition',
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

/** How far each projection is, and how far behind. The head is read last: a lag is never understated. */
export async function projectionStatus(
  database: Database,
  reader: EventReader,
): Promise<readonly ProjectionStatus[]> {
  const checkpoints = await readCheckpoints(database);
  const heads = await Promise.all(
    Array.from({ length: reader.partitions }, (_, partition) => reader.head(partition)),
  );
  return checkpoints.map((each) => {
    const head = heads[each.partition] ?? 0;
    return {
      projection: each.projection,
      version: each.version,
      partition: each.partition,
      position: each.position,
      head,
      lagEvents: Math.max(0, head - each.position),
      recordedAt: each.recorded_at ?? undefined,
      owner: each.owner,
      updatedAt: each.updated_at,
    };
  });
}

export function fenced(what: string): Fault {
  return new Fault('projector_fenced', `another projector has taken over ${what}; this one has stopped`);
}
