/** What processes used together, of rows in which not all of them may be known. */
import type { ByProcess } from './result.ts';

/** Of those that are known; undefined where none is. */
export function docketAndPostgres({ server, projector, postgres }: ByProcess): number | undefined {
  const known = [server, projector, postgres].filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}
