/**
 * `docket analyze`: the figures of a period, group, priority or category, as a report in the terminal, as
 * JSON, or as a page with charts. It reads the read models and changes nothing.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { buildReport } from '../../adapters/reports/build-report.ts';
import { reportPage } from '../../adapters/reports/page.ts';
import type { Cell, Report, ReportTable } from '../../adapters/reports/report.ts';
import { Fault } from '../../domain/errors.ts';
import type { AnalysisFilter } from '../../projections/analysis/analysis.ts';
import { analyze } from '../../projections/analysis/analyze.ts';
import { isDay } from '../../projections/analysis/scope.ts';
import { type DataOptions, databaseUrl, type JsonOptions, withDataDir, withJson } from '../cli/options.ts';
import { note, print, printJson, table } from '../cli/output.ts';
import { openReadModels } from '../runtime/read-models.ts';

interface AnalyzeOptions extends DataOptions, JsonOptions, AnalysisFilter {
  readonly html?: string;
}

export function analyzeCommand(): Command {
  const command = new Command('analyze')
    .description('a report: what came in and out, how long it took, how well it was done, which way it went')
    .option('--from <day>', 'first day (UTC), as YYYY-MM-DD; by default the first one known', readDay)
    .option('--to <day>', 'last day, which is included; by default the last one known', readDay)
    .option('--group <name>', "only tickets of this group; '' for those without")
    .option('--priority <priority>', "only tickets of this priority; '' for those without")
    .option('--category <category>', "only tickets of this category; '' for those without")
    .option('--workflow <name@version>', 'only tickets under these rules')
    .option('--html <file>', 'write the report as one page with charts that needs nothing else', (file) =>
      resolve(file),
    )
    .addHelpText('after', '\nThe same figures by SQL: the functions and views of docs/data-dictionary.md.');
  return withJson(withDataDir(command)).action(run);
}

function readDay(text: string): string {
  if (isDay(text)) return text;
  throw new InvalidArgumentError('It must be a day as YYYY-MM-DD, such as 2016-03-31.');
}

async function run(options: AnalyzeOptions): Promise<void> {
  const { from, to, group, priority, category, workflow, html } = options;
  const filter = { from, to, group, priority, category, workflow };
  const applicationName = 'docket analyze';
  const models = await openReadModels({ ...options, databaseUrl: databaseUrl(), applicationName });
  const analysis = await analyze(models.database, filter).finally(() => models.close());
  if (html !== undefined) await writePage(html, buildReport(analysis));
  if (options.json) printJson(analysis);
  else if (html === undefined) printReport(buildReport(analysis));
  if (html !== undefined) note(`the report is in ${html}`);
}

async function writePage(file: string, report: Report): Promise<void> {
  try {
    // Reports hold names of people; they are for whoever asked, until they are passed on.
    await writeFile(file, reportPage(report), { mode: 0o600 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('output_unwritable', `--html ${file} can not be written: ${why}`, { cause });
  }
}

function printReport({ title, subtitle, remarks, sections }: Report): void {
  print(`${title}: ${subtitle}`);
  for (const remark of remarks) print(remark);
  for (const section of sections) {
    print(`\n\n${section.title.toUpperCase()}\n${section.intro}`);
    for (const each of section.tables)
      if (each.rows.length > 0 && each.behindChart !== true) printTable(each);
  }
}

function printTable({ caption, headings, rows, definitions, note: leftOut }: ReportTable): void {
  print(`\n${caption}${leftOut === undefined ? '' : ` (${leftOut})`}`);
  print(
    table(
      headings,
      rows.map((row) => row.map(cut)),
    ),
  );
  for (const { word, meaning } of definitions) print(`  ${word}: ${meaning}`);
}

/** Ways and names may be long; the page and the JSON have them whole. */
const cellCharactersMax = 72;

function cut(cell: Cell): Cell {
  return typeof cell === 'number' || cell.length <= cellCharactersMax
    ? cell
    : `${cell.slice(0, cellCharactersMax - 1)}…`;
}
