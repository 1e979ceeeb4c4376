/** `docket conform`: how well another system's event log fits a workflow, and where it does not. */
import { Command } from 'commander';
import { type Conformance, conform, type ObservedTransition } from '../../adapters/imports/conform.ts';
import type { CompiledWorkflow } from '../../domain/workflow/table.ts';
import { type DataOptions, type JsonOptions, withDataDir, withJson } from '../cli/options.ts';
import { exitCodes, note, print, printJson, table } from '../cli/output.ts';
import { openCaseLog } from '../runtime/case-log.ts';
import { loadWorkflows, readWorkflowFile } from '../runtime/workflows.ts';

/** Kinds of illegal transitions told in the output; `--json` has all. */
const kindsShownMax = 40;

interface ConformOptions extends DataOptions, JsonOptions {
  readonly workflow: string;
  readonly mapping?: string;
  readonly completeOnly?: true;
}

export function conformCommand(): Command {
  const command = new Command('conform')
    .description('which transitions of an event log a workflow allows, which not, and how often')
    .argument('<file>', 'XES or CSV, plain, .gz or alone in a .zip')
    .requiredOption('--workflow <name>', 'a workflow such as incident@1, or the .json file of one')
    .option('--mapping <file>', 'which column is what, and which activity is which state; needed for CSV')
    .option('--complete-only', 'count only events that say that an activity was completed');
  return withJson(withDataDir(command)).action(run);
}

async function run(file: string, options: ConformOptions): Promise<void> {
  const workflow = await findWorkflow(options);
  if (workflow === undefined) return;
  const { events, states, malformed } = await openCaseLog(file, options.mapping);
  const found = await conform(events, { workflow, states, completeOnly: options.completeOnly });
  const bad = found.transitions.some(({ legal }) => !legal) || found.beginnings.some(({ legal }) => !legal);
  if (bad) process.exitCode = exitCodes.problemsFound;
  if (options.json) printJson({ ...found, malformed: malformed.count });
  else showForPeople(found);
  if (malformed.count > 0)
    note(`\n${malformed.count} rows could not be read and are not counted; the first: ${malformed.first}`);
}

/** Undefined, once it was told, where there is none of this name. */
async function findWorkflow({ workflow, dataDir }: ConformOptions): Promise<CompiledWorkflow | undefined> {
  if (workflow.endsWith('.json')) return (await readWorkflowFile(workflow)).workflow;
  const known = await loadWorkflows(dataDir);
  const found = known.find(workflow);
  if (found !== undefined) return found;
  const ids = known.all().map(({ id }) => id);
  note(`docket: there is no workflow ${workflow}; known are ${ids.join(', ')}, or name a .json file`);
  process.exitCode = exitCodes.usage;
  return undefined;
}

function showForPeople(found: Conformance): void {
  const count = (value: number) => value.toLocaleString('en');
  const { workflow, cases, observed, legal, fitness, conformingCases, unchanged, notComplete } = found;
  print(`${count(found.events)} events of ${count(cases)} cases, held against ${workflow}`);
  print(`  transitions  ${count(observed)}: ${count(legal)} legal, ${count(observed - legal)} not`);
  print(`  fitness      ${percent(fitness)} of the transitions`);
  print(`  cases        ${count(conformingCases)} conform wholly, ${percent(conformingCases / cases)}`);
  if (unchanged > 0) print(`  unchanged    ${count(unchanged)} events named the state the case was in`);
  if (notComplete > 0)
    print(`  not complete ${count(notComplete)} events do not say that something was completed`);
  showIllegal('Transitions that are not legal', found.transitions);
  showIllegal('Beginnings that are not legal', found.beginnings);
}

function showIllegal(heading: string, all: readonly ObservedTransition[]): void {
  const illegal = all.filter(({ legal }) => !legal);
  if (illegal.length === 0) return;
  const rows = illegal
    .slice(0, kindsShownMax)
    .map(({ from, to, count, reason, examples }) => [
      from ?? '(begins)',
      to,
      count,
      reason === 'unknown_state' ? 'no such state' : 'no command leads there',
      examples.map(({ caseId, line }) => `${caseId} (line ${line})`).join(', '),
    ]);
  print(`\n${heading}:\n${table(['from', 'to', 'count', 'why', 'for example'], rows)}`);
  if (illegal.length > kindsShownMax) print(`… and ${illegal.length - kindsShownMax} more kinds`);
}

/** With as many digits as it takes to tell it from 100 %. */
function percent(part: number): string {
  return Number.isNaN(part) ? '–' : `${(100 * part).toFixed(3)} %`;
}
