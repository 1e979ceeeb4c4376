/**
 * Imports the incident log of UCI repository #498 (C. A. L. Amaral, M. Fantinato, S. M. Peres, 2018, CC BY
 * 4.0): each row, one update of a real ServiceNow ticket, becomes commands of the `incident` workflow. Rows
 * that the workflow does not allow are rejected and written down. Importing again adds nothing.
 *
 * It must never write to a log itself, hold the whole file, or lose a row: each is accounted for exactly
 * once.
 */

import { Fault } from '../../domain/errors.ts';
import type { CommandSink } from '../../domain/ports.ts';
import { CommandSender, senderLimits } from './command-sender.ts';
import { readCsv } from './csv-records.ts';
import { openInput } from './input-file.ts';
import { RejectFile } from './reject-file.ts';
import { isProblem, rowReader, uciColumns } from './uci-columns.ts';
import { UciIncidents } from './uci-incidents.ts';
import { refusedCell } from './uci-plan.ts';
import { type UciImportReport, UciTally } from './uci-tally.ts';

export const uciEntry = 'incident_event_log.csv';

/** At these bounds an import was measured to hold about 150 MB, however long the file. */
export const uciImportLimits = {
  ...senderLimits,
  /** Rows read but not yet settled. */
  rowsAheadMax: 8_192,
  /** Tickets remembered in case more rows of them come: enough for the real log sorted by time. */
  picturesMax: 16_384,
};

export interface UciImportProgress {
  readonly rows: number;
  readonly tickets: number;
  readonly events: number;
  readonly rejected: number;
}

export interface UciImportOptions {
  /** The .zip as downloaded, or the .csv from inside it. */
  readonly file: string;
  readonly sink: CommandSink;
  /** Path of the NDJSON file for rejected rows; a file of this name is replaced. */
  readonly rejects: string;
  /** Called after each chunk of the file, and once at the end. */
  readonly onProgress?: (progress: UciImportProgress) => void;
  readonly signal?: AbortSignal;
  readonly limits?: Partial<typeof uciImportLimits>;
}

/**
 * Resolves when every row is settled. Throws `Fault('input_unreadable')` for a file that is not the log, what
 * the sink throws, and the signal's reason; what was sent then stays, and importing again goes on from there.
 */
export async function importUci(options: UciImportOptions): Promise<UciImportReport> {
  const startedAtMs = performance.now();
  const limits = { ...uciImportLimits, ...options.limits };
  await using csv = readCsv(openInput({ file: options.file, entry: uciEntry }));
  const first = await csv.next();
  const [header, ...firstRecords] = first.value ?? [];
  if (header === undefined) throw emptyFile(options.file);
  const read = rowReader(header);
  const rejects = await RejectFile.create(options.rejects);
  const sender = new CommandSender(options.sink, limits, options.signal);
  const tally = new UciTally();
  const incidents = new UciIncidents({ sender, tally, rejects, picturesMax: limits.picturesMax });
  const report = () => options.onProgress?.(progressOf(tally));
  try {
    for await (const records of chain(firstRecords, csv)) {
      for (const record of records) {
        tally.rows += 1;
        const row = read(record);
        if (isProblem(row)) incidents.refuse(record, refusedCell(row, undefined), false);
        else incidents.take(row);
        while (sender.full || incidents.rowsAhead >= limits.rowsAheadMax) await sender.advance();
      }
      await rejects.drained();
      options.signal?.throwIfAborted();
      report();
    }
    while (incidents.rowsAhead > 0) await sender.advance();
  } finally {
    await sender.settle();
    await rejects.close();
  }
  report();
  return tally.report((performance.now() - startedAtMs) / 1_000);
}

async function* chain<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

function progressOf({ rows, tickets, events, rejected }: UciTally): UciImportProgress {
  return { rows, tickets, events, rejected };
}

function emptyFile(file: string): Fault {
  const message = `${file} is empty; its first line must name the columns ${uciColumns.join(',')}`;
  return new Fault('input_unreadable', message);
}
