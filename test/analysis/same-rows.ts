/** Compares what two statements answer, as multisets of rows. */
import { expect } from 'vitest';
import type { Database } from '../../projections/sql.ts';

/** A question, as a read model answers it and as it is worked out again. */
export interface Comparison {
  readonly what: string;
  readonly readModel: string;
  readonly recomputed: string;
  /** How many rows there are at least, for each ticket. */
  readonly rowsAtLeast: number;
}

const oddRowsShownMax = 10;

/**
 * Fails with the first rows that only one of the two has; `rowsAtLeast` keeps nothing from equalling nothing.
 */
export async function expectSameRows(
  database: Database,
  readModel: string,
  recomputed: string,
  rowsAtLeast: number,
): Promise<void> {
  const [difference] = await database.query<{ rows: number; odd: number; shown: readonly unknown[] | null }>(`
WITH a AS MATERIALIZED (${readModel}), b AS MATERIALIZED (${recomputed}), odd AS MATERIALIZED (
  SELECT 'read model' AS only_in, surplus.* FROM (TABLE a EXCEPT ALL TABLE b) AS surplus
  UNION ALL SELECT 'recomputed', missing.* FROM (TABLE b EXCEPT ALL TABLE a) AS missing
)
SELECT (SELECT count(*) FROM a) AS rows, (SELECT count(*) FROM odd) AS odd,
  (SELECT jsonb_agg(to_jsonb(shown)) FROM (SELECT * FROM odd ORDER BY 2, 1 LIMIT ${oddRowsShownMax}) AS shown) AS shown`);
  expect(difference).toMatchObject({ odd: 0, shown: null });
  expect(difference?.rows).toBeGreaterThanOrEqual(rowsAtLeast);
}
