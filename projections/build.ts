/**
 * The builds of each projection: every build has tables of its own, so that a new one is made beside the one
 * that readers see and then takes its place. Which build is live is a row here, changed in the transaction
 * that shows readers the new tables.
 */
import type { Calendars } from '../domain/metrics/calendars.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import { instantText } from './instants.ts';
import type { Projection } from './projection.ts';
import type { Queries } from './sql.ts';
import { buildTableName, column, createStatements, optionalColumn, type Table } from './table.ts';

/**
 * `building`: not seen by readers yet. `live`: what they see. `retired`: replaced, its tables to be
 * dropped.
 */
export type BuildState = 'building' | 'live' | 'retired';

export interface Build {
  readonly projection: string;
  readonly build: number;
  readonly version: number;
  /** What beside the version decides over the rows: the calendars, as canonical JSON. */
  readonly settings: string;
  /** Names of its tables, without the build's ending. */
  readonly tables: readonly string[];
  readonly state: BuildState;
  readonly created_at: EpochMs;
  readonly live_since: EpochMs | null;
}

export const buildTable: Table<Build> = {
  name: 'projection_build',
  meaning: 'Which versions of each read model there are, and which one readers see.',
  key: ['projection', 'build'],
  fixed: [],
  fillPercent: 50,
  indexes: { projection_build_live: "UNIQUE (projection) WHERE state = 'live'" },
  columns: [
    column('projection', 'text', 'The read model.', (e) => e.projection),
    column('build', 'integer', 'Which build of it, counted from 1; its tables end in _b1.', (e) => e.build),
    column('version', 'integer', 'Which version of its definition made the rows.', (e) => e.version),
    column(
      'settings',
      'text',
      'What beside the version decides over the rows: the calendars.',
      (e) => e.settings,
    ),
    column('tables', 'jsonb', 'Its tables, without the ending.', (e) => e.tables),
    column(
      'state',
      'text',
      'building (beside the live one), live (what readers see) or retired (replaced).',
      (e) => e.state,
    ),
    column('created_at', 'timestamptz', 'When it was begun.', (e) => e.created_at),
    optionalColumn('live_since', 'timestamptz', 'Since when readers see it.', (e) => e.live_since),
  ],
};

export type BuildKey = Pick<Build, 'projection' | 'build'>;

/** A build that this release can project, because it has the definition and the settings that it needs. */
export interface RunnableBuild {
  readonly projection: Projection;
  readonly build: number;
  readonly state: 'live' | 'building';
}

/** Every build there is, in order of the key. */
export async function readBuilds(queries: Queries): Promise<readonly Build[]> {
  return queries.query<Build>('SELECT * FROM docket.projection_build ORDER BY projection, build');
}

/** Whether this release would make the same rows. */
export function isCurrent(build: Build, projection: Projection, calendars: Calendars): boolean {
  return build.version === projection.version && build.settings === settingsOf(projection, calendars);
}

export function settingsOf(projection: Projection, calendars: Calendars): string {
  return projection.usesCalendars === true ? calendars.definition : '{}';
}

export interface NewBuild {
  readonly projection: Projection;
  readonly calendars: Calendars;
  readonly state: 'live' | 'building';
  readonly partitions: number;
  readonly now: EpochMs;
}

/** Makes the tables of a new build and its checkpoints at 0. Answers its number. */
export async function createBuild(sql: Queries, wanted: NewBuild): Promise<number> {
  const { projection, calendars, state, partitions, now } = wanted;
  const { name, version, tables } = projection;
  const at = instantText(now);
  const [row] = await sql.query<{ build: number }>(
    `INSERT INTO docket.projection_build
  (projection, build, version, settings, tables, state, created_at, live_since)
SELECT $1, coalesce(max(build), 0) + 1, $2, $3, $4, $5, $6, CASE WHEN $5 = 'live' THEN $6::timestamptz END
FROM docket.projection_build WHERE projection = $1 RETURNING build`,
    [name, version, settingsOf(projection, calendars), JSON.stringify(tables.map(nameIn)), state, at],
  );
  if (row === undefined) throw new Error(`bug: no build of ${name} was made`);
  const { build } = row;
  for (const table of tables) {
    const statements = createStatements(table, buildTableName(table, build), `_b${build}`);
    for (const statement of statements) await sql.execute(statement);
  }
  await sql.execute(
    `INSERT INTO docket.projection_checkpoint (projection, build, partition, position, epoch, updated_at)
SELECT $1, $2, partition, 0, 0, $3 FROM generate_series(0, $4::integer - 1) AS partition`,
    [name, build, at, partitions],
  );
  await sql.execute(
    `INSERT INTO docket.projection_owner (projection, build, partition)
SELECT $1, $2, partition FROM generate_series(0, $3::integer - 1) AS partition`,
    [name, build, partitions],
  );
  return build;
}

/** The rows that say how far a build is and who has it: without them nobody can write to it any more. */
export async function forgetBuild(sql: Queries, { projection, build }: BuildKey): Promise<void> {
  for (const table of ['projection_checkpoint', 'projection_owner', 'parked_ticket']) {
    await sql.execute(`DELETE FROM docket.${table} WHERE projection = $1 AND build = $2`, [
      projection,
      build,
    ]);
  }
}

/** Drops a build that readers do not see, with its tables. Waits for statements that still read them. */
export async function dropBuild(sql: Queries, build: Build): Promise<void> {
  if (build.state === 'live') throw new Error(`bug: ${build.projection} is live and was to be dropped`);
  await forgetBuild(sql, build);
  for (const name of build.tables) {
    await sql.execute(`DROP TABLE IF EXISTS ${buildTableName({ name }, build.build)}`);
  }
  await sql.execute('DELETE FROM docket.projection_build WHERE projection = $1 AND build = $2', [
    build.projection,
    build.build,
  ]);
}

function nameIn({ name }: Table<never>): string {
  return name;
}
