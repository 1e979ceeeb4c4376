/**
 * Rows as CSV (RFC 4180 quoting, UTF-8, `\n` between records, names in the first record). Absent values are
 * empty cells, times ISO 8601 in UTC with milliseconds, JSON values their JSON text.
 *
 * A cell that begins with `=`, `+`, `-`, `@`, tab or carriage return can run as a formula when a spreadsheet
 * opens the file, and requesters choose such texts. Files are exact by default, because tools that compute
 * must not be lied to; whoever opens them in a spreadsheet asks for `guardFormulas`, which puts `'` before.
 */
import type { CellValue, ColumnKind, ExportColumn } from './columns.ts';
import type { Output } from './output.ts';
import { plainText, timeText } from './text.ts';

export interface CsvOptions {
  readonly guardFormulas?: boolean | undefined;
}

const mustBeQuoted = /[",\r\n]/;
const mayBeFormula = /^[=+\-@\t\r]/;

export async function writeCsv<Row>(
  columns: readonly ExportColumn<Row>[],
  batches: AsyncIterable<readonly Row[]>,
  output: Output,
  { guardFormulas = false }: CsvOptions = {},
): Promise<void> {
  await output.write(`${columns.map(({ name }) => quoted(name)).join(',')}\n`);
  for await (const batch of batches) {
    let records = '';
    for (const row of batch) {
      let record = '';
      for (const { kind, of } of columns) {
        const cell = cellText(kind, of(row));
        // Numbers and times may begin with a minus and are none the worse for it.
        const text = guardFormulas && kind === 'text' && mayBeFormula.test(cell) ? `'${cell}` : cell;
        record += `${quoted(text)},`;
      }
      records += `${record.slice(0, -1)}\n`;
    }
    await output.write(records);
  }
}

function cellText(kind: ColumnKind, value: CellValue): string {
  if (value === undefined || value === null) return '';
  if (kind === 'time' && typeof value === 'number') return `${timeText(value)}Z`;
  if (kind === 'json') return JSON.stringify(value);
  return typeof value === 'string' ? plainText(value) : String(value);
}

function quoted(cell: string): string {
  return mustBeQuoted.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
