/** `docket export`: events from the log, cases from the read models, as files that analysts' tools open. */
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type CaseRows, queryTickets, withCaseRows } from '../../adapters/exports/case-rows.ts';
import { eventSourceDefault, writeCloudEvents } from '../../adapters/exports/cloud-events.ts';
import { eventColumns } from '../../adapters/exports/columns.ts';
import { writeCsv } from '../../adapters/exports/csv.ts';
import { writeNdjson } from '../../adapters/exports/ndjson.ts';
import { writeOcelJson } from '../../adapters/exports/ocel-json.ts';
import { writeOcelSqlite } from '../../adapters/exports/ocel-sqlite.ts';
import { type Destination, openFile, openStream } from '../../adapters/exports/output.ts';
import { writeParquet } from '../../adapters/exports/parquet.ts';
import { SelectedEvents } from '../../adapters/exports/selected-events.ts';
import {
  type EventSelection,
  type SelectableTime,
  selectableTimes,
} from '../../adapters/exports/selection.ts';
import { writeXes } from '../../adapters/exports/xes.ts';
import type { EpochMs, TicketId } from '../../domain/ticket/values.ts';
import { timeSchema } from '../../domain/ticket/values.ts';
import {
  databaseUrl,
  type JsonOptions,
  type LogOptions,
  wholeNumber,
  withJson,
  withLog,
} from '../cli/options.ts';
import { exitCodes, note, print } from '../cli/output.ts';
import { type Progress, progressBar } from '../cli/progress.ts';
import { openExistingLog } from '../runtime/existing-log.ts';
import { openReadModels } from '../runtime/read-models.ts';
import { refuseUnseen, type SeenByOptions, seenBy, withSeenBy } from '../runtime/seen-by.ts';
import { stopSignal } from '../runtime/signals.ts';

const eventFormats = ['ndjson', 'csv', 'parquet', 'ocel-json', 'ocel-sqlite', 'xes'] as const;
const caseFormats = ['ndjson', 'csv', 'parquet'] as const;
type EventFormat = (typeof eventFormats)[number];
type CaseFormat = (typeof caseFormats)[number];

/** Formats that are written by seeking in their file. */
const filesOnly: ReadonlySet<string> = new Set<EventFormat>(['ocel-sqlite']);

interface SharedOptions extends LogOptions, JsonOptions {
  readonly out: string;
  readonly from?: EpochMs;
  readonly to?: EpochMs;
  readonly workflow?: string;
  readonly ticket?: readonly TicketId[];
  readonly query?: string;
  readonly guardFormulas?: true;
}

interface EventOptions extends SharedOptions, SeenByOptions {
  readonly format: EventFormat;
  readonly time: SelectableTime;
  readonly fromPosition?: number;
  readonly toPosition?: number;
  readonly source: string;
}

interface CaseOptions extends SharedOptions {
  readonly format: CaseFormat;
}

export function exportCommand(): Command {
  const events = new Command('events')
    .description('what happened, event by event, from the log')
    .addOption(new Option('--format <format>').choices(eventFormats).makeOptionMandatory())
    .option('--from <time>', 'the first time: ISO 8601, or a day in UTC', readTime)
    .option('--to <time>', 'the time before which it ends', readTime)
    .addOption(
      new Option('--time <which>', 'the time that --from and --to are about')
        .choices(selectableTimes)
        .default('occurred'),
    )
    .option('--from-position <position>', 'the first position of each partition', wholeNumber(1))
    .option('--to-position <position>', 'the last position of each partition', wholeNumber(1))
    .option('--source <uri>', 'the source of the CloudEvents (ndjson)', eventSourceDefault);
  withSeenBy(events);
  const cases = new Command('cases')
    .description('tickets as they are now with their metrics, one row each, from the read models')
    .addOption(new Option('--format <format>').choices(caseFormats).makeOptionMandatory())
    .option('--from <time>', 'opened from this time on: ISO 8601, or a day in UTC', readTime)
    .option('--to <time>', 'opened before this time', readTime);
  return new Command('export')
    .description('write events or cases to a file that other tools open')
    .addCommand(withShared(events).action(exportEvents))
    .addCommand(withShared(cases).action(exportCases));
}

function withShared(command: Command): Command {
  command
    .requiredOption('--out <file>', 'the file, which appears once it is complete; - for stdout')
    .option('--workflow <name>', 'only tickets of this workflow: a name, or name@version')
    .option('--ticket <id...>', 'only these tickets')
    .option('--query <sql>', 'only tickets in the first column of this query on the read models')
    .option('--guard-formulas', "csv for spreadsheets: ' before texts that could run as formulas");
  return withJson(withLog(command));
}

function readTime(text: string): EpochMs {
  const time = timeSchema.safeParse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (time.success) return time.data;
  throw new InvalidArgumentError(
    'It must be a time such as 2026-01-31T08:00:00Z, or a day such as 2026-01-31.',
  );
}

async function exportEvents(options: EventOptions, command: Command): Promise<void> {
  refuseMisuse(options, command);
  const signal = stopSignal();
  refuseUnseen(options, command);
  const reader = await seenBy(await openExistingLog(options), options);
  try {
    const selection: EventSelection = { ...options, tickets: await chosenTickets(options) };
    await toDestination(options, signal, async (destination, bar) => {
      const onProgress = ({ done, total }: { done: number; total: number }) => bar.report(done, total);
      const events = await SelectedEvents.open({ reader, selection, signal, onProgress });
      await writeEvents(options, events, destination);
      return { ...events.counts, positions: events.ranges };
    });
  } finally {
    await reader.close();
  }
}

async function writeEvents(options: EventOptions, events: SelectedEvents, destination: Destination) {
  switch (options.format) {
    case 'ndjson':
      return writeCloudEvents(events, destination, options.source);
    case 'csv':
      return writeCsv(eventColumns, events.batches(), destination, options);
    case 'parquet':
      return writeParquet(eventColumns, events.batches(), destination, {
        'docket.positions': JSON.stringify(events.ranges),
        'docket.durability': durabilityOf[options.log],
      });
    case 'ocel-json':
      return writeOcelJson(events, destination, sortFolder(options));
    case 'ocel-sqlite':
      return writeOcelSqlite(events, destination.partialFile ?? '');
    case 'xes':
      return writeXes(events, destination, sortFolder(options));
    default:
      return options.format;
  }
}

/** Where the file goes there is room; nothing is known of where stdout goes. */
function sortFolder({ out }: SharedOptions): string {
  return out === '-' ? tmpdir() : dirname(out);
}

/** What it means that these events are in the log: readers are shown nothing less. */
const durabilityOf = {
  segment: 'fdatasync returned on the machine of the log',
  postgres: 'transaction committed with synchronous_commit on',
} as const satisfies Record<LogOptions['log'], string>;

async function exportCases(options: CaseOptions, command: Command): Promise<void> {
  refuseMisuse(options, command);
  const signal = stopSignal();
  const tickets = await chosenTickets(options);
  const models = await openReadModels({
    ...options,
    databaseUrl: databaseUrl(),
    applicationName: 'docket export',
  });
  try {
    await toDestination(options, signal, (destination, bar) =>
      withCaseRows(models.database, { ...options, tickets }, async (rows) => {
        const counted = countRows(rows, signal, bar);
        await writeCases(options, rows, counted.batches(), destination);
        return { cases: counted.rows(), position: rows.position };
      }),
    );
  } finally {
    await models.close();
  }
}

async function writeCases(
  options: CaseOptions,
  { columns, position }: CaseRows,
  batches: ReturnType<CaseRows['batches']>,
  destination: Destination,
): Promise<void> {
  switch (options.format) {
    case 'ndjson':
      return writeNdjson(columns, batches, destination);
    case 'csv':
      return writeCsv(columns, batches, destination, options);
    case 'parquet':
      return writeParquet(columns, batches, destination, { 'docket.position': String(position) });
    default:
      return options.format;
  }
}

function countRows(source: CaseRows, signal: AbortSignal, bar: Progress) {
  let rows = 0;
  async function* batches() {
    for await (const batch of source.batches()) {
      signal.throwIfAborted();
      yield batch;
      rows += batch.length;
      bar.report(rows, source.total);
    }
  }
  return { batches, rows: () => rows };
}

function refuseMisuse(
  { format, out, guardFormulas, ticket, query }: SharedOptions & { format: string },
  command: Command,
): void {
  if (out === '-' && filesOnly.has(format))
    command.error(`error: ${format} can not be written to stdout; name a file`);
  if (guardFormulas === true && format !== 'csv') command.error('error: --guard-formulas is for csv only');
  if (ticket !== undefined && query !== undefined) command.error('error: give --ticket or --query, not both');
}

async function chosenTickets(options: SharedOptions): Promise<ReadonlySet<TicketId> | undefined> {
  const { ticket, query } = options;
  if (query === undefined) return ticket === undefined ? undefined : new Set(ticket);
  const models = await openReadModels({
    ...options,
    databaseUrl: databaseUrl(),
    applicationName: 'docket export',
  });
  return queryTickets(models.database, query).finally(() => models.close());
}

/** Runs the export into its destination, and tells what came of it: on stderr where stdout has the export. */
async function toDestination(
  options: SharedOptions,
  signal: AbortSignal,
  work: (
    destination: Destination,
    bar: Progress,
  ) => Promise<{ readonly cases: number; readonly events?: number }>,
): Promise<void> {
  const { out, json } = options;
  const toStdout = out === '-';
  const destination = toStdout ? openStream(process.stdout, 'stdout') : await openFile(out);
  const bar = progressBar('exporting', 'rows', options);
  const startedAtMs = performance.now();
  try {
    const found = await work(destination, bar).finally(() => bar.stop());
    const bytes = await destination.finish();
    const report = { ...found, bytes, seconds: (performance.now() - startedAtMs) / 1_000 };
    if (json) (toStdout ? note : print)(JSON.stringify(report));
    else (toStdout ? note : print)(inWords(out, report));
  } catch (error) {
    await destination.discard();
    if (!signal.aborted) throw error;
    note(toStdout ? 'docket: interrupted' : `docket: interrupted; ${out} was not written`);
    process.exitCode = exitCodes.fault;
  }
}

function inWords(
  out: string,
  report: {
    readonly cases: number;
    readonly events?: number;
    readonly bytes: number;
    readonly seconds: number;
  },
): string {
  const count = (value: number) => value.toLocaleString('en');
  const events = report.events === undefined ? '' : `${count(report.events)} events of `;
  return `${events}${count(report.cases)} tickets, ${count(report.bytes)} bytes in ${report.seconds.toFixed(1)} s: ${out}`;
}
