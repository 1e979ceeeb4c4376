/** `docket workflow discover`: drafts a workflow from another system's log, for a person to review. */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { type Discovery, discoverWorkflow } from '../../adapters/imports/discover.ts';
import { Fault } from '../../domain/errors.ts';
import { labelOf, readDefinition } from '../../domain/workflow/definition.ts';
import { mermaidNames } from '../../domain/workflow/describe.ts';
import { compileDefinition } from '../../domain/workflow/from-data.ts';
import { type JsonOptions, withJson } from '../cli/options.ts';
import { note, print, printJson, table } from '../cli/output.ts';
import { type CaseLog, openCaseLog } from '../runtime/case-log.ts';
import { workflowText } from '../runtime/workflows.ts';

/** Rarer moves are only counted in the output; the file has all. */
const movesShownMax = 40;

interface DiscoverOptions extends JsonOptions {
  readonly mapping?: string;
  readonly name?: string;
  readonly out?: string;
  readonly minFrequency: number;
  readonly completeOnly?: true;
  readonly mermaid?: true;
}

export function discoverCommand(): Command {
  const command = new Command('discover')
    .description('draft a workflow from an event log: its states, what followed what, and how often')
    .argument('<file>', 'XES or CSV, plain, .gz or alone in a .zip')
    .option('--mapping <file>', 'which column is what; needed for CSV')
    .option('--name <name>', "the workflow's name (default: made of the file's name)")
    .option('--out <file>', 'write the draft there, as JSON; a file of this name is not replaced')
    .option(
      '--min-frequency <share>',
      'leave out ways seen less often than this share of the most frequent way from the same state',
      share,
      0,
    )
    .option('--complete-only', 'count only events that say that an activity was completed')
    .option('--mermaid', 'print a Mermaid diagram instead of tables');
  return withJson(command).action(discover);
}

async function discover(file: string, options: DiscoverOptions): Promise<void> {
  const { events, states, malformed } = await openCaseLog(file, options.mapping);
  const { name = nameOf(file), minFrequency, completeOnly } = options;
  const found = await discoverWorkflow(events, { name, minFrequency, states, completeOnly });
  // A name given by hand may be wrong; whatever else is, is a bug that must not get into a file.
  const definition = readDefinition(found.definition, 'drafted');
  compileDefinition(definition);
  if (options.out !== undefined) await writeNew(options.out, workflowText(definition));
  if (options.json) {
    printJson({ ...found, malformed: malformed.count, definition });
  } else if (options.mermaid) process.stdout.write(drawing(found));
  else showForPeople(found);
  tellLeftOut(found, malformed);
  if (options.out === undefined) return;
  note(`\nThe draft is in ${options.out}. Its categories are guesses: correct them, then`);
  note(`  docket workflow add ${options.out}`);
}

function showForPeople({ definition, cases, events, states, moves }: Discovery): void {
  const count = (value: number) => value.toLocaleString('en');
  const { since, until } = definition.observed ?? {};
  print(`${count(events)} events of ${count(cases)} cases, ${since} to ${until}\n`);
  const stateRows = states.map(({ key, category, events: visits, starts, ends, kept }) => [
    called(definition, key),
    kept ? category : 'left out',
    visits,
    starts,
    ends,
  ]);
  print(table(['state', 'category (a guess)', 'events', 'starts', 'ends'], stateRows));
  print();
  const moveRows = moves
    .slice(0, movesShownMax)
    .map(({ from, to, count: times, kept }) => [
      called(definition, from),
      called(definition, to),
      times,
      kept ? '' : 'left out',
    ]);
  print(table(['from', 'to', 'count', ''], moveRows));
  if (moves.length > movesShownMax) print(`… and ${moves.length - movesShownMax} more`);
}

function called(definition: Discovery['definition'], key: string): string {
  return labelOf(key, definition.states[key]);
}

/** The draft as a Mermaid state diagram, with counts. */
function drawing({ definition }: Discovery): string {
  const { states, moves, initial } = definition;
  const keys = Object.keys(states);
  const labels = new Map(keys.map((key) => [key, called(definition, key)]));
  const { names, declarations } = mermaidNames(keys, labels);
  const nameOfState = (key: string) => names.get(key) ?? key;
  const lines = [...declarations, `[*] --> ${nameOfState(initial)}`];
  for (const { from, to, count } of moves) {
    lines.push(`${nameOfState(from)} --> ${nameOfState(to)}: ${count}`);
  }
  for (const [key, { category, on }] of Object.entries(states)) {
    const [close] = on.CloseTicket ?? [];
    if (close?.to !== undefined) lines.push(`${nameOfState(key)} --> ${nameOfState(close.to)}: CloseTicket`);
    if (category === 'closed' || category === 'cancelled') lines.push(`${nameOfState(key)} --> [*]`);
  }
  return `stateDiagram-v2\n  direction LR\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function tellLeftOut({ notComplete, backwards }: Discovery, malformed: CaseLog['malformed']): void {
  const count = (value: number) => value.toLocaleString('en');
  if (malformed.count > 0)
    note(`\n${count(malformed.count)} rows could not be read; the first: ${malformed.first}`);
  if (notComplete > 0)
    note(`\n${count(notComplete)} events do not say that something was completed, and were not counted.`);
  if (backwards > 0)
    note(
      `\n${count(backwards)} events come before the previous one of their case; the file's order was taken.`,
    );
}

/** A workflow's name from a file's: `Road Fines.xes.gz` is `road-fines`. */
function nameOf(file: string): string {
  const [stem = ''] = basename(file).toLowerCase().split('.');
  const name = stem.replaceAll(/[^a-z0-9_]+/g, '-').replace(/^[^a-z]+|-$/g, '');
  return name === '' ? 'discovered' : name.slice(0, 64);
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1, such as 0.01.');
}

async function writeNew(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: 'wx', mode: 0o600 }).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('input_unreadable', `the draft can not be written to ${file}: ${why}`, { cause });
  });
}
