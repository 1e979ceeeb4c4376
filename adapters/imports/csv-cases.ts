/**
 * Case events from the records of a CSV file, as a mapping says which column is what. The first record names
 * the columns. It must never lose a record: each becomes a case event, or is told as malformed.
 */
import { Fault } from '../../domain/errors.ts';
import type { FieldValue } from '../../domain/ticket/values.ts';
import type { CaseEvent } from './case-event.ts';
import type { CaseMapping, MappedFieldType } from './case-mapping.ts';
import { type TimeReader, timeReader } from './case-times.ts';
import type { CsvRecord } from './csv-records.ts';
import { FieldNames, fieldNamesMax } from './field-names.ts';
import { ImportProblem, type Malformed, missing, timeOr, unreadable } from './import-problem.ts';

interface FieldColumn {
  readonly field: string;
  readonly index: number;
  readonly type: MappedFieldType;
}

const noAttributes = Object.freeze({});
const columnsShownMax = 50;

/** Makes case events from records, by the file's header. */
export class CsvCases {
  readonly #header: readonly string[];
  readonly #mapping: CaseMapping;
  readonly #missing: ReadonlySet<string>;
  readonly #time: TimeReader;
  readonly #at: Readonly<Record<'caseId' | 'activity' | 'time' | 'lifecycle' | 'resource' | 'group', number>>;
  readonly #fields: readonly FieldColumn[];
  readonly #caseFields: readonly FieldColumn[];

  /** Throws `Fault('input_unreadable')` where the header lacks a column that the mapping names. */
  constructor(header: CsvRecord, mapping: CaseMapping, file: string) {
    this.#header = header.cells.map((name) => name.trim());
    this.#mapping = mapping;
    this.#missing = new Set(['', ...mapping.missing]);
    this.#time = timeReader(mapping.time?.format ?? 'iso', mapping.time?.zone ?? 'UTC');
    const lost: string[] = [];
    const indexOf = (column: string | undefined) => {
      const index = column === undefined ? -1 : this.#header.indexOf(column);
      if (column !== undefined && index === -1) lost.push(column);
      return index;
    };
    this.#at = {
      caseId: indexOf(mapping.caseId),
      activity: indexOf(mapping.activity),
      time: indexOf(mapping.time?.column),
      lifecycle: indexOf(mapping.lifecycle),
      resource: indexOf(mapping.resource),
      group: indexOf(mapping.group),
    };
    const named = (sources: CaseMapping['fields']) =>
      Object.entries(sources ?? {}).map(([field, source]): FieldColumn => {
        return { field, index: indexOf(source.column), type: source.type };
      });
    this.#caseFields = named(mapping.caseFields);
    this.#fields = mapping.fields === undefined ? this.#otherColumns() : named(mapping.fields);
    const [first] = lost;
    if (first === undefined) return;
    const known = this.#header.slice(0, columnsShownMax).join(', ');
    throw new Fault('input_unreadable', `${file} has no column ${lost.join(', ')}; it has ${known}`);
  }

  read(record: CsvRecord): CaseEvent | Malformed {
    const event = this.#eventOf(record);
    if (!(event instanceof ImportProblem)) return event;
    const { line, cells, malformed } = record;
    const names = this.#header;
    const text = malformed === undefined ? {} : { text: malformed };
    const named = Object.fromEntries(cells.map((cell, index) => [names[index] ?? `cell ${index + 1}`, cell]));
    const caseId = this.#cell(record, this.#at.caseId);
    return { problem: event, line, caseId, record: { ...named, ...text } };
  }

  #eventOf(record: CsvRecord): CaseEvent | ImportProblem {
    const { line, cells, malformed } = record;
    if (malformed !== undefined) return senselessQuotes;
    if (cells.length !== this.#header.length) {
      const message = `this row has ${cells.length} cells, not ${this.#header.length}`;
      return new ImportProblem('cell_count', undefined, message);
    }
    const at = this.#at;
    const { caseId: caseColumn = '', activity: activityColumn = '', time } = this.#mapping;
    const caseId = this.#cell(record, at.caseId);
    if (caseId === undefined) return missing(`column ${caseColumn}`, 'the id of the case');
    const activity = this.#cell(record, at.activity);
    if (activity === undefined) return missing(`column ${activityColumn}`, 'what was done');
    const right = `a time as ${time?.format ?? 'iso'}`;
    const when = timeOr(`column ${time?.column ?? ''}`, this.#cell(record, at.time), this.#time, right);
    if (when instanceof ImportProblem) return when;
    const attributes = this.#valuesOf(record, this.#fields);
    if (attributes instanceof ImportProblem) return attributes;
    const caseAttributes = this.#valuesOf(record, this.#caseFields);
    if (caseAttributes instanceof ImportProblem) return caseAttributes;
    return {
      caseId,
      activity,
      lifecycle: this.#cell(record, at.lifecycle),
      at: when,
      resource: this.#cell(record, at.resource),
      group: this.#cell(record, at.group),
      attributes,
      caseAttributes,
      line,
    };
  }

  #cell({ cells }: CsvRecord, index: number): string | undefined {
    const text = cells[index];
    return text === undefined || this.#missing.has(text) ? undefined : text;
  }

  #valuesOf(
    record: CsvRecord,
    columns: readonly FieldColumn[],
  ): Readonly<Record<string, FieldValue>> | ImportProblem {
    if (columns.length === 0) return noAttributes;
    const values: Record<string, FieldValue> = {};
    for (const { field, index, type } of columns) {
      const text = this.#cell(record, index);
      if (text === undefined) continue;
      const value = this.#valueOf(text, type, index);
      if (value instanceof ImportProblem) return value;
      values[field] = value;
    }
    return values;
  }

  #valueOf(text: string, type: MappedFieldType, index: number): string | number | boolean | ImportProblem {
    const column = `column ${this.#header[index]}`;
    switch (type) {
      case 'text':
        return text;
      case 'number': {
        const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
        return Number.isFinite(number) ? number : unreadable(column, text, 'a number such as -3.5');
      }
      case 'flag':
        if (/^(true|1)$/i.test(text)) return true;
        return /^(false|0)$/i.test(text) ? false : unreadable(column, text, 'true or false');
      case 'time': {
        const at = this.#time(text);
        if (at !== undefined) return new Date(at).toISOString();
        return unreadable(column, text, `a time as ${this.#mapping.time?.format ?? 'iso'}`);
      }
      default:
        return type satisfies never;
    }
  }

  /** Nothing is lost where a mapping does not say which other columns matter. */
  #otherColumns(): FieldColumn[] {
    const taken = new Set<number>([
      ...Object.values(this.#at),
      ...this.#caseFields.map(({ index }) => index),
    ]);
    const names = new FieldNames();
    return this.#header.flatMap((column, index) => {
      if (taken.has(index)) return [];
      const field = names.of(column === '' ? 'column' : column);
      if (field === undefined) throw tooManyColumns(this.#header.length);
      return [{ field, index, type: 'text' as const }];
    });
  }
}

const senselessQuotes = new ImportProblem(
  'quoting',
  undefined,
  'the quotes in this row make no sense: a quoted cell begins and ends with " and doubles it inside',
);

function tooManyColumns(columns: number): Fault {
  const message = `the header names ${columns} columns; name those that matter in the mapping's fields, at most ${fieldNamesMax}`;
  return new Fault('input_unreadable', message);
}
