/**
 * The columns of the UCI incident log and how their cells are read: which become fields of a ticket, as text,
 * number or truth value; what counts as missing; how times are written. Rows have the cells in the order
 * below, whatever the order in the file.
 *
 * It must never mend a cell: one that can not be read is a problem with the column's name in it.
 */
import { Fault } from '../../domain/errors.ts';
import type { EpochMs, FieldValue } from '../../domain/ticket/values.ts';
import type { CsvRecord } from './csv-records.ts';

export const uciColumns = [
  'number',
  'incident_state',
  'active',
  'reassignment_count',
  'reopen_count',
  'sys_mod_count',
  'made_sla',
  'caller_id',
  'opened_by',
  'opened_at',
  'sys_created_by',
  'sys_created_at',
  'sys_updated_by',
  'sys_updated_at',
  'contact_type',
  'location',
  'category',
  'subcategory',
  'u_symptom',
  'cmdb_ci',
  'impact',
  'urgency',
  'priority',
  'assignment_group',
  'assigned_to',
  'knowledge',
  'u_priority_confirmation',
  'notify',
  'problem_id',
  'rfc',
  'vendor',
  'caused_by',
  'closed_code',
  'resolved_by',
  'resolved_at',
  'closed_at',
] as const;
export type UciColumn = (typeof uciColumns)[number];

export interface UciRow {
  readonly line: number;
  /** One per column, in the order of `uciColumns`. */
  readonly cells: readonly string[];
}

/** Why a row can not be taken, before any rule of a workflow was asked. */
export interface CellProblem {
  readonly code:
    | 'cell_count'
    | 'quoting'
    | 'missing_cell'
    | 'unreadable_cell'
    | 'unknown_state'
    | 'no_command';
  readonly column: UciColumn | undefined;
  readonly message: string;
}

type FieldKind = 'text' | 'flag' | 'count' | 'time';

/** Columns that become fields as they stand. Final values (closed_code to closed_at) are not among them. */
const fieldKinds: Partial<Record<UciColumn, FieldKind>> = {
  active: 'flag',
  reassignment_count: 'count',
  reopen_count: 'count',
  made_sla: 'flag',
  opened_by: 'text',
  sys_created_by: 'text',
  sys_created_at: 'time',
  contact_type: 'text',
  location: 'text',
  category: 'text',
  subcategory: 'text',
  u_symptom: 'text',
  cmdb_ci: 'text',
  impact: 'text',
  urgency: 'text',
  priority: 'text',
  knowledge: 'flag',
  u_priority_confirmation: 'flag',
  notify: 'text',
  problem_id: 'text',
  rfc: 'text',
  vendor: 'text',
  caused_by: 'text',
};

const indexOf = Object.fromEntries(uciColumns.map((name, index) => [name, index]));
export const fieldColumns: readonly { readonly name: UciColumn; readonly kind: FieldKind }[] =
  uciColumns.flatMap((name) => {
    const kind = fieldKinds[name];
    return kind === undefined ? [] : [{ name, kind }];
  });

/** The cell's text; `undefined` where the source has none. */
export function cellOf(row: UciRow, column: UciColumn): string | undefined {
  const text = row.cells[indexOf[column] ?? -1];
  return text === '?' || text === '' ? undefined : text;
}

/** The row as an object with the file's own column names and texts. */
export function asObject(row: UciRow): Record<string, string> {
  return Object.fromEntries(uciColumns.map((name, index) => [name, row.cells[index] ?? '']));
}

/** A time such as 29/2/2016 01:16, read as UTC; `undefined` for a missing one. */
export function timeOf(row: UciRow, column: UciColumn): EpochMs | CellProblem | undefined {
  const text = cellOf(row, column);
  if (text === undefined) return undefined;
  return parseTime(text) ?? unreadable(column, text, 'a time as d/m/yyyy hh:mm');
}

/** A field's value; `undefined` for a missing one. */
export function fieldOf(
  row: UciRow,
  column: UciColumn,
  kind: FieldKind,
): FieldValue | CellProblem | undefined {
  const text = cellOf(row, column);
  if (text === undefined) return undefined;
  switch (kind) {
    case 'text':
      return text;
    case 'time':
      return parseTime(text) === undefined ? unreadable(column, text, 'a time as d/m/yyyy hh:mm') : text;
    case 'flag':
      if (text === 'true') return true;
      return text === 'false' ? false : unreadable(column, text, 'true or false');
    case 'count':
      return /^\d{1,9}$/.test(text) ? Number(text) : unreadable(column, text, 'a whole number');
    default:
      return kind satisfies never;
  }
}

export function isProblem(value: unknown): value is CellProblem {
  return typeof value === 'object' && value !== null && 'code' in value;
}

/** Makes rows from records, by the file's header. Throws `Fault('input_unreadable')` for another header. */
export function rowReader(header: CsvRecord): (record: CsvRecord) => UciRow | CellProblem {
  const names = header.cells.map((name) => name.trim());
  checkHeader(names);
  const from = uciColumns.map((name) => names.indexOf(name));
  const inOrder = from.every((index, position) => index === position);
  return (record) => {
    const { line, cells, malformed } = record;
    if (malformed !== undefined) {
      const message =
        'the quotes in this row make no sense: a quoted cell begins and ends with " and doubles it inside';
      return { code: 'quoting', column: undefined, message };
    }
    if (cells.length !== uciColumns.length) {
      const message = `this row has ${cells.length} cells, not ${uciColumns.length}`;
      return { code: 'cell_count', column: undefined, message };
    }
    return { line, cells: inOrder ? cells : from.map((index) => cells[index] ?? '') };
  };
}

function checkHeader(names: readonly string[]): void {
  const problems: string[] = [];
  const missing = uciColumns.filter((name) => !names.includes(name));
  const unknown = names.filter((name) => !uciColumns.some((known) => known === name));
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (missing.length > 0) problems.push(`missing: ${missing.join(', ')}`);
  if (unknown.length > 0) problems.push(`unknown: ${unknown.slice(0, uciColumns.length).join(', ')}`);
  if (twice.length > 0) problems.push(`more than once: ${twice.join(', ')}`);
  if (problems.length === 0) return;
  const right = `the first line must name the columns ${uciColumns.join(',')}, in any order`;
  throw new Fault('input_unreadable', `columns ${problems.join('; ')}; ${right}`);
}

const writtenTime = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})$/;

function parseTime(text: string): EpochMs | undefined {
  const match = writtenTime.exec(text);
  if (match === null) return undefined;
  const [day, month, year] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const [hour, minute] = [Number(match[4]), Number(match[5])];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  return hour > 23 || minute > 59 ? undefined : Date.UTC(year, month - 1, day, hour, minute);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function unreadable(column: UciColumn, text: string, right: string): CellProblem {
  const message = `column ${column} holds ${JSON.stringify(text.slice(0, 100))}, which is not ${right}`;
  return { code: 'unreadable_cell', column, message };
}
