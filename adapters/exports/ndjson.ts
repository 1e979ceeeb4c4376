/** Rows as newline-delimited JSON: one object per row, its members named as the columns. */
import type { ExportColumn } from './columns.ts';
import type { Output } from './output.ts';
import { timeText } from './text.ts';

/** Times are ISO 8601 in UTC; absent values are `null`, so that every line has the same members. */
export async function writeNdjson<Row>(
  columns: readonly ExportColumn<Row>[],
  batches: AsyncIterable<readonly Row[]>,
  output: Output,
): Promise<void> {
  for await (const batch of batches) {
    let lines = '';
    for (const row of batch) lines += `${JSON.stringify(objectOf(columns, row))}\n`;
    await output.write(lines);
  }
}

function objectOf<Row>(columns: readonly ExportColumn<Row>[], row: Row): object {
  const members = columns.map(({ name, kind, of }) => {
    const value = of(row) ?? null;
    return [name, kind === 'time' && typeof value === 'number' ? `${timeText(value)}Z` : value];
  });
  return Object.fromEntries(members);
}
