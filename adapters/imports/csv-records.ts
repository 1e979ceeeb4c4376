/**
 * Reads CSV (RFC 4180) from a stream of bytes, record by record, with the line each record begins on. Lines
 * without a quote, which is nearly all of them in machine-made files, are cut at their delimiters; only
 * records with quotes go through csv-parse. Measured on the 46 MB UCI log: 0.4 s, where csv-parse alone takes
 * 3 to 6 s.
 *
 * It must never hold more than one record and one chunk, and never guess how many cells a record should have.
 */
import { parse } from 'csv-parse/sync';
import { Fault } from '../../domain/errors.ts';

export interface CsvRecord {
  /** Counted from 1; for a record with line breaks in its cells, the line it begins on. */
  readonly line: number;
  readonly cells: readonly string[];
  /** The text as it stands, where its quotes make no sense; `cells` is then empty. */
  readonly malformed?: string;
}

export const recordCharactersMax = 1_048_576;

const newline = 0x0a;
const byteOrderMark = '\ufeff';

/**
 * Yields the records of a chunk together; `delimiter` is one character. Empty lines are none.
 * Throws `Fault('input_unreadable')`.
 */
export async function* readCsv(
  bytes: AsyncIterable<Buffer>,
  delimiter = ',',
): AsyncGenerator<readonly CsvRecord[]> {
  const lines = new RecordAssembler(delimiter);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const records: CsvRecord[] = [];
    let start = 0;
    for (let end = buffer.indexOf(newline); end !== -1; end = buffer.indexOf(newline, start)) {
      // Each line becomes a string of its own, so that a cell that is kept never keeps a whole chunk alive.
      lines.add(buffer.toString('utf8', start, end), records);
      start = end + 1;
    }
    rest = buffer.subarray(start);
    if (rest.length > recordCharactersMax) throw tooLong(lines.line + 1);
    if (records.length > 0) yield records;
  }
  const last: CsvRecord[] = [];
  if (rest.length > 0) lines.add(rest.toString('utf8'), last);
  lines.end();
  if (last.length > 0) yield last;
}

/** Puts lines together to records: a record ends where its quotes are balanced. */
class RecordAssembler {
  line = 0;
  readonly #delimiter: string;
  #open = '';
  #openedAt = 0;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  add(raw: string, into: CsvRecord[]): void {
    this.line += 1;
    const text = this.line === 1 && raw.startsWith(byteOrderMark) ? raw.slice(1) : raw;
    if (this.#openedAt === 0 && !text.includes('"')) {
      const line = text.endsWith('\r') ? text.slice(0, -1) : text;
      if (line !== '') into.push({ line: this.line, cells: line.split(this.#delimiter) });
      return;
    }
    if (this.#openedAt === 0) {
      this.#openedAt = this.line;
      this.#open = text;
    } else {
      this.#open += `\n${text}`;
    }
    if (this.#open.length > recordCharactersMax) throw tooLong(this.#openedAt);
    if (!quotesBalance(this.#open)) return;
    into.push(parseQuoted(this.#openedAt, this.#open, this.#delimiter));
    this.#openedAt = 0;
    this.#open = '';
  }

  end(): void {
    if (this.#openedAt === 0) return;
    const message = `line ${this.#openedAt} opens a quoted cell that is never closed; close it with "`;
    throw new Fault('input_unreadable', message);
  }
}

function quotesBalance(text: string): boolean {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1;
  return count % 2 === 0;
}

function parseQuoted(line: number, text: string, delimiter: string): CsvRecord {
  try {
    const record = text.endsWith('\r') ? text.slice(0, -1) : text;
    const [cells] = parse(record, { delimiter, relax_column_count: true });
    if (cells !== undefined) return { line, cells };
  } catch {
    // Whatever csv-parse minds, the caller is given the text and reports the row.
  }
  return { line, cells: [], malformed: text };
}

function tooLong(line: number): Fault {
  const message = `line ${line} does not end within ${recordCharactersMax} characters; this is no CSV file`;
  return new Fault('input_unreadable', message);
}
