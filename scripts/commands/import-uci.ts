/** `docket import uci`: the ServiceNow incident log, as commands of the incident workflow. */
import { Command } from 'commander';
import { importUci } from '../../adapters/imports/import-uci.ts';
import type { UciImportReport } from '../../adapters/imports/uci-tally.ts';
import { type JsonOptions, type LogOptions, withJson, withLog } from '../cli/options.ts';
import { note, print, printJson, table } from '../cli/output.ts';
import { progressBar } from '../cli/progress.ts';
import { makeDataFolder, rejectsFile } from '../runtime/data-folder.ts';
import { stopSignal } from '../runtime/signals.ts';
import { openSink } from '../runtime/sink.ts';

/** Rows of the file as it was published; only the progress bar needs to know. */
const rowsExpected = 141_712;
const reasonsShownMax = 20;

export function importUciCommand(): Command {
  const uci = new Command('uci')
    .description(
      'the ServiceNow incident log of UCI repository #498 (.zip or .csv), into the incident workflow',
    )
    .argument('<file>', 'incident_event_log.zip, or the .csv from inside it')
    .option(
      '--rejects <file>',
      'where rejected rows go, as NDJSON (default: rejects.ndjson in the data folder)',
    );
  return withJson(withLog(uci)).action(importFile);
}

async function importFile(
  file: string,
  options: LogOptions & JsonOptions & { rejects?: string },
): Promise<void> {
  const signal = stopSignal();
  await makeDataFolder(options.dataDir);
  const rejects = options.rejects ?? rejectsFile(options.dataDir);
  const { sink, server, close } = await openSink(options);
  const bar = progressBar('importing', 'rows', options);
  const onProgress = ({ rows }: { rows: number }) => bar.report(rows, Math.max(rows, rowsExpected));
  const report = await importUci({ file, sink, rejects, onProgress, signal }).finally(async () => {
    bar.stop();
    await close();
  });
  if (options.json) {
    const { rows, tickets, events, unchanged, rejected, seconds } = report;
    printJson({ rows, tickets, events, unchanged, rejected, seconds });
    return;
  }
  showReport(report, rejects);
  if (server === undefined)
    note('\nNext: `docket serve` or `docket projector --until-caught-up` for the read models.');
}

function showReport(report: UciImportReport, rejects: string): void {
  const { rows, tickets, events, rowsWithEvents, unchanged, rejected, seconds, stateChanges, reasons } =
    report;
  const count = (value: number) => value.toLocaleString('en');
  print(`${count(rows)} rows of ${count(tickets)} tickets in ${seconds.toFixed(1)} s`);
  print(`  ${count(rowsWithEvents)} became ${count(events)} events`);
  print(`  ${count(unchanged)} said nothing new`);
  print(`  ${count(rejected)} were rejected: ${rejects}`);
  const { claimed, refused } = stateChanges;
  const share = claimed === 0 ? 100 : (100 * (claimed - refused)) / claimed;
  print(
    `state changes: ${count(claimed)} in the source, ${share.toFixed(3)} % legal, ${count(refused)} refused`,
  );
  if (reasons.length === 0) return;
  const cells = reasons
    .slice(0, reasonsShownMax)
    .map((each) => [each.rows, each.stateChanges, each.code, each.reason]);
  print(`\n${table(['rows', 'state changes', 'code', 'reason'], cells)}`);
  if (reasons.length > reasonsShownMax) print(`… and ${reasons.length - reasonsShownMax} more reasons`);
}
