/** Words that stand beside tables: what their figures mean, and what they leave out. */
import type { Definition } from './report.ts';

/** The definition of each, by its label. */
export function definitionsOf(
  figures: readonly { readonly label: string; readonly meaning: string }[],
): readonly Definition[] {
  return figures.map(({ label, meaning }) => ({ word: label, meaning }));
}

/** Tells that rows were left out. */
export function leftOut({ rows, total }: { readonly rows: readonly unknown[]; readonly total: number }) {
  return rows.length < total ? `the first ${rows.length} of ${total.toLocaleString('en')}` : undefined;
}
