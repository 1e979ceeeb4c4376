/**
 * Imports Docket's own XES files: the tickets are made again by their commands, and then compared with the
 * file. Into an empty log nothing is lost; importing again adds nothing, and goes on where an import was
 * broken off. It must never say that an event is there which was not compared.
 */
import { checkRestored, type RestoreReport } from './restore-check.ts';
import { type RestoreOptions, restoreTickets } from './restore-tickets.ts';

export interface DocketImportOptions extends RestoreOptions {
  /** Path of the NDJSON file for events that are not as the file has them; one of this name is replaced. */
  readonly rejects: string;
}

/** Throws `Fault('input_unreadable')`, what the sink and the reader throw, and the signal's reason. */
export async function importDocket(options: DocketImportOptions): Promise<RestoreReport> {
  const startedAtMs = performance.now();
  const { file, reader, rejects, signal } = options;
  const partitions = Array.from({ length: reader.partitions }, (_, partition) => partition);
  const headsBefore = await Promise.all(partitions.map((partition) => reader.head(partition)));
  const refusals = await restoreTickets(options);
  return checkRestored({ file, reader, headsBefore, refusals, rejects, startedAtMs, signal });
}
