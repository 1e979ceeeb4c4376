/**
 * docs/data-dictionary.md, made from the declarations that the tables, views and functions are made from, so
 * that it can not tell another story. `node scripts/data-dictionary.ts --write` writes it, `--check` says
 * whether it is as it should be; a test asks the same.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { buildTable } from '../projections/build.ts';
import { checkpointTable } from '../projections/checkpoint.ts';
import { ownerTable } from '../projections/ownership.ts';
import { parkedTable } from '../projections/parking.ts';
import { analystViews, readModels } from '../projections/read-models.ts';
import { relationTable } from '../projections/relations.ts';
import { projectionStatusView } from '../projections/status.ts';
import { schemaName, type Table } from '../projections/table.ts';
import type { Relation, SqlFunction, View } from '../projections/view.ts';
import { exitCodes, note, print, reportError } from './cli/output.ts';

export const dictionaryFile = join(import.meta.dirname, '../docs/data-dictionary.md');

/** What the projector keeps for itself, and for whoever looks after it. */
const upkeepTables: readonly Table<never>[] = [
  checkpointTable,
  buildTable,
  ownerTable,
  parkedTable,
  relationTable,
];
const relations: readonly Relation[] = [projectionStatusView, ...analystViews];

const introduction = `# Data dictionary

Everything in the schema \`${schemaName}\` of the read-model database: what each table, view and function is,
and what each column means. The same texts are in the database (\`\\d+\` in psql, comments in any client). This
page is made by \`node scripts/data-dictionary.ts --write\`; a test fails when it is out of date.

Business times (\`…_at\`) say when something happened, commit times (\`recorded_at\`, throughput) when the log took
it. All instants are \`timestamptz\`. All durations are milliseconds (\`…_ms\`); \`…_business_ms\` counts only the hours
of the calendars in force. In key columns \`''\` stands for none; elsewhere NULL does. Who may read: members of the
role \`docket_analyst\`, made with \`docket analyst create\`.
`;

/** The page as Markdown. */
export function dataDictionary(): string {
  const views = relations.filter((each) => each.kind === 'view');
  const functions = relations.filter((each) => each.kind === 'function');
  const tables = readModels.flatMap(({ name, version, tables: own }) =>
    own.map((table) => tableSection(table, `${name}, version ${version}`)),
  );
  return [
    introduction,
    contents(),
    '## Tables\n',
    ...tables,
    ...upkeepTables.map((table) => tableSection(table, undefined)),
    '## Views\n',
    ...views.map(viewSection),
    '## Functions\n',
    "Functions stand in `FROM` as tables do. Names of parameters can be given: `zone => 'Europe/Berlin'`.\n",
    ...functions.map(functionSection),
  ].join('\n');
}

function contents(): string {
  const tables = [...readModels.flatMap((each) => each.tables), ...upkeepTables];
  const link = ({ name }: { readonly name: string }) => `[${name}](#${name})`;
  const of = (kind: Relation['kind']) => relations.filter((each) => each.kind === kind).map(link);
  return [
    `- Tables: ${tables.map(link).join(', ')}`,
    `- Views: ${of('view').join(', ')}`,
    `- Functions: ${of('function').join(', ')}\n`,
  ].join('\n');
}

function tableSection(table: Table<never>, projection: string | undefined): string {
  const rows = table.columns.map(({ name, type, nullable, meaning }) => {
    const key = table.key.includes(name) ? ' · key' : '';
    return [`\`${name}\``, `${type}${nullable ? ', may be NULL' : ''}${key}`, meaning];
  });
  const indexes = Object.entries(table.indexes).map(([name, definition]) => `\`${name} ${definition}\``);
  return [
    `### ${table.name}\n`,
    `${cell(table.meaning)}\n`,
    ...(projection === undefined ? [] : [`Kept by the projection ${projection}.\n`]),
    markdownTable(['column', 'type', 'meaning'], rows),
    ...(indexes.length === 0 ? [] : [`Indexes beside the key: ${indexes.join(', ')}.\n`]),
  ].join('\n');
}

function viewSection({ name, meaning, columns }: View): string {
  const rows = Object.entries(columns).map(([column, text]) => [`\`${column}\``, text]);
  return [`### ${name}\n`, `${cell(meaning)}\n`, markdownTable(['column', 'meaning'], rows)].join('\n');
}

function functionSection({ name, meaning, parameters, columns }: SqlFunction): string {
  const rows = Object.entries(columns).map(([column, each]) => [`\`${column}\``, each.type, each.meaning]);
  const call = `${schemaName}.${name}(${parameters.replaceAll(/\s+/g, ' ')})`;
  return [
    `### ${name}\n`,
    `\`${call}\`\n`,
    `${cell(meaning)}\n`,
    markdownTable(['column', 'type', 'meaning'], rows),
  ].join('\n');
}

function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return `${[line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

/** What Markdown would take for structure stands for itself. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function run({ write, check }: { readonly write?: true; readonly check?: true }): void {
  const page = dataDictionary();
  if (write) writeFileSync(dictionaryFile, page);
  else if (check !== true) process.stdout.write(page);
  else if (existsSync(dictionaryFile) && readFileSync(dictionaryFile, 'utf8') === page)
    print('docs/data-dictionary.md is up to date');
  else {
    note('docs/data-dictionary.md is out of date; `node scripts/data-dictionary.ts --write` makes it anew');
    process.exitCode = exitCodes.problemsFound;
  }
}

if (import.meta.main) {
  try {
    await new Command('data-dictionary')
      .description('the data dictionary as Markdown, on the standard output unless told otherwise')
      .option('--write', 'write docs/data-dictionary.md')
      .option('--check', 'say whether docs/data-dictionary.md is up to date')
      .action(run)
      .parseAsync();
  } catch (error) {
    process.exitCode = reportError(error);
  }
}
