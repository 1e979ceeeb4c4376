/** The first rows of a list with how many there are, in one statement. */
import type { Queries, SqlValue } from '../sql.ts';
import type { Top } from './analysis.ts';

export interface List {
  /** A SELECT whose columns have the names of the row's properties. */
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** Columns, as after ORDER BY. */
  readonly order: string;
  readonly rowsMax: number;
}

/** At most `rowsMax` of the rows. */
export async function topRows<Row extends object>(
  sql: Queries,
  { text, values, order, rowsMax }: List,
): Promise<Top<Row>> {
  const rows = await sql.query<{ readonly total: number; readonly row: Row }>(
    `SELECT count(*) OVER () AS total, to_jsonb(listed) AS row
FROM (${text}) AS listed ORDER BY ${order} LIMIT ${rowsMax}`,
    values,
  );
  return { total: rows[0]?.total ?? 0, rows: rows.map(({ row }) => row) };
}
