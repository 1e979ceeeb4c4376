/**
 * Reads an event log of another system, whatever its format, as case events: XES by its own keys, CSV by a
 * mapping; plain, gzipped or alone in a .zip. Streamed: what is held is one chunk of the file, however long
 * the file is.
 *
 * It must never lose a row or an element: what does not become a case event is told to `onMalformed`, and
 * where nobody listens, the first of them ends the reading.
 */
import { Fault } from '../../domain/errors.ts';
import type { CaseEvent } from './case-event.ts';
import type { CaseMapping } from './case-mapping.ts';
import { CsvCases } from './csv-cases.ts';
import { readCsv } from './csv-records.ts';
import { isMalformed, type Malformed } from './import-problem.ts';
import { openInput } from './input-file.ts';
import { XesCases } from './xes-cases.ts';
import { readXes, type XesHeader } from './xes-elements.ts';

export interface ReadCaseEventsOptions {
  readonly file: string;
  /** Needed for CSV; for XES where it is not as the standard says. */
  readonly mapping?: CaseMapping | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onMalformed?: ((malformed: Malformed) => void) | undefined;
}

export type CaseFormat = 'csv' | 'xes';

/**
 * Batches in the order of the file, one for each chunk; where all of a chunk is malformed, an empty one, so
 * that whoever listens can keep up. Throws `Fault('input_unreadable')` for a file that is not what it should
 * be, and the signal's reason.
 */
export async function* readCaseEvents(options: ReadCaseEventsOptions): AsyncGenerator<readonly CaseEvent[]> {
  const { file, mapping, signal } = options;
  const onMalformed = options.onMalformed ?? failing(file);
  const { format, bytes, close } = await openSniffed(file);
  if (format === 'csv' && mapping?.format !== 'csv') {
    await close();
    const message = `${file} does not begin like XES; for CSV, a mapping must say which column is what`;
    throw new Fault('input_unreadable', message);
  }
  const batches =
    format === 'csv' && mapping !== undefined
      ? csvCases(bytes, mapping, file, onMalformed)
      : xesCases(bytes, mapping?.format === 'xes' ? mapping : undefined, file, onMalformed);
  for await (const events of batches) {
    signal?.throwIfAborted();
    yield events;
  }
}

export interface SniffedFile {
  readonly format: CaseFormat;
  readonly bytes: AsyncIterable<Buffer>;
  /** For who does not read the bytes; reading them, even not to their end, closes the file as well. */
  close(): Promise<unknown>;
}

/** Looks at the first bytes: XES is XML, and so begins with `<`. */
export async function openSniffed(file: string): Promise<SniffedFile> {
  const bytes = openInput({ file });
  const first = await bytes.next();
  if (first.done === true) throw new Fault('input_unreadable', `${file} is empty`);
  const { value: chunk } = first;
  const close = () => bytes.return(undefined);
  return { format: isXml(chunk) ? 'xes' : 'csv', bytes: chain(chunk, bytes), close };
}

/** The texts of an XML file, in the encoding that it declares. Throws for bytes that are not in it. */
export async function* decodeXml(bytes: AsyncIterable<Buffer>, file: string): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  try {
    for await (const chunk of bytes) {
      decoder ??= new TextDecoder(encodingOf(chunk), { fatal: true });
      yield decoder.decode(chunk, { stream: true });
    }
    yield decoder?.decode() ?? '';
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    const message = `${file} is not in the encoding that it declares: ${cause.message}`;
    throw new Fault('input_unreadable', message, { cause });
  }
}

async function* csvCases(
  bytes: AsyncIterable<Buffer>,
  mapping: CaseMapping,
  file: string,
  onMalformed: (malformed: Malformed) => void,
): AsyncGenerator<readonly CaseEvent[]> {
  let cases: CsvCases | undefined;
  for await (const records of readCsv(bytes, mapping.delimiter)) {
    const events: CaseEvent[] = [];
    for (const record of records) {
      if (cases === undefined) {
        cases = new CsvCases(record, mapping, file);
        continue;
      }
      const event = cases.read(record);
      if (isMalformed(event)) onMalformed(event);
      else events.push(event);
    }
    yield events;
  }
  if (cases === undefined) throw new Fault('input_unreadable', `${file} has no header line`);
}

async function* xesCases(
  bytes: AsyncIterable<Buffer>,
  mapping: CaseMapping | undefined,
  file: string,
  onMalformed: (malformed: Malformed) => void,
): AsyncGenerator<readonly CaseEvent[]> {
  const header: XesHeader = { attributes: [], traceGlobals: [], eventGlobals: [], classifiers: [] };
  const cases = new XesCases(header, mapping);
  for await (const items of readXes(decodeXml(bytes, file), file, header)) {
    const events: CaseEvent[] = [];
    for (const item of items) {
      if (item.kind === 'trace_end') continue;
      const event = item.kind === 'event' ? cases.read(item) : cases.flawed(item);
      if (isMalformed(event)) onMalformed(event);
      else events.push(event);
    }
    yield events;
  }
}

async function* chain<T>(first: T, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

function isXml(chunk: Buffer): boolean {
  const utf16 = chunk[0] === 0xff || chunk[0] === 0xfe;
  return utf16 || /^(\ufeff)?\s*</.test(chunk.toString('utf8', 0, 1_024));
}

function encodingOf(chunk: Buffer): string {
  if (chunk[0] === 0xff && chunk[1] === 0xfe) return 'utf-16le';
  if (chunk[0] === 0xfe && chunk[1] === 0xff) return 'utf-16be';
  const declared = /^[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(chunk.toString('latin1', 0, 200));
  return declared?.[1] ?? 'utf-8';
}

function failing(file: string): (malformed: Malformed) => void {
  return ({ line, problem }) => {
    throw new Fault('input_unreadable', `${file} line ${line}: ${problem.message}`);
  };
}
