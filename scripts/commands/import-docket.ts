/** The part of `docket import xes` that brings Docket's own files back. */
import { importDocket } from '../../adapters/imports/import-docket.ts';
import type { RestoreReport } from '../../adapters/imports/restore-check.ts';
import type { JsonOptions, LogOptions } from '../cli/options.ts';
import { exitCodes, print, printJson, table } from '../cli/output.ts';
import { progressBar } from '../cli/progress.ts';
import { makeDataFolder, rejectsFile } from '../runtime/data-folder.ts';
import { openExistingLog } from '../runtime/existing-log.ts';
import { stopSignal } from '../runtime/signals.ts';
import { openSink } from '../runtime/sink.ts';

/** Ends with exit code 1 where an event is not in the log as the file has it. */
export async function restoreFile(
  file: string,
  options: LogOptions & JsonOptions & { readonly rejects?: string },
): Promise<void> {
  const signal = stopSignal();
  const { dataDir, rejects = rejectsFile(dataDir) } = options;
  await makeDataFolder(dataDir);
  const bar = progressBar('restoring', 'events', options);
  const onProgress = ({ read, sent }: { read: number; sent: number }) => bar.report(sent, read);
  const { sink, close } = await openSink(options);
  const reader = await openExistingLog(options).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const wanted = { file, sink, reader, scratch: dataDir, rejects, onProgress, signal };
  const report = await importDocket(wanted).finally(async () => {
    bar.stop();
    await reader.close();
    await close();
  });
  if (report.different + report.missing + report.malformed > 0) process.exitCode = exitCodes.problemsFound;
  if (options.json) printJson(report);
  else showReport(report, rejects);
}

function showReport(report: RestoreReport, rejects: string): void {
  const { rows, tickets, restored, unchanged, different, missing, malformed, seconds, differences } = report;
  const count = (value: number) => value.toLocaleString('en');
  print(`${count(rows)} events of ${count(tickets)} tickets in ${seconds.toFixed(1)} s`);
  print(`  ${count(restored)} were restored and are equal to the file's`);
  print(`  ${count(unchanged)} were there already, and equal`);
  if (differences.length === 0) return;
  print(`  ${count(different)} are different in the log, ${count(missing)} are not there,`);
  print(`  ${count(malformed)} could not be read: ${rejects}`);
  const cells = differences.map(({ line, ticketId, revision, code, reason }) => {
    return [line, ticketId ?? '', revision ?? 0, code, reason];
  });
  print(`\n${table(['line', 'ticket', 'revision', 'what', 'why'], cells)}`);
  const more = different + missing + malformed - differences.length;
  if (more > 0) print(`… and ${count(more)} more`);
}
