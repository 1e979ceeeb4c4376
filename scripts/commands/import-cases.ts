/**
 * `docket import xes` and `docket import csv`: event logs of other systems, each case a ticket of a workflow;
 * and Docket's own XES files, whose tickets come back as they were.
 */
import { basename } from 'node:path';
import { Command } from 'commander';
import { readMapping } from '../../adapters/imports/case-mapping.ts';
import type { CaseImportReport } from '../../adapters/imports/case-tally.ts';
import { isDocketXes } from '../../adapters/imports/docket-events.ts';
import { importCases, sourceCharactersMax } from '../../adapters/imports/import-cases.ts';
import { type JsonOptions, type LogOptions, withJson, withLog } from '../cli/options.ts';
import { exitCodes, note, print, printJson, table } from '../cli/output.ts';
import { makeDataFolder, rejectsFile } from '../runtime/data-folder.ts';
import { stopSignal } from '../runtime/signals.ts';
import { openSink } from '../runtime/sink.ts';
import { loadWorkflows } from '../runtime/workflows.ts';
import { restoreFile } from './import-docket.ts';

const reasonsShownMax = 20;

interface CaseOptions extends LogOptions, JsonOptions {
  readonly mapping?: string;
  readonly workflow?: string;
  readonly source?: string;
  readonly rejects?: string;
}

export function importXesCommand(): Command {
  const command = new Command('xes')
    .description("an event log as XES, into a workflow; or Docket's own XES, whose tickets come back")
    .argument('<file>', '.xes, .xes.gz, or a .zip of one')
    .option('--mapping <file>', 'what is not as XES says: keys, states of activities, the workflow');
  return withCaseOptions(command).action(importXes);
}

export function importCsvCommand(): Command {
  const command = new Command('csv')
    .description('an event log as CSV, into a workflow')
    .argument('<file>', '.csv, .csv.gz, or a .zip of one')
    .requiredOption('--mapping <file>', 'which column is what, as JSON (see docs/imports.md)');
  return withCaseOptions(command).action(importFile);
}

function withCaseOptions(command: Command): Command {
  return withJson(withLog(command))
    .option('--workflow <name>', "the workflow of the tickets (default: the mapping's)")
    .option('--source <name>', "what the events are said to come from (default: the file's name)")
    .option('--rejects <file>', 'where rejects go, as NDJSON (default: rejects.ndjson in the data folder)');
}

async function importXes(file: string, options: CaseOptions): Promise<void> {
  if (!(await isDocketXes(file))) return importFile(file, options);
  if (options.workflow === undefined && options.mapping === undefined && options.source === undefined) {
    return restoreFile(file, options);
  }
  misused(`${file} is Docket's own XES, which says itself what its tickets are; leave the options out`);
}

async function importFile(file: string, options: CaseOptions): Promise<void> {
  const mapping = options.mapping === undefined ? undefined : await readMapping(options.mapping);
  const workflow = options.workflow ?? mapping?.workflow;
  const workflows = await loadWorkflows(options.dataDir);
  if (workflow === undefined || workflows.find(workflow) === undefined) {
    const known = workflows.all().map(({ id }) => id);
    const which = workflow === undefined ? 'name the workflow with --workflow' : `there is no ${workflow}`;
    const draft = '`docket workflow discover` drafts one from the file, `docket workflow add` adds it';
    misused(`${which}; known are ${known.join(', ')}; ${draft}`);
    return;
  }
  const signal = stopSignal();
  await makeDataFolder(options.dataDir);
  const rejects = options.rejects ?? rejectsFile(options.dataDir);
  const source = options.source ?? sourceOf(file);
  const { sink, server, close } = await openSink(options);
  const wanted = { file, mapping, sink, workflows, workflow, source, rejects, signal };
  const report = await importCases(wanted).finally(close);
  if (options.json) {
    printJson(report);
    return;
  }
  showReport(report, rejects);
  if (server === undefined)
    note('\nNext: `docket serve` or `docket projector --until-caught-up` for the read models.');
}

function showReport(report: CaseImportReport, rejects: string): void {
  const { rows, tickets, events, accepted, unchanged, rejected, malformed, seconds, reasons } = report;
  const count = (value: number) => value.toLocaleString('en');
  print(`${count(rows)} rows of ${count(tickets)} tickets in ${seconds.toFixed(1)} s`);
  print(`  ${count(accepted)} became ${count(events)} events`);
  print(`  ${count(unchanged)} said nothing new`);
  print(`  ${count(rejected)} were rejected, ${count(malformed)} could not be read: ${rejects}`);
  if (reasons.length === 0) return;
  const cells = reasons.slice(0, reasonsShownMax).map((each) => [each.rows, each.code, each.reason]);
  print(`\n${table(['rows', 'code', 'reason'], cells)}`);
  if (reasons.length > reasonsShownMax) print(`… and ${reasons.length - reasonsShownMax} more reasons`);
}

/** The file's name without what its packing adds, so that the same log has the same source however packed. */
function sourceOf(file: string): string {
  return basename(file)
    .replace(/(\.(xes|csv|gz|zip))+$/i, '')
    .slice(0, sourceCharactersMax);
}

function misused(message: string): void {
  note(`docket: ${message}`);
  process.exitCode = exitCodes.usage;
}
