/**
 * What readers see in the schema `docket`: a view for each table, on the rows of the live build, and the
 * analysts' views and functions on top of those. Views of one's own that stand on them are never dropped.
 */
import { Fault } from '../domain/errors.ts';
import type { Queries } from './sql.ts';
import { buildTableName, column, literal, qualifiedName, schemaName, type Table } from './table.ts';
import { createRelation, dropRelation, type Relation } from './view.ts';

/** Which text a view or function was made with: it is made anew only when that changed. */
export interface KnownRelation {
  readonly name: string;
  readonly definition: string;
  readonly drop_statement: string;
  readonly ordinal: number;
}

export const relationTable: Table<KnownRelation> = {
  name: 'analyst_relation',
  meaning: 'The views and functions for analysts, with the text that each was made with.',
  key: ['name'],
  fixed: [],
  fillPercent: 100,
  indexes: {},
  columns: [
    column('name', 'text', 'The view or function.', (e) => e.name),
    column('definition', 'text', 'The statements that made it.', (e) => e.definition),
    column('drop_statement', 'text', 'The statement that drops it.', (e) => e.drop_statement),
    column('ordinal', 'integer', 'Its place in the order of making.', (e) => e.ordinal),
  ],
};

/** PostgreSQL's codes: a view's columns can not change that way; other objects stand on it; no such table. */
const incompatibleView = '42P16';
const dependentObjects = '2BP01';
const undefinedTable = '42P01';

/**
 * Points the readers' view of each table to a build. Where its columns changed in a way that a view can not
 * follow, Docket's own views are dropped with it, to be made again by `ensureRelations`. Throws
 * `Fault('projection_failed')` where somebody else's views would have to be dropped.
 */
export async function showBuild(sql: Queries, tables: readonly Table<never>[], build: number): Promise<void> {
  for (const table of tables) {
    const names = table.columns.map(({ name }) => name).join(', ');
    const text = `VIEW ${qualifiedName(table)} AS SELECT ${names} FROM ${buildTableName(table, build)}`;
    const replaced = await attempt(sql, [`CREATE OR REPLACE ${text}`], incompatibleView);
    if (!replaced) {
      await dropRelations(sql);
      const made = await attempt(
        sql,
        [`DROP VIEW ${qualifiedName(table)}`, `CREATE ${text}`],
        dependentObjects,
      );
      if (!made) throw standsOn(qualifiedName(table));
    }
    await describeTable(sql, table);
  }
}

/** Makes the views and functions that are not there yet, or were made with another text. */
export async function ensureRelations(sql: Queries, relations: readonly Relation[]): Promise<void> {
  const known = await sql.query<KnownRelation>('SELECT * FROM docket.analyst_relation ORDER BY ordinal');
  const wanted = relations.map(definitionOf);
  if (known.length === wanted.length && known.every((each, index) => each.definition === wanted[index]))
    return;
  await dropRelations(sql);
  for (const [ordinal, relation] of relations.entries()) {
    // A view on a table whose first build is still being made comes with that build.
    if (!(await attempt(sql, createRelation(relation), undefinedTable))) continue;
    await sql.execute('INSERT INTO docket.analyst_relation VALUES ($1, $2, $3, $4)', [
      relation.name,
      definitionOf(relation),
      dropRelation(relation),
      ordinal,
    ]);
  }
}

async function dropRelations(sql: Queries): Promise<void> {
  const known = await sql.query<KnownRelation>('SELECT * FROM docket.analyst_relation ORDER BY ordinal DESC');
  for (const { name, drop_statement } of known) {
    if (!(await attempt(sql, [drop_statement], dependentObjects))) throw standsOn(`${schemaName}.${name}`);
  }
  await sql.execute('DELETE FROM docket.analyst_relation');
}

async function describeTable(sql: Queries, table: Table<never>): Promise<void> {
  const name = qualifiedName(table);
  await sql.execute(`COMMENT ON VIEW ${name} IS ${literal(table.meaning)}`);
  for (const each of table.columns) {
    await sql.execute(`COMMENT ON COLUMN ${name}.${each.name} IS ${literal(each.meaning)}`);
  }
}

/** Whether the statements went through; false, with nothing changed, where they failed with this code. */
async function attempt(sql: Queries, statements: readonly string[], code: string): Promise<boolean> {
  await sql.execute('SAVEPOINT attempt');
  try {
    for (const statement of statements) await sql.execute(statement);
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === code)) throw error;
    await sql.execute('ROLLBACK TO SAVEPOINT attempt');
    return false;
  } finally {
    await sql.execute('RELEASE SAVEPOINT attempt').catch(() => undefined);
  }
}

function definitionOf(relation: Relation): string {
  return createRelation(relation).join(';\n');
}

function standsOn(name: string): Fault {
  return new Fault(
    'projection_failed',
    `${name} has other columns in this release, and objects that are not Docket's stand on it; drop those, start` +
      ' Docket, and make them again',
  );
}
