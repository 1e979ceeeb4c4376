/**
 * How a view or a function for analysts is declared: its text, what it means, and what each of its columns
 * means. They stand on tables of several read models and hold no rows of their own, so they can be made anew
 * at any time. The names in their text are those that readers use, such as `docket.ticket`.
 */
import { literal, schemaName } from './table.ts';

export interface View {
  readonly kind: 'view';
  readonly name: string;
  readonly meaning: string;
  /** The meaning of each column, by name, in the order of the query. */
  readonly columns: Readonly<Record<string, string>>;
  /** A SELECT. */
  readonly query: string;
}

export interface SqlFunction {
  readonly kind: 'function';
  readonly name: string;
  readonly meaning: string;
  /** As `CREATE FUNCTION` takes them: `zone text DEFAULT 'UTC', from_day date`. */
  readonly parameters: string;
  /** The types of the parameters alone, by which PostgreSQL tells functions of one name apart. */
  readonly signature: string;
  /** Columns of the answer with their type and meaning, in order; for `RETURNS TABLE`. */
  readonly columns: Readonly<Record<string, { readonly type: string; readonly meaning: string }>>;
  /** `LANGUAGE … AS $$…$$` and what else follows the columns. */
  readonly body: string;
}

export type Relation = View | SqlFunction;

/** The statements that make it, in order. What was there under its name must have been dropped. */
export function createRelation(relation: Relation): readonly string[] {
  return relation.kind === 'view' ? createView(relation) : createFunction(relation);
}

export function dropRelation(relation: Relation): string {
  const name = `${schemaName}.${relation.name}`;
  return relation.kind === 'view'
    ? `DROP VIEW IF EXISTS ${name}`
    : `DROP FUNCTION IF EXISTS ${name}(${relation.signature})`;
}

function createView({ name, meaning, columns, query }: View): readonly string[] {
  const view = `${schemaName}.${name}`;
  return [
    `CREATE VIEW ${view} AS\n${query}`,
    `COMMENT ON VIEW ${view} IS ${literal(meaning)}`,
    ...Object.entries(columns).map(
      ([column, text]) => `COMMENT ON COLUMN ${view}.${column} IS ${literal(text)}`,
    ),
  ];
}

function createFunction({ name, meaning, parameters, signature, columns, body }: SqlFunction) {
  const answer = Object.entries(columns).map(([column, { type }]) => `${column} ${type}`);
  const returned = Object.entries(columns).map(([column, each]) => `${column}: ${each.meaning}`);
  const text = `${meaning} Answers ${returned.join('; ')}`;
  return [
    `CREATE FUNCTION ${schemaName}.${name}(${parameters}) RETURNS TABLE (${answer.join(', ')})\n${body}`,
    `COMMENT ON FUNCTION ${schemaName}.${name}(${signature}) IS ${literal(text)}`,
  ];
}
